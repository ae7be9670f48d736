package policy

import (
	"fmt"
	"sync"
)

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
	defer turnTables.Put(t)
	groups := s.groupsOf(about)
	out := make(Ranks, len(in))
	for r, rank := range in {
		out[r] = t.take(make([]int32, 0, len(rank)), rank, len(rank), groups)
	}
	return out, ""
}

// takeTurns appends the first k of a rank when its groups take turns.
func (t *tail) takeTurns(dst, rank []int32, k int, about *View) []int32 {
	turns := turnTables.Get().(*turns)
	groups := t.spread.groupsOf(about)
	if _, ok := t.order.(rotate); ok {
		// Neighbours of one group would all have the same one of the next group behind them, which would bear more than
		// its share of the load. So neighbours are of different groups where that can be.
		turns.mixed = turns.take(turns.mixed[:0], rank, len(rank), groups)
		rank = turns.mixed
	}
	turns.ordered = t.order.first(turns.ordered[:0], rank, len(rank), about)
	dst = turns.take(dst, turns.ordered, k, groups)
	turnTables.Put(turns)
	return dst
}

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

// turns are the tables of those who take turns. They are kept for the next time.
type turns struct {
	mixed   []int32 // the rank when its groups take turns without an order
	ordered []int32 // the rank in its order
	next    []int32 // the place of the next one of the same group, by place in ordered; 0 for none
	last    []int32 // 1 + the place of the last one that was seen, by group; 0 between uses
	waiting []int32 // the place of the next one of each group that has one
}

var turnTables = sync.Pool{New: func() any { return new(turns) }}

// take appends the first k of those in order to dst.
func (t *turns) take(dst, ordered []int32, k int, groups []int32) []int32 {
	t.link(ordered, k, groups)
	end := len(dst) + k
	for len(dst) < end {
		still := t.waiting[:0]
		for _, place := range t.waiting[:min(len(t.waiting), end-len(dst))] {
			dst = append(dst, ordered[place])
			if next := t.next[place]; next > 0 {
				still = append(still, next)
			}
		}
		t.waiting = still
	}
	return dst
}

// link links those of each group, and lets the first of each wait in their order.
func (t *turns) link(ordered []int32, k int, groups []int32) {
	t.waiting = t.waiting[:0]
	t.next = append(t.next[:0], make([]int32, len(ordered))...)
	for place, i := range ordered {
		group := groups[i]
		for int(group) >= len(t.last) {
			t.last = append(t.last, 0)
		}
		if last := t.last[group]; last > 0 {
			t.next[last-1] = int32(place) // #nosec G115 -- a service has fewer endpoints
		} else if t.waiting = append(t.waiting, int32(place)); len(t.waiting) == k { // #nosec G115 -- likewise
			break // the first turn is enough
		}
		t.last[group] = int32(place) + 1 // #nosec G115 -- likewise
	}
	for _, i := range ordered {
		if group := groups[i]; int(group) < len(t.last) {
			t.last[group] = 0
		}
	}
}
