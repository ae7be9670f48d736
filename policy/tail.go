package policy

import "errors"

// tail is the end of every policy: an order within the ranks, turns between zones or nodes, and limits. It is kept
// apart from the other steps because it need not be done for more endpoints than the answer holds.
type tail struct {
	order  order
	spread spread
	limit  int  // 0 for none
	fit    bool // an answer that does not hold all is whole all the same
}

// tailStep is a step of the tail. Its Apply does for whole ranks what the tail does for the first few endpoints.
type tailStep interface {
	Step
	join(t *tail) error
}

// order puts the endpoints of a rank into an order.
type order interface {
	Step
	// first appends the first k of the rank's order to dst; k is at most the length of the rank. It does not write to
	// the rank. Where the order depends on the endpoints alone, the rank must have been ordered before, by Apply, and
	// first only copies.
	first(dst, rank []int32, k int, about *View) []int32
}

// Why a step cannot stand where it stands.
var (
	errTwice        = errors.New("it is given twice")
	errBeforeSpread = errors.New("it must stand before 'spread'")
	errBeforeLimit  = errors.New("it must stand before 'limit'")
)

// pick appends the first k endpoints of all ranks in the order of the tail to dst.
func (t *tail) pick(dst []int32, ranks Ranks, k int, about *View) []int32 {
	end := len(dst) + k
	for _, rank := range ranks {
		left := min(end-len(dst), len(rank))
		switch {
		case left <= 0:
			return dst
		case t.spread.by != nil:
			dst = t.takeTurns(dst, rank, left, about)
		default:
			dst = t.order.first(dst, rank, left, about)
		}
	}
	return dst
}
