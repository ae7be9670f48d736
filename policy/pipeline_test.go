package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// disagreement is where a policy and its model are of two minds.
type disagreement struct {
	lines  []string
	world  world
	client Client
	got    string
}

// of compiles a policy, asks it twice for the client, the second time out of its memory, and compares each answer
// with the model. It returns what is wrong, or nothing.
func (d *disagreement) of(seed uint64) string {
	policy, err := compileLines(d.lines)
	if err != nil {
		return err.Error()
	}
	prepared := Prepare(policy, d.world.endpoints, d.world.nodes, NewMemory(1<<20), roll(seed).Uint32N)
	return d.ask(prepared)
}

func (d *disagreement) ask(prepared *Prepared) string {
	m := runModel(d.lines, d.world, d.client)
	for range 2 {
		if wrong := m.disagrees(prepared.Choose(&d.client)); wrong != "" {
			return wrong
		}
	}
	traced := prepared.Trace(&d.client)
	if out, want := traced[len(traced)-1].Out, prepared.Choose(&d.client).Len(); out != want {
		return fmt.Sprintf("%d, and %d when traced", want, out)
	}
	return ""
}

func compileLines(lines []string) (*Policy, error) {
	words := make([][]string, len(lines))
	for i, line := range lines {
		words[i] = strings.Fields(line)
	}
	return Compile("random", words, &Environment{Places: true, Pods: true})
}

// shrink leaves out lines and endpoints as long as the two still disagree.
func (d *disagreement) shrink(seed uint64) {
	for shrunk := true; shrunk; {
		shrunk = false
		for i := range d.lines {
			less := *d
			less.lines = slices.Delete(slices.Clone(d.lines), i, i+1)
			if _, err := compileLines(less.lines); err == nil && less.of(seed) != "" {
				*d, shrunk = less, true
				break
			}
		}
		for i := range d.world.endpoints {
			less := *d
			less.world.endpoints = slices.Delete(slices.Clone(d.world.endpoints), i, i+1)
			if less.of(seed) != "" {
				*d, shrunk = less, true
				break
			}
		}
	}
	d.got = d.of(seed)
}

func (d *disagreement) String() string {
	m := runModel(d.lines, d.world, d.client)
	text := "policy {\n    " + strings.Join(d.lines, "\n    ") + "\n}\n"
	for i := range d.world.endpoints {
		text += fmt.Sprintf("%d: %+v\n", i, d.world.endpoints[i])
	}
	text += fmt.Sprintf("nodes %v, client %+v\n", d.world.nodes, d.client)
	text += fmt.Sprintf("the model: %v of %d, weights %v", m.ranks, m.began, m.weights)
	if m.exact() {
		for _, rank := range m.ranks {
			text += fmt.Sprint(" ", m.ordered(rank))
		}
	}
	return text + "\nthe policy: " + d.got
}

// Worlds grow, so that what is found first is small.
func TestPoliciesDoWhatTheirModelDoes(t *testing.T) {
	policies := rounds(5_000)
	compared := 0
	for seed := range uint64(policies) {
		d := roll(seed)
		lines, w := d.policy(), d.world(1+int(seed)*20/policies)
		policy, err := compileLines(lines)
		if err != nil {
			t.Fatalf("Expected the policy to be right, but got %v", err)
		}
		// Memory is scarce for some, so that they forget.
		prepared := Prepare(policy, w.endpoints, w.nodes, NewMemory(int64(seed%3)*1_000), roll(seed).Uint32N)
		for range 2 {
			for _, client := range w.clients {
				found := disagreement{lines: lines, world: w, client: client}
				if found.got = found.ask(prepared); found.got != "" {
					if found.of(seed) != "" {
						found.shrink(seed)
					}
					t.Fatalf("Seed %d:\n%s", seed, &found)
				}
				compared += 2
			}
		}
	}
	if compared < 4*policies {
		t.Errorf("Expected at least %d comparisons, but made %d", 4*policies, compared)
	}
}
