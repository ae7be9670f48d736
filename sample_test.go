package headless

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func seeded(seed uint64) func(uint32) uint32 {
	return rand.New(rand.NewPCG(seed, 1)).Uint32N
}

func draw(n, k int, random func(uint32) uint32) []int {
	s := newSample(n, random)
	defer s.release()
	var drawn []int
	for range k {
		i, ok := s.next()
		if !ok {
			break
		}
		drawn = append(drawn, i)
	}
	return drawn
}

func TestASampleDrawsEachNumberOnce(t *testing.T) {
	random := seeded(1)
	for _, n := range []int{0, 1, 2, 3, 100, 1000, 7} {
		drawn := draw(n, n+1, random)
		slices.Sort(drawn)
		if len(drawn) != n {
			t.Fatalf("Drawing all of %d gave %d numbers", n, len(drawn))
		}
		for i, number := range drawn {
			if number != i {
				t.Fatalf("Drawing all of %d gave %v", n, drawn)
			}
		}
	}
}

// Each of the 24 orders of 4 numbers is as likely as another. The statistic has 23 degrees of freedom: it is above 66
// by chance once in more than 100,000 runs, and the seed is fixed besides.
func TestEveryOrderIsEquallyLikely(t *testing.T) {
	const runs = 24000
	random := seeded(2)
	seen := make(map[[4]int]int)
	for range runs {
		seen[[4]int(draw(4, 4, random))]++
	}
	statistic := 0.0
	for _, n := range seen {
		statistic += float64((n-1000)*(n-1000)) / 1000
	}
	if len(seen) != 24 || statistic > 66 {
		t.Errorf("%d orders were drawn, with a chi-square of %.1f: %v", len(seen), statistic, seen)
	}
}

// The first of a short sample of many: 999 degrees of freedom, above 1210 by chance once in more than 100,000 runs.
func TestAShortSampleOfManyTakesEachAsOften(t *testing.T) {
	const n, k, runs = 1000, 10, 10000
	random := seeded(3)
	seen := make([]int, n)
	for range runs {
		for _, i := range draw(n, k, random) {
			seen[i]++
		}
	}
	statistic := 0.0
	for _, times := range seen {
		statistic += float64((times-k*runs/n)*(times-k*runs/n)) / (k * runs / n)
	}
	if statistic > 1210 {
		t.Errorf("The chi-square of how often each number was drawn is %.1f", statistic)
	}
}

func BenchmarkSampleOfSeventy(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		b.Run(map[int]string{100: "of100", 10_000: "of10000"}[n], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s := newSample(n, rand.Uint32N)
				for range 70 {
					s.next()
				}
				s.release()
			}
		})
	}
}
