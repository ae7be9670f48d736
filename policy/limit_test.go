package policy

import (
	"slices"
	"testing"
)

func TestALimitTakesTheFirst(t *testing.T) {
	in := Ranks{{3, 1}, {2}, {5, 4, 6}}
	all := slices.Concat(in...)
	for n := 1; n < 8; n++ {
		out, _ := limit(n).Apply(in, nil)
		if got := slices.Concat(out...); !slices.Equal(got, all[:min(n, 6)]) {
			t.Errorf("The first %d are %v", n, out)
		}
		for r, rank := range out {
			if len(rank) == 0 || rank[0] != in[r][0] {
				t.Errorf("With a limit of %d, rank %d is %v", n, r, rank)
			}
		}
	}
}

func TestWhatFitsIsForTheAnswerToKnow(t *testing.T) {
	in := Ranks{{3, 1}, {2}}
	if out, skipped := limit(0).Apply(in, nil); out.Len() != 3 || skipped != "" {
		t.Errorf("It leaves %v (%s)", out, skipped)
	}
}
