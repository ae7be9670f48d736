package policy

import (
	"strings"
	"testing"
)

// conditions makes an endpoint of each word: the letters r, s and t stand for ready, serving and terminating.
func conditions(words ...string) []Endpoint {
	endpoints := make([]Endpoint, len(words))
	for i, word := range words {
		endpoints[i] = Endpoint{
			Ready:       strings.Contains(word, "r"),
			Serving:     strings.Contains(word, "s"),
			Terminating: strings.Contains(word, "t"),
		}
	}
	return endpoints
}

func TestFromTakesTheFirstSetThatIsNotEmpty(t *testing.T) {
	for _, c := range []struct {
		line      string
		endpoints []Endpoint
		want      string
	}{
		{"from ready", conditions("rs", "s", "rs", "-"), "0 2"},
		{"from ready", conditions("s", "-"), ""},
		{"from ready", conditions("rst", "st"), "0"},
		{"from serving", conditions("rs", "s", "st", "-"), "0 1"},
		{"from serving", conditions("st", "rst", "t", "-"), "0 1"},
		{"from serving", conditions("r", "rt"), ""},
		{"from all", conditions("rs", "s", "st", "-"), "0 1 2 3"},
		{"from all", nil, ""},
		{"from ready serving", conditions("st", "s", "-"), "1"},
		{"from ready serving", conditions("st", "t", "-"), "0"},
		{"from serving ready", conditions("r", "st"), "1"},
		{"from serving ready", conditions("r", "t"), "0"},
		{"from ready serving all", conditions("-", "t"), "0 1"},
	} {
		out, skipped := compiled(t, c.line).Apply(start(c.endpoints), viewFor(c.endpoints, Place{}, Settings{}))
		if got := written(out); got != c.want || skipped != "" {
			t.Errorf("Expected '%s' to take %q of %+v, but got %q (%s)", c.line, c.want, c.endpoints, got, skipped)
		}
	}
}

func TestFromRefusesWhatIsNoSet(t *testing.T) {
	for line, want := range map[string]string{
		"from":                   "needs ready|serving|all ...",
		"from running":           "'running' is no set of endpoints, there are 'ready', 'serving' and 'all'",
		"from ready serving any": "'any' is no set of endpoints, there are 'ready', 'serving' and 'all'",
		"from ready all ready":   "'ready' is given twice, each set may be given once",
	} {
		refused(t, line, &Environment{}, want)
	}
}
