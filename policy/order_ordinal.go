package policy

import (
	"cmp"
	"slices"
	"strings"
)

// byOrdinal is the order of the numbers that a StatefulSet gives to its Pods. Endpoints without one come last. Those
// that have the same, as the Pods of two StatefulSets have, are in the order of their addresses.
type byOrdinal struct{}

// Depends says that endpoints alone are looked at.
func (byOrdinal) Depends() Depends { return OnEndpoints }

// Apply sorts each rank.
func (byOrdinal) Apply(in Ranks, about *View) (Ranks, string) {
	// Unsigned, the -1 of none is behind all others. Taken once: a name is longer to read than a number to compare.
	ordinals := make(map[int32]uint, in.Len())
	for _, rank := range in {
		for _, i := range rank {
			ordinals[i] = uint(about.Endpoints[i].Ordinal()) // #nosec G115 -- as said
		}
	}
	return sorted(in, func(i, j int32) int {
		if order := cmp.Compare(ordinals[i], ordinals[j]); order != 0 {
			return order
		}
		// So A and AAAA records are those of the same pods.
		order := strings.Compare(about.Endpoints[i].Identity(), about.Endpoints[j].Identity())
		return cmp.Or(order, about.compareAddresses(i, j))
	}), ""
}

func (byOrdinal) first(dst, rank []int32, k int, _ *View) []int32 { return append(dst, rank[:k]...) }

// sorted returns the ranks, each in the order that compare says.
func sorted(in Ranks, compare func(i, j int32) int) Ranks {
	out := make(Ranks, len(in))
	for r, rank := range in {
		out[r] = slices.Clone(rank)
		slices.SortStableFunc(out[r], compare)
	}
	return out
}
