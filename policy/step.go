package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Step is one line of a policy that narrows or ranks. It is immutable, and a pure function of what it is given: it is
// called by several goroutines, and its outcome is remembered as Depends says.
type Step interface {
	// Depends says what Apply looks at beside the endpoints.
	Depends() Depends
	// Apply returns what is left of in, in ranks. It may leave endpoints out and move them to other ranks, but never
	// adds one. It must not write to in, which is shared. Where the step could
	// not do its work, for want of something that it would have to know or because too few would be left, it returns in
	// as it is, and why.
	Apply(in Ranks, about *View) (out Ranks, skipped string)
}

// Depends says what the outcome of a step depends on beside the endpoints: each one includes those before it.
type Depends uint8

const (
	// OnEndpoints is a step that looks at endpoints alone. It runs once after they change.
	OnEndpoints Depends = iota
	// OnPlace is a step that looks at the client's node, zone and region. Its outcome is remembered for each place.
	OnPlace
	// OnClient is a step that looks at anything else of the client. Its outcome is remembered for each client.
	OnClient
	// OnQuery is a step that uses chance. It runs for each query.
	OnQuery
)

// Ranks are endpoints on their way through a policy, by their numbers in View.Endpoints: those of the first rank come
// before those of the second, and so on. No rank is empty. Within a rank they have no order before the policy's own.
type Ranks [][]int32

// Len is the number of endpoints in all ranks.
func (r Ranks) Len() int {
	n := 0
	for _, rank := range r {
		n += len(rank)
	}
	return n
}

// Keep returns those that satisfy the condition, each in its rank.
func (r Ranks) Keep(condition func(i int32) bool) Ranks {
	var kept Ranks
	for _, rank := range r {
		var left []int32
		for _, i := range rank {
			if condition(i) {
				left = append(left, i)
			}
		}
		if len(left) > 0 {
			kept = append(kept, left)
		}
	}
	return kept
}

// Split puts those that satisfy the condition before the others, within each rank.
func (r Ranks) Split(condition func(i int32) bool) Ranks {
	split := make(Ranks, 0, 2*len(r))
	for _, rank := range r {
		one := Ranks{rank}
		split = append(split, one.Keep(condition)...)
		split = append(split, one.Keep(func(i int32) bool { return !condition(i) })...)
	}
	return split
}

// View is what a step may look at. It must not write to it.
type View struct {
	// Endpoints are all that the question is about, whether ready or not and whatever the steps before have left.
	Endpoints []Endpoint
	// Client is who asks. For a step that depends on endpoints alone it is empty, for one that depends on the place it
	// has nothing but the Place.
	Client Client
	// Random returns a number from 0 to below n, and Turn is the number of queries that had the same outcome so far,
	// from any beginning. They are there for steps that depend on the query alone.
	Random func(n uint32) uint32
	Turn   uint32
	// Settings are those of the policy.
	Settings *Settings
	// Nodes is the number of nodes of the cluster by zone, nil where that is not known.
	Nodes map[string]int
	// Weights are the weights of the endpoints, by number, none of them negative. They are nil where all are the same.
	Weights []float64
	scale   scale // of the weights; zero where it was not computed
	// Hashes are the hashes of what identifies the endpoints, and Groups the numbers of the zones or nodes that take
	// turns, by the numbers of the endpoints. What is nil is computed by whoever needs it.
	Hashes []uint64
	Groups []int32
	spread bool // the turns of groups were taken already
}

// Kind is a kind of steps.
type Kind struct {
	// Usage is how such a line is written, such as "keep EXPRESSION". It begins with the name.
	Usage string
	// Example is a line that is right. The laws that every step must obey are tested with it.
	Example string
	// New makes a step of the arguments of a line. Its error quotes what is wrong.
	New func(args []string, with *Environment) (Step, error)
}

// kinds are all kinds of steps, by name.
var kinds = map[string]Kind{}

func init() {
	for _, kind := range []Kind{
		fromKind,
		keepKind, preferKind, nearestKind, hintsKind,
		rankKind, weightKind,
		orderKind, spreadKind, limitKind,
	} {
		Register(kind)
	}
}

// Register adds a kind of steps under the first word of its usage. It is for init functions, and panics where the name
// is taken.
func Register(kind Kind) {
	name := kind.Name()
	if _, ok := kinds[name]; ok || settings[name] != nil || name == "" {
		panic(fmt.Sprintf("policy: the name %q of a step is taken", name))
	}
	kinds[name] = kind
}

// Name is the first word of a line of the kind.
func (k Kind) Name() string {
	name, _, _ := strings.Cut(k.Usage, " ")
	return name
}

// Kinds returns all kinds of steps in the order of their names.
func Kinds() []Kind {
	all := make([]Kind, 0, len(kinds))
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		all = append(all, kinds[name])
	}
	return all
}
