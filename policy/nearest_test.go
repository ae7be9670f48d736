package policy

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

// at makes a ready endpoint of each word, which is its node, zone and region.
func at(places ...string) []Endpoint {
	endpoints := make([]Endpoint, len(places))
	for i, place := range places {
		p := placeOf(place)
		endpoints[i] = Endpoint{
			Address:   netip.AddrFrom4([4]byte{10, 0, byte(i / 256), byte(i)}),
			Namespace: "default",
			Pod:       fmt.Sprintf("web-%d", i),
			Node:      p.Node, Zone: p.Zone, Region: p.Region,
			Ready: true, Serving: true,
		}
	}
	return endpoints
}

// placeOf reads NODE/ZONE/REGION, of which the last ones may be left out.
func placeOf(word string) Place {
	parts := append(strings.Split(word, "/"), "", "")
	return Place{Node: parts[0], Zone: parts[1], Region: parts[2]}
}

// viewFor is a view on endpoints for steps that use no chance.
func viewFor(endpoints []Endpoint, client Place, settings Settings) *View {
	return &View{Endpoints: endpoints, Client: Client{Place: client}, Settings: &settings}
}

// compiled makes a step of its line, in an environment that knows all about clients.
func compiled(t testing.TB, line string) Step {
	t.Helper()
	words := strings.Fields(line)
	step, err := kinds[words[0]].New(words[1:], &Environment{Places: true, Pods: true})
	if err != nil {
		t.Fatalf("Expected '%s' to be right, but got %v", line, err)
	}
	return step
}

// refused expects a line to be wrong, and the error that says so.
func refused(t *testing.T, line string, with *Environment, want string) {
	t.Helper()
	words := strings.Fields(line)
	switch _, err := kinds[words[0]].New(words[1:], with); {
	case err == nil:
		t.Errorf("Expected '%s' to be refused", line)
	case err.Error() != want:
		t.Errorf("Expected '%s' to be refused with %q, but got %q", line, want, err)
	}
}

// written writes ranks like "0 1 | 2".
func written(ranks Ranks) string {
	all := make([]string, len(ranks))
	for i, rank := range ranks {
		all[i] = strings.Trim(fmt.Sprint(rank), "[]")
	}
	return strings.Join(all, " | ")
}

func TestNearestKeepsTheClosestGroupThatIsLargeEnough(t *testing.T) {
	endpoints := at("n1/a/r", "n2/a/r", "n3/b/r", "n4/c/s", "n4/c/s", "-/d/")
	for _, c := range []struct {
		line, client string
		min          int
		want, reason string
	}{
		{"nearest", "n1/a/r", 1, "0", ""},
		{"nearest", "n1/a/r", 2, "0 1", ""},
		{"nearest", "n1/a/r", 3, "0 1 2", ""},
		{"nearest", "n1/a/r", 4, "0 1 2 3 4 5", nothingNearer},
		{"nearest", "n4/c/s", 2, "3 4", ""},
		{"nearest", "n9/a/r", 1, "0 1", ""},
		{"nearest", "n9/z/r", 1, "0 1 2", ""},
		{"nearest", "n9/z/z", 1, "0 1 2 3 4 5", nothingNearer},
		{"nearest", "/a/r", 1, "0 1", ""},
		{"nearest", "//s", 1, "3 4", ""},
		{"nearest", "", 1, "0 1 2 3 4 5", placeUnknown},
		{"nearest zone", "n1/a/r", 1, "0 1", ""},
		{"nearest zone", "n1//r", 1, "0 1 2 3 4 5", placeUnknown},
		{"nearest zone", "/d", 1, "5", ""},
		{"nearest region", "n1/a/r", 1, "0 1 2", ""},
		{"nearest region node", "n1/a/r", 1, "0", ""},
		{"nearest region node", "n1/a/r", 2, "0 1 2", ""},
	} {
		view := viewFor(endpoints, placeOf(c.client), Settings{Min: c.min})
		out, reason := compiled(t, c.line).Apply(start(endpoints), view)
		if got := written(out); got != c.want || reason != c.reason {
			t.Errorf("Expected '%s' with min %d to leave a client at %s %q (%s), but got %q (%s)",
				c.line, c.min, c.client, c.want, c.reason, got, reason)
		}
	}
}

func TestNearestCountsOverAllRanksAndKeepsThem(t *testing.T) {
	endpoints := at("n1/a", "n2/b", "n3/a", "n4/c", "n5/a")
	in := Ranks{{1, 4}, {3}, {0, 2}}
	out, reason := compiled(t, "nearest zone").Apply(in, viewFor(endpoints, Place{Zone: "a"}, Settings{Min: 3}))
	if got := written(out); got != "4 | 0 2" || reason != "" {
		t.Errorf("Expected the ranks to stay as \"4 | 0 2\", but got %q (%s)", got, reason)
	}
}

func TestTheLeastIsAPercentageOfAllEndpointsAlsoOfThoseThatAnEarlierStepLeftOut(t *testing.T) {
	endpoints := at("/a", "/a", "/b", "/b", "/b", "/b")
	for percent, want := range map[int]string{33: "0 1", 34: "0 1 2 3"} {
		view := viewFor(endpoints, Place{Zone: "a"}, Settings{MinPercent: percent})
		if out, _ := compiled(t, "nearest").Apply(Ranks{{0, 1, 2, 3}}, view); written(out) != want {
			t.Errorf("Expected %q with min %d%%, but got %q", want, percent, written(out))
		}
	}
}

func TestNearestLooksAtNodesOnlyWhereItCaresForRegions(t *testing.T) {
	for line, want := range map[string]bool{
		"nearest": true, "nearest node region": true, "nearest node zone": false, "nearest zone": false,
	} {
		with := Environment{Places: true}
		if _, err := nearestKind.New(strings.Fields(line)[1:], &with); err != nil || with.Uses.Nodes != want {
			t.Errorf("Expected '%s' to use nodes: %t, but got %t (%v)", line, want, with.Uses.Nodes, err)
		}
	}
}

func TestNearestRefusesWhatIsNoPlace(t *testing.T) {
	known := &Environment{Places: true}
	refused(t, "nearest rack", known, "'rack' is no place, there are 'node', 'zone' and 'region'")
	refused(t, "nearest zone node zone", known, "'zone' is given twice, each place may be given once")
	refused(t, "nearest zone", &Environment{Pods: true}, "it needs to know where clients are, which the 'clients' "+
		"block says: give it 'nodes', 'pods', 'endpoints' or 'subnet'")
}

func BenchmarkNearest(b *testing.B) {
	for _, n := range []int{3, 100, 1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			benchmarkPlaceStep(b, "nearest", n, Settings{})
		})
	}
}

func BenchmarkNearestWithSpare(b *testing.B) {
	for _, n := range []int{3, 100, 1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			benchmarkPlaceStep(b, "nearest", n, Settings{Spare: 2})
		})
	}
}

// benchmarkPlaceStep measures what a step costs for a place that nothing is remembered of, over n endpoints on as
// many nodes in three zones.
func benchmarkPlaceStep(b *testing.B, line string, n int, settings Settings) {
	b.Helper()
	places := make([]string, n)
	for i := range places {
		places[i] = fmt.Sprintf("n%d/%c/r", i, 'a'+i%3)
	}
	endpoints := at(places...)
	for i := range endpoints {
		endpoints[i].HintZones = []string{endpoints[i].Zone}
	}
	step, in := compiled(b, line), start(endpoints)
	view := viewFor(endpoints, Place{Node: "n", Zone: "b", Region: "r"}, settings)
	b.ReportAllocs()
	for b.Loop() {
		step.Apply(in, view)
	}
}
