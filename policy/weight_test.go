package policy

import (
	"math"
	"slices"
	"testing"
)

func TestWeightIsAFiniteNumberFromZero(t *testing.T) {
	endpoints := at("n1/a", "n2/b")
	endpoints[0].Labels = map[string]string{"weight": "2.5"}
	endpoints[1].Ready = false
	for text, want := range map[string][]float64{
		"3":                                  {3, 3},
		"number(labels['weight'], 1)":        {2.5, 1},
		"ready ? 1 : 0.5":                    {1, 0.5},
		"ready ? 2 : zone == 'a' ? 3.5 : -1": {2, 0},
		"(ready ? -1 : 1) * 2.5":             {0, 2.5},
		"ordinal + 1":                        {1, 2},
		"-1":                                 {0, 0},
		"0 / 0":                              {0, 0},
		"1 / 0":                              {maxWeight, maxWeight},
		"-1 / 0":                             {0, 0},
		"10 ** 300":                          {maxWeight, maxWeight},
		"[4, 5][ordinal * 2]":                {4, 0}, // the second fails
	} {
		step, err := newWeight([]string{text}, all())
		if err != nil {
			t.Errorf("Expected '%s' to be right, but got %v", text, err)
			continue
		}
		about := viewFor(endpoints, Place{}, Settings{})
		if got := step.(weigher).weights(start(endpoints), about); !slices.Equal(got, want) {
			t.Errorf("Expected '%s' to weigh %v, but got %v", text, want, got)
		}
		if out, reason := step.Apply(Ranks{{1}, {0}}, about); written(out) != "1 | 0" || reason != "" {
			t.Errorf("Expected '%s' to leave all as they are, but got %q (%s)", text, written(out), reason)
		}
	}
}

func TestWeightOfAnUnknownClientIsWhatItWas(t *testing.T) {
	endpoints := at("n1/a", "n2/b")
	step := compiled(t, "weight zone == client.zone ? 3 : 1")
	about := viewFor(endpoints, Place{}, Settings{})
	about.Weights = []float64{7, 8}
	if got := step.(weigher).weights(start(endpoints), about); !slices.Equal(got, []float64{7, 8}) {
		t.Errorf("Expected the weights from before, but got %v", got)
	}
	about.Client.Zone = "b"
	if got := step.(weigher).weights(start(endpoints), about); !slices.Equal(got, []float64{1, 3}) {
		t.Errorf("Expected the weights of zone b, but got %v", got)
	}
	if !slices.Equal(about.Weights, []float64{7, 8}) {
		t.Errorf("Expected the view to stay as it is, but got %v", about.Weights)
	}
}

func TestTheSumOfTheGreatestWeightsIsFinite(t *testing.T) {
	if sum := maxWeight * float64(math.MaxInt32); math.IsInf(sum, 0) {
		t.Errorf("Expected a finite sum, but got %v", sum)
	}
}

func BenchmarkWeight(b *testing.B) {
	benchmarkExpressions(b, "weight 1", "weight number(annotations['weight'], 1) * (ready ? 1 : 0.5)")
}
