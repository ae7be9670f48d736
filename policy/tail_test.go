package policy

import (
	"slices"
	"strings"
	"testing"
)

func TestTheFirstFewAreTheFirstOfAll(t *testing.T) {
	view := podsView(60)
	ranks := Ranks{nil, nil, nil}
	for i := range int32(60) {
		ranks[i%7%3] = append(ranks[i%7%3], i)
	}
	view.Turn = 17
	for name, o := range orders {
		if name == "shuffle" || name == "weighted" {
			continue
		}
		all, _ := o.Apply(ranks, view)
		want := slices.Concat(all...)
		in := ranks
		if o.Depends() == OnEndpoints {
			in = all // as it is remembered
		}
		for k := range 61 {
			tail := tail{order: o}
			got := tail.pick([]int32{-1}, in, k, view)
			if !slices.Equal(got[1:], want[:k]) || got[0] != -1 {
				t.Fatalf("%s: the first %d are %v, not of %v", name, k, got, want)
			}
		}
	}
}

func TestEveryOrderKeepsTheRanksAndAllInThem(t *testing.T) {
	ranks := Ranks{{1, 4, 5, 9}, {0}, {2, 3, 7}}
	view := podsView(10)
	view.Weights = []float64{3, 0, 1, 1, 0, 2, 7, 1, 1, 5}
	steps := []Step{byZone}
	for _, o := range orders {
		steps = append(steps, o)
	}
	for _, step := range steps {
		in := Ranks{slices.Clone(ranks[0]), slices.Clone(ranks[1]), slices.Clone(ranks[2])}
		out, _ := step.Apply(in, view)
		for r := range ranks {
			if slices.Sort(out[r]); !slices.Equal(out[r], ranks[r]) || !slices.Equal(in[r], ranks[r]) {
				t.Errorf("%T makes %v of rank %v, and leaves %v", step, out[r], ranks[r], in[r])
			}
		}
		if out, _ := step.Apply(nil, view); out.Len() != 0 {
			t.Errorf("%T makes %v of nothing", step, out)
		}
	}
}

func TestTheTailIsWrittenInItsOrder(t *testing.T) {
	for lines, want := range map[string]string{
		"order":                         "needs one of address ordinal rotate shuffle sticky weighted",
		"order sticky ordinal":          "but has 'sticky ordinal'",
		"order random":                  "unknown order 'random', the orders are address ordinal",
		"order sticky; order sticky":    "it is given twice",
		"limit 3; order sticky":         "it must stand before 'limit'",
		"limit fit; order sticky":       "it must stand before 'limit'",
		"spread zone; order sticky":     "it must stand before 'spread'",
		"spread":                        "needs 'zone' or 'node'",
		"spread region":                 "'region' is neither 'zone' nor 'node'",
		"spread zone; spread node":      "it is given twice",
		"limit 3; spread node":          "it must stand before 'limit'",
		"limit":                         "needs N or 'fit'",
		"limit 0":                       "'0' is no number from 1, and not 'fit'",
		"limit -1":                      "'-1' is no number",
		"limit some":                    "'some' is no number",
		"limit 1 2":                     "but has '1 2'",
		"limit 3; limit 4":              "it is given twice",
		"limit fit; limit 3; limit fit": "it is given twice",
	} {
		_, err := Compile("p", splitLines(lines), &Environment{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("'%s' is refused with %v, not with %s", lines, err, want)
		}
	}
}

func TestTheTailIsWhatIsWritten(t *testing.T) {
	for lines, want := range map[string]struct {
		order  order
		spread bool
		limit  int
		fit    bool
	}{
		"limit fit":                {shuffle{}, false, 0, true},
		"limit 5":                  {sticky{}, false, 5, false},
		"limit fit; limit 5":       {sticky{}, false, 5, true},
		"order rotate; limit 5":    {rotate{}, false, 5, false},
		"order ordinal":            {byOrdinal{}, false, 0, false},
		"spread zone":              {shuffle{}, true, 0, false},
		"order address":            {byAddress{}, false, 0, false},
		"order weighted; limit 1":  {weighted{}, false, 1, false},
		"spread node; limit 3":     {sticky{}, true, 3, false},
		"order sticky; limit fit":  {sticky{}, false, 0, true},
		"order shuffle; limit 100": {shuffle{}, false, 100, false},
	} {
		policy, err := Compile("p", splitLines(lines), &Environment{})
		if err != nil {
			t.Errorf("'%s' is refused: %v", lines, err)
			continue
		}
		got := policy.tail
		spread := got.spread.by != nil
		if got.order != want.order || got.limit != want.limit || got.fit != want.fit || spread != want.spread {
			t.Errorf("'%s' is %+v", lines, got)
		}
	}
}

func splitLines(text string) (lines [][]string) {
	for line := range strings.SplitSeq(text, "; ") {
		lines = append(lines, strings.Fields(line))
	}
	return lines
}
