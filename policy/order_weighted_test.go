package policy

import (
	"fmt"
	"testing"
)

// lots are the chances of all sequences of k endpoints of these weights, each next one in proportion to the weights
// that are left; those without weight are as likely as one another when no others are left.
func lots(weights []float64, k, runs int) map[string]float64 {
	expected := map[string]float64{}
	for _, sequence := range sequences(len(weights), k) {
		left := append([]float64(nil), weights...)
		chance := float64(runs)
		for i := range k {
			place := sequence[i] - 'a'
			sum, others := 0.0, 0
			for _, weight := range left {
				if weight >= 0 { // not taken yet
					sum += weight
					others++
				}
			}
			if sum > 0 {
				chance *= left[place] / sum
			} else {
				chance /= float64(others)
			}
			left[place] = -1
		}
		if chance > 0 {
			expected[sequence] = chance
		}
	}
	return expected
}

// The last ones make it change from trials to a race: they have to make more proposals than the rank is long.
func TestEachNextOneIsDrawnByItsWeight(t *testing.T) {
	needsLength(t)
	const runs = 20_000
	for _, c := range []struct {
		k       int
		weights []float64
	}{
		{1, []float64{1, 2, 3, 4}},
		{2, []float64{1, 2, 3, 4}},
		{4, []float64{1, 2, 3, 4}},
		{2, []float64{0.001, 0.002, 0.003, 0.004}},
		{3, []float64{5, 0, 1, 0}},
		{4, []float64{5, 0, 1, 0}},
		{3, []float64{0, 0, 0, 0}},
		{2, []float64{50, 1, 1, 1, 1}},
		{3, []float64{4, 1, 1, 1, 1, 2, 2, 4}},
		{4, []float64{2, 1, 1, 1, 0, 0, 2, 2}},
	} {
		view := podsView(len(c.weights))
		view.Weights = c.weights
		first, applied := map[string]int{}, map[string]int{}
		for range runs {
			first[sequence(firstOf(weighted{}, c.k, view))]++
			ranks, _ := weighted{}.Apply(start(view.Endpoints), view)
			applied[sequence(ranks[0][:c.k])]++
		}
		expected := lots(c.weights, c.k, runs)
		checkChances(t, fmt.Sprintf("first %d of %v", c.k, c.weights), first, expected)
		checkChances(t, fmt.Sprintf("first %d of all of %v", c.k, c.weights), applied, expected)
	}
}

func TestAmongManyTheFirstIsDrawnByItsWeight(t *testing.T) {
	const n, runs = 200, 50_000
	view := podsView(n)
	view.Weights = make([]float64, n)
	expected := map[int32]float64{}
	for i := range view.Weights {
		view.Weights[i] = float64(1 + i%4)
		expected[int32(i)] = runs * view.Weights[i] / (n * 2.5)
	}
	seen := map[int32]int{}
	for range runs {
		seen[firstOf(weighted{}, 1, view)[0]]++
	}
	checkChances(t, "first of 200", seen, expected)
}

func TestThoseWithoutWeightComeLast(t *testing.T) {
	const n = 60
	view := podsView(n)
	view.Weights = make([]float64, n)
	for i := range view.Weights {
		view.Weights[i] = float64(i % 3)
	}
	for k := 1; k <= n; k++ {
		taken := firstOf(weighted{}, k, view)
		if len(taken) != k || !distinct(taken) {
			t.Fatalf("The first %d are %v", k, taken)
		}
		for place, i := range taken {
			if drained := view.Weights[i] == 0; drained != (place >= n*2/3) {
				t.Fatalf("Endpoint %d with the weight %g is at place %d", i, view.Weights[i], place)
			}
		}
	}
}

// A number that is 0 must not make of the first one the last.
func TestTheLeastOfChancesIsNoTrap(t *testing.T) {
	view := podsView(3)
	view.Weights = []float64{0, 1, 0}
	view.Random = func(uint32) uint32 { return 0 }
	if first := firstOf(weighted{}, 3, view)[0]; first != 1 {
		t.Errorf("The first is %d", first)
	}
}

func TestWithoutWeightsAllAreAlike(t *testing.T) {
	const runs = 12000
	view := podsView(4)
	seen := map[string]int{}
	for range runs {
		seen[sequence(firstOf(weighted{}, 4, view))]++
	}
	checkChances(t, "without weights", seen, evenly(runs, sequences(4, 4)...))
}
