package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// hinted makes an endpoint of each word. A word lists hints for zones, which are letters, and for nodes, which are
// digits; it begins with a dash where the endpoint is not ready. Each endpoint runs elsewhere than its hints say.
func hinted(words ...string) []Endpoint {
	endpoints := at(slices.Repeat([]string{"n/z/r"}, len(words))...)
	for i, word := range words {
		word, unready := strings.CutPrefix(word, "-")
		endpoints[i].Ready = !unready
		for letter := range strings.SplitSeq(word, "") {
			if letter >= "a" {
				endpoints[i].HintZones = append(endpoints[i].HintZones, letter)
			} else {
				endpoints[i].HintNodes = append(endpoints[i].HintNodes, letter)
			}
		}
	}
	return endpoints
}

func TestHintsAreTakenAsKubeProxyTakesThem(t *testing.T) {
	const everything = "all"
	for name, c := range map[string]struct {
		endpoints    []Endpoint
		client       string
		want, reason string
	}{
		"zone hints":                                {hinted("a", "b", "a"), "1/a", "0 2", ""},
		"several zones in a hint":                   {hinted("ab", "bc", "c"), "1/b", "0 1", ""},
		"hints, and not where endpoints run":        {hinted("a", "b"), "n/z", everything, hintedAway},
		"one without hints spoils all":              {hinted("a", "b", ""), "1/a", everything, withoutHints},
		"one that is not ready spoils nothing":      {hinted("a", "b", "-"), "1/a", "0", ""},
		"one that is not ready does not speak":      {hinted("b", "-a"), "1/a", everything, hintedAway},
		"one that is not ready comes if it is here": {hinted("a", "b", "-a"), "1/a", "0 2", ""},
		"hints for other zones":                     {hinted("b", "c"), "1/a", everything, hintedAway},
		"no hints":                                  {hinted("", ""), "1/a", everything, withoutHints},
		"node hints":                                {hinted("1", "2", "1"), "1/a", "0 2", ""},
		"node before zone":                          {hinted("1a", "2a", "3b"), "1/a", "0", ""},
		"nodes elsewhere, then zones":               {hinted("2a", "3a", "4b"), "1/a", "0 1", ""},
		"nodes and zones elsewhere":                 {hinted("2b", "3b"), "1/a", everything, hintedAway},
		"nodes elsewhere, no zones":                 {hinted("2", "3"), "1/a", everything, hintedAway},
		"one without node hints, then zones":        {hinted("1a", "a", "b"), "1/a", "0 1", ""},
		"one without zone hints, but nodes":         {hinted("1a", "2"), "1/a", "0", ""},
		"one without each":                          {hinted("1", "a"), "1/a", everything, withoutHints},
		"only one that is not ready, with its node": {hinted("1a", "2a", "-a"), "1/a", "0", ""},
		"nobody is ready":                           {hinted("-a", "-a"), "1/a", everything, noneReady},
		"no endpoints":                              {nil, "1/a", everything, noneReady},
		"the node is not known":                     {hinted("1a", "2b"), "/a", "0", ""},
		"the zone is not known":                     {hinted("1a", "2b"), "2", "1", ""},
		"the zone is not known, and no node here":   {hinted("1a", "2b"), "3", everything, hintedAway},
		"the place is not known":                    {hinted("1a", "2b"), "", everything, placeUnknown},
	} {
		view := viewFor(c.endpoints, placeOf(c.client), Settings{})
		out, reason := compiled(t, "hints").Apply(start(c.endpoints), view)
		if c.want == everything {
			c.want = written(start(c.endpoints))
		}
		if got := written(out); got != c.want || reason != c.reason {
			t.Errorf("Expected with %s %q (%s), but got %q (%s)", name, c.want, c.reason, got, reason)
		}
	}
}

func TestAnUnknownPlaceIsNobodysAlsoWhereAHintIsEmpty(t *testing.T) {
	endpoints := hinted("1", "2")
	endpoints[0].HintZones, endpoints[1].HintZones = []string{""}, []string{"b"}
	view := viewFor(endpoints, Place{Node: "3"}, Settings{})
	if out, reason := compiled(t, "hints").Apply(start(endpoints), view); written(out) != "0 1" || reason != hintedAway {
		t.Errorf("Expected an empty hint to be for nobody, but got %q (%s)", written(out), reason)
	}
}

func TestHintsAreJudgedOverAllAndThenMeetWhatIsLeft(t *testing.T) {
	for name, c := range map[string]struct {
		endpoints    []Endpoint
		in           Ranks
		min          int
		want, reason string
	}{
		"ranks stay":                        {hinted("a", "a", "b", "a"), Ranks{{3}, {0, 2}}, 1, "3 | 0", ""},
		"who was left out spoils all":       {hinted("a", "a", ""), Ranks{{0, 1}}, 1, "0 1", withoutHints},
		"those for here were left out":      {hinted("a", "b", "b"), Ranks{{1, 2}}, 1, "1 2", tooFewHinted},
		"too few are for here":              {hinted("a", "b", "b"), Ranks{{0, 1, 2}}, 2, "0 1 2", tooFewHinted},
		"too few for the node, no way back": {hinted("1a", "2a", "3b"), Ranks{{0, 1, 2}}, 2, "0 1 2", tooFewHinted},
		"just enough are for here":          {hinted("a", "b", "a"), Ranks{{0}, {1, 2}}, 2, "0 | 2", ""},
	} {
		view := viewFor(c.endpoints, placeOf("1/a"), Settings{Min: c.min})
		out, reason := compiled(t, "hints").Apply(c.in, view)
		if got := written(out); got != c.want || reason != c.reason {
			t.Errorf("Expected where %s %q (%s), but got %q (%s)", name, c.want, c.reason, got, reason)
		}
	}
}

func TestHintsHaveSparesOfTheZoneAndThenOfAll(t *testing.T) {
	for _, c := range []struct {
		endpoints []Endpoint
		spare     int
		want      string
	}{
		{hinted("1a", "2a", "3b"), 1, "0 | 1"},
		{hinted("1a", "2a", "3b"), 2, "0 | 1 2"},
		{hinted("1", "2", "3"), 2, "0 | 1 2"},
		{hinted("a", "b", "a"), 5, "0 2 | 1"},
		{hinted("a", "b", ""), 1, "0 1 2"},
	} {
		view := viewFor(c.endpoints, placeOf("1/a"), Settings{Spare: c.spare})
		if out, _ := compiled(t, "hints").Apply(start(c.endpoints), view); written(out) != c.want {
			t.Errorf("Expected with %d spares %q, but got %q", c.spare, c.want, written(out))
		}
	}
}

func TestHintsRefuseArgumentsAndClientsWithoutAPlace(t *testing.T) {
	refused(t, "hints zone", &Environment{Places: true}, "takes no arguments, but has 'zone'")
	refused(t, "hints", &Environment{}, errNoPlaces.Error())
}

func BenchmarkHints(b *testing.B) {
	for _, n := range []int{3, 100, 1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			benchmarkPlaceStep(b, "hints", n, Settings{})
		})
	}
}
