package policy

import (
	"cmp"
	"math/bits"
	"slices"
	"sync"
)

// scored is an endpoint with its score: the smallest comes first.
type scored struct {
	score    uint64
	endpoint int32
}

// ranking puts endpoints into the order of their scores. It keeps its memory for the next time.
type ranking struct {
	scored, sorted []scored
	ends           []int32 // of the buckets, in sorted
}

var rankings = sync.Pool{New: func() any { return new(ranking) }}

// sort sorts what is scored as far as its first k. Of as many buckets as there are scores, most get one or few if the
// scores are evenly distributed, so that it takes time in proportion to their number. Where they are not, a bucket is
// sorted as anything is.
func (r *ranking) sort(k int, about *View) {
	if len(r.scored) == 0 {
		return
	}
	least, shift := r.divide()
	for _, s := range r.scored {
		r.ends[(s.score-least)>>shift+1]++
	}
	for b := range r.ends[1:] {
		r.ends[b+1] += r.ends[b]
	}
	// Now each bucket has where it begins, and when all are in their places, where it ends.
	for _, s := range r.scored {
		end := &r.ends[(s.score-least)>>shift]
		r.sorted[*end] = s
		*end++
	}
	begin := int32(0)
	for _, end := range r.ends {
		if int(begin) >= k {
			break
		}
		if end-begin > 1 {
			sortScored(r.sorted[begin:end], about)
		}
		begin = end
	}
	r.scored, r.sorted = r.sorted, r.scored
}

// divide makes the buckets: at most twice as many as there are scores. The bucket of a score is what it is above the
// least, shifted.
func (r *ranking) divide() (least uint64, shift int) {
	n := len(r.scored)
	least, most := r.scored[0].score, r.scored[0].score
	for _, s := range r.scored {
		least, most = min(least, s.score), max(most, s.score)
	}
	shift = max(bits.Len64(most-least)-bits.Len(uint(n)), 0) // #nosec G115 -- a length
	buckets := (most-least)>>shift + 1
	r.ends = append(r.ends[:0], make([]int32, buckets+1)...)
	r.sorted = append(r.sorted[:0], r.scored...)
	return least, shift
}

// sortScored sorts by score, and what has the same, as endpoints with one hostname may have, by address.
func sortScored(s []scored, about *View) {
	slices.SortFunc(s, func(a, b scored) int {
		if a.score != b.score {
			return cmp.Compare(a.score, b.score)
		}
		return about.compareAddresses(a.endpoint, b.endpoint)
	})
}
