package policy

import "reflect"

var weightKind = Kind{
	Usage:   "weight EXPRESSION",
	Example: "weight number(labels['weight'], 1)",
	New:     newWeight,
}

// weigher is a step that gives the endpoints weights, by their numbers: finite ones, from 0. Those that are not in
// the ranks may have any. It returns those that they had where it cannot tell.
type weigher interface {
	weights(in Ranks, about *View) []float64
}

// weight gives the endpoints the weights that its expression has for them.
type weight struct{ *formula }

func newWeight(args []string, with *Environment) (Step, error) {
	f, err := newFormula(args, with, "a number, such as number(labels['weight'], 1)", reflect.Int, reflect.Float64)
	return weight{f}, err
}

// Apply leaves all as they are.
func (w weight) Apply(in Ranks, about *View) (Ranks, string) {
	return in, w.unknown(&about.Client)
}

func (w weight) weights(in Ranks, about *View) []float64 {
	if w.unknown(&about.Client) != "" {
		return about.Weights
	}
	weights := make([]float64, len(about.Endpoints))
	w.each(in, about, func(i int32, value any) { weights[i] = inRange(toNumber(value)) })
	return weights
}

// maxWeight is the greatest weight. The sum of many has to be finite, and each of them exact as a whole number.
const maxWeight = 1 << 53

// inRange returns the weight that a number means: what is no number, or a negative one, is 0.
func inRange(n float64) float64 {
	if n > 0 {
		return min(n, maxWeight)
	}
	return 0
}
