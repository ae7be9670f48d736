package policy

import "fmt"

var spreadKind = Kind{
	Usage:   "spread zone|node",
	Example: "spread zone",
	New:     newSpread,
}

// spread lets the endpoints of each zone, or of each node, take turns: within a rank first one of each, then a second
// one of each that has one, and so on. The zones follow one another as their first endpoints do, and the endpoints of
// a zone as they did without it. So what is first stays first, and no endpoint is first more often than by its order
// alone. Endpoints whose zone is not known are as if of one zone.
type spread struct {
	by func(e *Endpoint) string // nil for none
}

func newSpread(args []string, _ *Environment) (Step, error) {
	if len(args) != 1 {
		return nil, wrongCount(args, "'zone' or 'node'")
	}
	switch args[0] {
	case "zone":
		return spread{func(e *Endpoint) string { return e.Zone }}, nil
	case "node":
		return spread{func(e *Endpoint) string { return e.Node }}, nil
	}
	return nil, fmt.Errorf("'%s' is neither 'zone' nor 'node'", args[0])
}

func (s spread) join(t *tail) error {
	switch {
	case t.spread.by != nil:
		return errTwice
	case t.limit > 0 || t.fit:
		return errBeforeLimit
	}
	t.spread = s
	return nil
}

// Depends says that endpoints alone are looked at.
func (spread) Depends() Depends { return OnEndpoints }

// Apply takes turns in each rank, as it is ordered.
func (s spread) Apply(in Ranks, about *View) (Ranks, string) {
	t := turnTables.Get().(*turns)
	defer t.release()
	groups := s.groupsOf(about)
	out := make(Ranks, len(in))
	for r, rank := range in {
		t.ordered = append(t.ordered[:0], rank...)
		out[r], _ = t.take(make([]int32, 0, len(rank)), len(rank), groups)
	}
	return out, ""
}

// spreadOnce does what of the turns depends on the endpoints alone. Neighbours of one group in a rotation would all
// have the same one of the next group behind them, which would bear more than its share of the load: so neighbours are
// of different groups where that can be.
func (t *tail) spreadOnce(ranks Ranks, about *View) (Ranks, bool) {
	_, rotates := t.order.(rotate)
	if t.spread.by == nil || !rotates && t.order.Depends() != OnEndpoints {
		return ranks, false
	}
	ranks, _ = t.spread.Apply(ranks, about)
	return ranks, true
}

// takeTurns appends the first k of a rank when its groups take turns. It orders no more of the rank than decides which
// these are, which nobody knows before: where that was too little, more.
func (t *tail) takeTurns(dst, rank []int32, k int, about *View) []int32 {
	if about.spread && t.order.Depends() == OnEndpoints {
		return append(dst, rank[:k]...)
	}
	turns := turnTables.Get().(*turns)
	defer turns.release()
	groups := t.spread.groupsOf(about)
	if _, ok := t.order.(rotate); ok && !about.spread {
		rank = turns.mix(rank, groups)
	}
	n := len(rank)
	if _, ok := t.order.(weighted); !ok && 2*enough(k) < n { // a longer lottery begins in another way
		n, about = enough(k), turns.replayable(about)
	}
	for {
		turns.replay()
		turns.ordered = t.order.first(turns.ordered[:0], rank, n, about)
		turns.count(rank, n, groups)
		if taken, ok := turns.take(dst, k, groups); ok {
			return taken
		}
		n = min(4*n, len(rank))
	}
}

// enough is how many mostly decide the first k.
func enough(k int) int { return 2*k + 32 }

// groupsOf returns the number of each endpoint's group.
func (s spread) groupsOf(about *View) []int32 {
	if about.Groups != nil {
		return about.Groups
	}
	return s.groups(about.Endpoints)
}

// groups numbers the zones or nodes, for View.Groups, if they take turns.
func (s spread) groups(endpoints []Endpoint) []int32 {
	if s.by == nil {
		return nil
	}
	groups := make([]int32, len(endpoints))
	numbers := map[string]int32{}
	for i := range endpoints {
		name := s.by(&endpoints[i])
		n, ok := numbers[name]
		if !ok {
			n = int32(len(numbers)) // #nosec G115 -- a service has fewer endpoints
			numbers[name] = n
		}
		groups[i] = n
	}
	return groups
}
