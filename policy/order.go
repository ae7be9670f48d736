package policy

import "fmt"

var orderKind = Kind{
	Usage:   "order shuffle|rotate|sticky|ordinal|address|weighted",
	Example: "order sticky",
	New:     newOrder,
}

// orders are all orders by name.
var orders = map[string]order{
	"shuffle":  shuffle{},
	"rotate":   rotate{},
	"sticky":   sticky{},
	"ordinal":  byOrdinal{},
	"address":  byAddress{},
	"weighted": weighted{},
}

func newOrder(args []string, _ *Environment) (Step, error) {
	if len(args) != 1 {
		return nil, wrongCount(args, "one of "+names(orders))
	}
	o, ok := orders[args[0]]
	if !ok {
		return nil, fmt.Errorf("unknown order '%s', the orders are %s", args[0], names(orders))
	}
	return orderStep{o}, nil
}

// orderStep is an order as a line of a policy.
type orderStep struct{ order }

func (s orderStep) join(t *tail) error {
	switch {
	case t.order != nil:
		return errTwice
	case t.spread.by != nil:
		return errBeforeSpread
	case t.limit > 0 || t.fit:
		return errBeforeLimit
	}
	t.order = s.order
	return nil
}

// applyOrder puts whole ranks into an order that does it rank by rank.
func applyOrder(in Ranks, first func(dst, rank []int32, k int, about *View) []int32, about *View) Ranks {
	out := make(Ranks, len(in))
	for r, rank := range in {
		out[r] = first(make([]int32, 0, len(rank)), rank, len(rank), about)
	}
	return out
}
