package policy

import (
	"fmt"
	"slices"
	"testing"
)

func TestRankPutsThoseOfTheExpressionFirst(t *testing.T) {
	endpoints := at("n1/a", "n2/b", "n3/a", "n4/c")
	for _, c := range []struct {
		line, want string
		in         Ranks
	}{
		{"rank zone == 'a'", "0 2 | 1 3", start(endpoints)},
		{"rank zone == 'a'", "2 | 1 | 0 | 3", Ranks{{1, 2}, {0, 3}}}, // an earlier rank weighs more
		{"rank zone == 'd'", "0 1 2 3", start(endpoints)},
		{"rank true", "0 1 2 3", start(endpoints)},
		{"rank true", "", nil},
	} {
		out, reason := compiled(t, c.line).Apply(c.in, viewFor(endpoints, Place{}, Settings{}))
		if got := written(out); got != c.want || reason != "" {
			t.Errorf("Expected '%s' to make %q of %q, but got %q (%s)", c.line, c.want, written(c.in), got, reason)
		}
	}
}

func TestRankPutsTheClosestPlacesFirst(t *testing.T) {
	endpoints := at("n1/a/r", "n2/a/r", "n3/b/r", "n4/c/s", "n1/c/s", "-/d/")
	for _, c := range []struct{ line, client, want, reason string }{
		{"rank node zone region", "n1/a/r", "0 4 | 1 | 2 | 3 5", ""},
		{"rank region zone node", "n1/a/r", "0 4 | 1 | 2 | 3 5", ""},
		{"rank node zone", "n1/a/r", "0 4 | 1 | 2 3 5", ""},
		{"rank zone", "n1/a/r", "0 1 | 2 3 4 5", ""},
		{"rank region", "n1/a/r", "0 1 2 | 3 4 5", ""},
		{"rank node region", "n1/a/r", "0 4 | 1 2 | 3 5", ""},
		{"rank node zone region", "/a/r", "0 1 | 2 | 3 4 5", ""},
		{"rank node zone region", "n9/z/z", "0 1 2 3 4 5", ""},
		{"rank node zone", "//r", "0 1 2 3 4 5", placeUnknown},
		{"rank region", "n1/a/", "0 1 2 3 4 5", placeUnknown},
	} {
		out, reason := compiled(t, c.line).Apply(start(endpoints), viewFor(endpoints, placeOf(c.client), Settings{}))
		if got := written(out); got != c.want || reason != c.reason {
			t.Errorf("Expected '%s' to make %q for %s (%s), but got %q (%s)",
				c.line, c.want, c.client, c.reason, got, reason)
		}
	}
}

func TestAnEarlierRankWeighsMore(t *testing.T) {
	endpoints := at("n1/a", "n2/b", "n3/a", "n4/c")
	out, _ := compiled(t, "rank node zone").Apply(Ranks{{1, 2}, {0, 3}}, viewFor(endpoints, placeOf("n3/a"), Settings{}))
	if got, want := written(out), "2 | 1 | 0 | 3"; got != want {
		t.Errorf("Expected %q, but got %q", want, got)
	}
}

func TestRankIsOneFormOrTheOther(t *testing.T) {
	refused(t, "rank", all(), "needs EXPRESSION, or some of 'node', 'zone' and 'region'")
	refused(t, "rank zone zone", all(), "'zone' is given twice, each place may be given once")
	refused(t, "rank zone", &Environment{}, errNoPlaces.Error())
	refused(t, "rank zone host", all(), `unexpected token Identifier("host"), at character 6 of 'zone host'`)
	with := all()
	if _, err := newRank([]string{"region", "zone"}, with); err != nil || !with.Uses.Nodes {
		t.Errorf("Expected regions to need nodes, but got %+v (%v)", with.Uses, err)
	}
	for line, compares := range map[string]bool{"rank zone": true, "rank zone == client.zone": false} {
		step := compiled(t, line)
		if _, ok := step.(placeComparer); ok != compares || step.Depends() != OnPlace {
			t.Errorf("Expected '%s' to depend on the place, and only to compare it: %t", line, compares)
		}
	}
}

func TestRankLeavesAllInAndTheInputAsItIs(t *testing.T) {
	for seed := range uint64(rounds(2_000)) {
		about, in, expression := narrowing(seed)
		for _, line := range []string{"rank " + expression, "rank node zone region"} {
			step, before := compiled(t, line), written(in)
			out, _ := step.Apply(in, about)
			again, _ := step.Apply(out, about)
			all, left := slices.Concat(in...), slices.Concat(out...)
			slices.Sort(all)
			slices.Sort(left)
			if !slices.Equal(all, left) || written(in) != before || written(again) != written(out) {
				t.Fatalf("Expected '%s' of seed %d to leave all of %q in, and twice to be like once, but got %q and %q",
					line, seed, before, written(out), written(again))
			}
		}
	}
}

func BenchmarkRank(b *testing.B) {
	benchmarkExpressions(b, "rank labels['role'] == 'primary'")
	for _, n := range []int{3, 100, 1_000, 10_000} {
		b.Run(fmt.Sprintf("rank node zone region/%d", n), func(b *testing.B) {
			benchmarkPlaceStep(b, "rank node zone region", n, Settings{})
		})
	}
}
