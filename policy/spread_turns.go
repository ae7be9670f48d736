package policy

import (
	"math/rand/v2"
	"sync"
)

// turns are the tables of those who take turns. They are kept for the next time.
type turns struct {
	mixed   []int32 // the rank when its groups take turns without an order
	ordered []int32 // the beginning of the rank in its order, or all of it
	next    []int32 // the place of the next one of the same group, by place in ordered; 0 for none
	last    []int32 // 1 + the place of the last one that was seen, by group; 0 between uses
	waiting []int32 // the place of the next one of each group that has one, or unknown
	behind  []int32 // how many stand behind what is ordered, by group; empty where all of the rank is
	unseen  int     // how many groups have nothing in what is ordered

	// Who orders more of a rank must have the same chance again, else whatever decides early would come too often.
	view   View
	pcg    rand.PCG
	random func(n uint32) uint32
	seed   uint64
}

// unknown is the place of somebody who stands behind what is ordered.
const unknown = -1

var turnTables = sync.Pool{New: func() any {
	t := new(turns)
	t.random = rand.New(&t.pcg).Uint32N // #nosec G404 -- the seed is of the chance that it stands for
	return t
}}

func (t *turns) release() {
	t.view = View{} // endpoints are not held on to
	t.behind, t.unseen = t.behind[:0], 0
	turnTables.Put(t)
}

// mix lets the groups take turns before a rotation, where that was not done once (see spreadOnce).
func (t *turns) mix(rank, groups []int32) []int32 {
	t.ordered = append(t.ordered[:0], rank...)
	t.mixed, _ = t.take(t.mixed[:0], len(rank), groups)
	return t.mixed
}

// replayable returns the view with chance that can be had once more.
func (t *turns) replayable(about *View) *View {
	t.view = *about
	if about.Random != nil {
		t.seed = uint64(about.Random(1<<31))<<31 | uint64(about.Random(1<<31))
		t.view.Random = t.random
	}
	return &t.view
}

// replay begins with the chance anew.
func (t *turns) replay() { t.pcg.Seed(t.seed, 0) }

// count counts who stands behind the first n, which are ordered.
func (t *turns) count(rank []int32, n int, groups []int32) {
	t.behind, t.unseen = t.behind[:0], 0
	if n == len(rank) {
		return
	}
	for _, i := range rank {
		for int(groups[i]) >= len(t.behind) {
			t.behind = append(t.behind, 0)
		}
		t.behind[groups[i]]++
	}
	for _, size := range t.behind {
		if size > 0 {
			t.unseen++
		}
	}
}

// take appends the first k to dst; ok is false where that is not decided by what is ordered.
func (t *turns) take(dst []int32, k int, groups []int32) (taken []int32, ok bool) {
	t.link(k, groups)
	end := len(dst) + k
	for len(dst) < end {
		still := t.waiting[:0]
		for _, place := range t.waiting[:min(len(t.waiting), end-len(dst))] {
			if place == unknown {
				return dst, false
			}
			dst = append(dst, t.ordered[place])
			if next := t.next[place]; next > 0 {
				still = append(still, next)
			} else if len(t.behind) > 0 && t.behind[groups[t.ordered[place]]] > 0 {
				still = append(still, unknown)
			}
		}
		t.waiting = still
	}
	return dst, true
}

// link links those of each group, and lets the first of each wait in their order.
func (t *turns) link(k int, groups []int32) {
	t.waiting = t.waiting[:0]
	t.next = append(t.next[:0], make([]int32, len(t.ordered))...)
	for place, i := range t.ordered {
		group := groups[i]
		for int(group) >= len(t.last) {
			t.last = append(t.last, 0)
		}
		if len(t.behind) > 0 {
			t.behind[group]--
		}
		if last := t.last[group]; last > 0 {
			t.next[last-1] = int32(place) // #nosec G115 -- a service has fewer endpoints
		} else if t.waiting = append(t.waiting, int32(place)); len(t.waiting) == k { // #nosec G115 -- likewise
			break // the first turn is enough
		}
		t.last[group] = int32(place) + 1 // #nosec G115 -- likewise
	}
	if t.unseen > len(t.waiting) && len(t.waiting) < k {
		t.waiting = append(t.waiting, unknown)
	}
	for _, i := range t.ordered {
		if group := groups[i]; int(group) < len(t.last) {
			t.last[group] = 0
		}
	}
}
