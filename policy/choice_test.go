package policy

import (
	"slices"
	"testing"
)

// ofChance is a step in Go that uses chance: it leaves the endpoints whose numbers are even, or odd.
type ofChance struct{}

func (ofChance) Depends() Depends { return OnQuery }

func (ofChance) Apply(in Ranks, about *View) (Ranks, string) {
	odd := int32(about.Random(2))
	return in.Keep(func(i int32) bool { return i%2 == odd }), ""
}

func TestWhatChanceLeavesIsInTheOrderOfThePolicy(t *testing.T) {
	endpoints := podsView(12).Endpoints
	slices.Reverse(endpoints) // neither addresses nor ordinals ascend
	for lines, ascends := range map[string]func(a, b Endpoint) int{
		"order ordinal": func(a, b Endpoint) int { return a.Ordinal() - b.Ordinal() },
		"order address": func(a, b Endpoint) int { return a.Address.Compare(b.Address) },
	} {
		p := policyOf(t, lines)
		p.steps = append(p.steps, namedStep{Step: ofChance{}})
		prepared := Prepare(p, endpoints, nil, NewMemory(1<<20), seeded(1))
		left := map[int32]int{}
		for range 100 {
			var picked []Endpoint
			for _, i := range prepared.Choose(&Client{}).Pick(nil, 12) {
				picked = append(picked, endpoints[i])
				left[i]++
			}
			if len(picked) != 6 || !slices.IsSortedFunc(picked, ascends) {
				t.Fatalf("By %q chance leaves %v", lines, picked)
			}
		}
		if len(left) != 12 {
			t.Errorf("Chance leaves only ever %d endpoints", len(left))
		}
	}
}

func TestWeightsBehindAStepOfChanceCount(t *testing.T) {
	p := policyOf(t, "order weighted")
	weigh := policyOf(t, "weight ordinal >= 2 ? 1 : 0").steps[1]
	p.steps = append(p.steps, namedStep{Step: ofChance{}}, weigh)
	prepared := Prepare(p, podsView(4).Endpoints, nil, NewMemory(1<<20), seeded(1))
	for range 50 {
		choice := prepared.Choose(&Client{})
		if picked := choice.Pick(nil, 2); !choice.Weighted() || picked[0] != picked[1]+2 || choice.Weight(picked[0]) != 1 {
			t.Fatalf("The heavier one is not the first of %v", picked)
		}
	}
}

func TestAChoiceKnowsItsLengthAndRanks(t *testing.T) {
	policy := policyOf(t, "rank ordinal < 2\norder ordinal\nlimit 5")
	p := Prepare(policy, podsView(9).Endpoints, nil, NewMemory(1<<20), seeded(1))
	choice := p.Choose(&Client{})
	if choice.Len() != 5 || choice.Began() != 9 || choice.Fit() || choice.Filtered() || choice.Weighted() {
		t.Errorf("Of 9 endpoints the choice has %d of %d", choice.Len(), choice.Began())
	}
	for place, want := range []int{0, 0, 1, 1, 1} {
		if got := choice.Rank(place); got != want {
			t.Errorf("Place %d is of rank %d, not %d", place, got, want)
		}
	}
	if got := choice.Pick(nil, 9); !slices.Equal(got, []int32{0, 1, 2, 3, 4}) {
		t.Errorf("Expected to pick the limit of 5, but got %v", got)
	}
	if got := choice.Pick([]int32{7}, 2); !slices.Equal(got, []int32{7, 0, 1}) {
		t.Errorf("Expected what was there before the picks, but got %v", got)
	}
}

func TestNothingIsFilteredWhereThereWasNothing(t *testing.T) {
	for _, c := range []struct {
		endpoints int
		lines     string
		filtered  bool
	}{
		{0, "keep ready", false}, {3, "keep ready", false}, {3, "keep not ready", true},
		{3, "keep client.address == ''", true},
	} {
		p := Prepare(policyOf(t, c.lines), podsView(c.endpoints).Endpoints, nil, NewMemory(1<<20), seeded(1))
		if got := p.Choose(&Client{Address: address4(1)}).Filtered(); got != c.filtered || p.Begins() != (c.endpoints > 0) {
			t.Errorf("%q of %d endpoints is filtered: %t", c.lines, c.endpoints, got)
		}
	}
}
