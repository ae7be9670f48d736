package policy

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// benchmarkTail measures the tail of a policy: the first 73 endpoints, as many as a UDP answer of 1,232 octets holds,
// and all of them.
func benchmarkTail(b *testing.B, t tail, prepare func(*View)) {
	b.Helper()
	for _, n := range []int{3, 100, 1_000, 10_000} {
		view := podsView(n)
		view.Random = rand.Uint32N
		view.Hashes = hashAll(t.order, view.Endpoints)
		view.Groups = t.spread.groups(view.Endpoints)
		if prepare != nil {
			prepare(view)
		}
		ranks := start(view.Endpoints)
		for _, k := range slices.Compact([]int{min(73, n), n}) {
			b.Run(fmt.Sprintf("%d_of_%d", k, n), func(b *testing.B) {
				dst := make([]int32, 0, n)
				b.ReportAllocs()
				for b.Loop() {
					view.Turn++
					dst = t.pick(dst[:0], ranks, k, view)
				}
			})
		}
	}
}

func BenchmarkShuffle(b *testing.B)  { benchmarkTail(b, tail{order: shuffle{}}, nil) }
func BenchmarkRotate(b *testing.B)   { benchmarkTail(b, tail{order: rotate{}}, nil) }
func BenchmarkSticky(b *testing.B)   { benchmarkTail(b, tail{order: sticky{}}, nil) }
func BenchmarkOrdinal(b *testing.B)  { benchmarkTail(b, tail{order: byOrdinal{}}, nil) }
func BenchmarkAddress(b *testing.B)  { benchmarkTail(b, tail{order: byAddress{}}, nil) }
func BenchmarkWeighted(b *testing.B) { benchmarkTail(b, tail{order: weighted{}}, weighUpTo(10)) }

// Every hundredth endpoint has nearly all weight, so that trials would take long.
func BenchmarkWeightedWithFewHeavyOnes(b *testing.B) {
	benchmarkTail(b, tail{order: weighted{}}, func(view *View) {
		weighUpTo(1)(view)
		for i := range view.Weights {
			if i%100 == 0 {
				view.Weights[i] = 1e6
			}
		}
	})
}

func BenchmarkSpreadShuffled(b *testing.B) {
	benchmarkTail(b, tail{order: shuffle{}, spread: byZone}, nil)
}

func BenchmarkSpreadSticky(b *testing.B) {
	benchmarkTail(b, tail{order: sticky{}, spread: byZone}, nil)
}

// weighUpTo gives the endpoints the weights 1 to most, in turns.
func weighUpTo(most int) func(*View) {
	return func(view *View) {
		view.Weights = make([]float64, len(view.Endpoints))
		for i := range view.Weights {
			view.Weights[i] = float64(1 + i%most)
		}
	}
}
