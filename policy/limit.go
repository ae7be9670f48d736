package policy

import (
	"fmt"
	"math"
)

var limitKind = Kind{
	Usage:   "limit N|fit",
	Example: "limit 3",
	New:     newLimit,
}

// limit takes the first few endpoints: so many, or, where that is 0, as many as the answer holds.
type limit int

func newLimit(args []string, _ *Environment) (Step, error) {
	if len(args) != 1 {
		return nil, wrongCount(args, "N or 'fit'")
	}
	if args[0] == "fit" {
		return limit(0), nil
	}
	n, err := number(args[0], 1, math.MaxInt32)
	if err != nil {
		return nil, fmt.Errorf("'%s' is no number from 1, and not 'fit'", args[0])
	}
	return limit(n), nil
}

func (l limit) join(t *tail) error {
	switch {
	case l == 0 && !t.fit:
		t.fit = true
	case l > 0 && t.limit == 0:
		t.limit = int(l)
	default:
		return errTwice
	}
	return nil
}

// Depends says that nothing but the ranks matters.
func (limit) Depends() Depends { return OnEndpoints }

// Apply cuts off what is beyond the limit. What an answer holds is for its writer to know.
func (l limit) Apply(in Ranks, _ *View) (Ranks, string) {
	if l == 0 {
		return in, ""
	}
	var out Ranks
	left := int(l)
	for _, rank := range in {
		if left == 0 {
			break
		}
		n := min(left, len(rank))
		out = append(out, rank[:n:n])
		left -= n
	}
	return out, ""
}
