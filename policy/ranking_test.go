package policy

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Scores of all kinds: even, all alike, close together, far apart, at both ends.
func TestARankingSortsAnyScores(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 1))
	view := podsView(500)
	for name, score := range map[string]func() uint64{
		"even":        chance.Uint64,
		"alike":       func() uint64 { return 42 },
		"few":         func() uint64 { return chance.Uint64N(5) },
		"close":       func() uint64 { return math.MaxUint64 - chance.Uint64N(1000) },
		"exponential": func() uint64 { return math.Float64bits(chance.ExpFloat64()) },
		"ends":        func() uint64 { return -chance.Uint64N(2) },
	} {
		for _, n := range []int{0, 1, 2, 3, 17, 500} {
			r := &ranking{}
			for i := range n {
				r.scored = append(r.scored, scored{score(), int32(n - 1 - i)})
			}
			want := slices.SortedFunc(slices.Values(r.scored), func(a, b scored) int {
				return cmp.Or(cmp.Compare(a.score, b.score), cmp.Compare(a.endpoint, b.endpoint))
			})
			k := n - n/3
			r.sort(k, view)
			if !slices.Equal(r.scored[:k], want[:k]) || len(r.scored) != n {
				t.Errorf("%s: %d scores are %v, not %v", name, n, r.scored, want)
			}
		}
	}
}
