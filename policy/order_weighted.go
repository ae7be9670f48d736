package policy

import (
	"math"
	"sync"
)

// weighted is the order of a lottery: each next one is drawn from those that are left, in proportion to their
// weights. Those without weight come when there are no others, each of their orders equally likely.
type weighted struct{}

// Depends says that chance is used.
func (weighted) Depends() Depends { return OnQuery }

// Apply draws lots in each rank.
func (w weighted) Apply(in Ranks, about *View) (Ranks, string) {
	return applyOrder(in, w.first, about), ""
}

// lottery is what a lottery remembers of its draws.
type lottery struct {
	ranking
	taken []bool  // by place in the rank; false between uses
	drawn []int32 // places, in the order in which they were drawn
}

var lotteries = sync.Pool{New: func() any { return new(lottery) }}

// first draws by trial as long as that promises to be quick, and the others by a race. It may change in between: what
// is drawn next depends on what was drawn before, not on how.
func (weighted) first(dst, rank []int32, k int, about *View) []int32 {
	if about.Weights == nil {
		return shuffle{}.first(dst, rank, k, about)
	}
	l := lotteries.Get().(*lottery)
	l.drawn = l.drawn[:0]
	for len(l.taken) < len(rank) {
		l.taken = append(l.taken, false)
	}
	if k <= len(rank)/2 {
		l.try(rank, k, about)
	}
	for _, place := range l.drawn {
		dst = append(dst, rank[place])
	}
	if left := k - len(l.drawn); left > 0 {
		l.race(rank, left, about)
		for _, s := range l.scored[:left] {
			dst = append(dst, s.endpoint)
		}
	}
	for _, place := range l.drawn {
		l.taken[place] = false
	}
	lotteries.Put(l)
	return dst
}

// try draws up to k endpoints. It proposes any one, and takes it with the probability of its weight by the heaviest:
// those that it takes are in proportion to their weights. It gives up after as many proposals as the rank is long,
// and does not begin where it would need more, when most are light and few heavy.
func (l *lottery) try(rank []int32, k int, about *View) {
	scale := about.scale
	if scale.heaviest == 0 {
		scale = scaleOf(about.Weights, Ranks{rank})
	}
	if scale.heaviest*float64(k) >= scale.mean*float64(len(rank)) {
		return
	}
	n := uint32(len(rank)) // #nosec G115 -- a service has fewer endpoints
	for range rank {
		if len(l.drawn) == k {
			return
		}
		place := about.Random(n)
		if !l.taken[place] && about.uniform()*scale.heaviest < about.Weights[rank[place]] {
			l.taken[place] = true
			l.drawn = append(l.drawn, int32(place)) // #nosec G115 -- likewise
		}
	}
}

// scale is how heavy endpoints are, in all ranks together: what is said of one rank may be off, but the heaviest is at
// least as heavy as each of it.
type scale struct{ heaviest, mean float64 }

func scaleOf(weights []float64, ranks Ranks) scale {
	var s scale
	for _, rank := range ranks {
		for _, i := range rank {
			s.heaviest = max(s.heaviest, weights[i])
			s.mean += weights[i]
		}
	}
	s.mean /= max(1, float64(ranks.Len()))
	return s
}

// race scores those that are not taken by the time they need: exponentially distributed with their weight as its
// rate, so that each is the next one in proportion to its weight (Efraimidis and Spirakis, Weighted random sampling
// with a reservoir, 2006). Then it sorts the first k.
func (l *lottery) race(rank []int32, k int, about *View) {
	l.scored = l.scored[:0]
	for place, i := range rank {
		if l.taken[place] {
			continue
		}
		// The bits of positive numbers are in the order of the numbers, and infinity's are behind those of all
		// others.
		score := math.Float64bits(math.Inf(1)) + about.bits53()
		if weight := about.Weights[i]; weight > 0 {
			score = math.Float64bits(math.Abs(math.Log(1-about.uniform())) / weight)
		}
		l.scored = append(l.scored, scored{score, i})
	}
	l.sort(k, about)
}

// uniform returns a random number from 0 to below 1, of all those of 53 bits.
func (v *View) uniform() float64 { return float64(v.bits53()) / (1 << 53) }

func (v *View) bits53() uint64 {
	return uint64(v.Random(1<<27))<<26 | uint64(v.Random(1<<26))
}
