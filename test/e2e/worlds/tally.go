package worlds

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"
)

// Tally counts what was compared. It is for many goroutines.
type Tally struct {
	mu                            sync.Mutex
	worlds, changes, answers, cut int
	networks, types, kinds        map[string]int
	intended                      map[string]int
}

// NewTally returns one that has counted nothing.
func NewTally() *Tally {
	return &Tally{
		networks: map[string]int{}, types: map[string]int{}, kinds: map[string]int{}, intended: map[string]int{},
	}
}

// World counts a world and the changes that were made to it.
func (t *Tally) World(changes int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.worlds++
	t.changes += changes
}

// compared counts an exchange that is as it is to be, and the intended differences in it.
func (t *Tally) compared(e Exchange, used []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.networks[e.Network]++
	t.types[dns.TypeToString[e.Type]]++
	t.kinds[e.Kind]++
	t.answers++
	if e.OursWhole != nil {
		t.cut++
	}
	for _, name := range used {
		t.intended[name]++
	}
}

// Worlds is how many were counted, Answers how many answers were compared.
func (t *Tally) Worlds() int { return t.worlds }

// Answers is how many answers were compared.
func (t *Tally) Answers() int { return t.answers }

// Missing are the kinds and types that nothing was asked of, and the intended differences that no answer showed, but
// for those that need not.
func (t *Tally) Missing(intended []Intended) []string {
	var missing []string
	for _, k := range kinds {
		if t.kinds[k.what] == 0 {
			missing = append(missing, "no name was asked for of the kind: "+k.what)
		}
	}
	for _, qtype := range types {
		if t.types[dns.TypeToString[qtype]] == 0 {
			missing = append(missing, "nothing was asked for of type "+dns.TypeToString[qtype])
		}
	}
	for _, i := range intended {
		if t.intended[i.Name] == 0 && i.Unseen == "" {
			missing = append(missing, "no answer showed the intended difference: "+i.Name)
		}
	}
	return missing
}

func (t *Tally) String() string {
	return fmt.Sprintf("%d worlds with %d changes, %d answers compared, %d of them cut\nby transport: %s\nby type: %s\nby kind of name: %s\n"+
		"intended differences: %s", t.worlds, t.changes, t.answers, t.cut,
		inOrder(t.networks), inOrder(t.types), inOrder(t.kinds), inOrder(t.intended))
}

// inOrder puts the greatest count first.
func inOrder(counts map[string]int) string {
	var names []string
	for name := range counts {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(a, b)
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %d", name, counts[name])
	}
	return strings.Join(names, ", ")
}
