package policy

import "testing"

func TestPreferKeepsUnlessTooFewWouldBeLeft(t *testing.T) {
	endpoints := at("n1/a", "n2/b", "n3/a", "n4/c", "n5/d")
	for _, c := range []struct {
		line         string
		in           Ranks
		settings     Settings
		want, reason string
	}{
		{"prefer zone == 'a'", start(endpoints), Settings{}, "0 2", ""},
		{"prefer zone == 'a'", start(endpoints), Settings{Min: 2}, "0 2", ""},
		{"prefer zone == 'a'", Ranks{{1, 2}, {0, 3}}, Settings{Min: 2}, "2 | 0", ""},
		{
			"prefer zone == 'a'", start(endpoints), Settings{Min: 3}, "0 1 2 3 4",
			"it would leave 2 of 5 endpoints, and the least is 3",
		},
		{"prefer zone == 'a'", start(endpoints), Settings{MinPercent: 40}, "0 2", ""},
		{
			"prefer zone == 'a'", Ranks{{0, 2}, {3}}, Settings{MinPercent: 41}, "0 2 | 3",
			"it would leave 2 of 3 endpoints, and the least is 3", // of all five, whatever was left before
		},
		{"prefer zone == 'e'", Ranks{{0}}, Settings{}, "0", "it would leave 0 of 1 endpoints, and the least is 1"},
		{"prefer zone == 'e'", nil, Settings{}, "", "it would leave 0 of 0 endpoints, and the least is 1"},
	} {
		out, reason := compiled(t, c.line).Apply(c.in, viewFor(endpoints, Place{}, c.settings))
		if got := written(out); got != c.want || reason != c.reason {
			t.Errorf("Expected '%s' with %+v to leave %q (%s), but got %q (%s)",
				c.line, c.settings, c.want, c.reason, got, reason)
		}
	}
}

func TestPreferNeverLeavesLessThanTheLeastUnlessThereIsLess(t *testing.T) {
	for seed := range uint64(rounds(2_000)) {
		about, in, expression := narrowing(seed)
		out, _ := compiled(t, "prefer "+expression).Apply(in, about)
		if least := min(about.Settings.least(len(about.Endpoints)), in.Len()); out.Len() < least {
			t.Fatalf("Expected seed %d to leave at least %d, but got %d", seed, least, out.Len())
		}
	}
}

func BenchmarkPrefer(b *testing.B) {
	benchmarkExpressions(b, "prefer node_ready and not terminating")
}
