package policy

import "testing"

func TestAGroupIsTakenOnlyWhileItIsLargeEnoughForItsClients(t *testing.T) {
	// A fifth of the endpoints is in zone a, and a tenth on node n1.
	endpoints := at("n1/a/r", "n2/a/r", "n3/b/r", "n4/b/r", "n5/b/r", "n6/b/r", "n7/b/r", "n8/b/r", "n9/b/r", "n0/b/r")
	half := map[string]int{"a": 10, "b": 10}
	for name, c := range map[string]struct {
		line     string
		overload int
		nodes    map[string]int
		want     string
	}{
		"a zone with half of the nodes is too small":  {"nearest zone", 249, half, "all"},
		"a zone is just large enough":                 {"nearest zone", 250, half, "0 1"},
		"overload is off":                             {"nearest zone", 0, half, "0 1"},
		"the nodes are not known":                     {"nearest zone", 100, nil, "0 1"},
		"no node is known":                            {"nearest node", 100, map[string]int{}, "0"},
		"the client's zone is not known to have any":  {"nearest zone", 100, map[string]int{"b": 10}, "0 1"},
		"a node with a twentieth of the clients":      {"nearest node", 100, half, "0"},
		"a node with all clients":                     {"nearest node", 999, map[string]int{"a": 1}, "all"},
		"a node with all clients, just large enough":  {"nearest node", 1000, map[string]int{"a": 1}, "0"},
		"a zone that is too small gives way":          {"nearest zone region", 100, half, "all"},
		"a node may be large enough where no zone is": {"nearest node zone", 100, half, "0"},
		"regions are not judged":                      {"nearest region", 100, map[string]int{"z": 99, "a": 1}, "all"},
	} {
		view := viewFor(endpoints, placeOf("n1/a/r"), Settings{Overload: c.overload})
		view.Nodes = c.nodes
		out, _ := compiled(t, c.line).Apply(start(endpoints), view)
		if c.want == "all" {
			c.want = written(start(endpoints))
		}
		if got := written(out); got != c.want {
			t.Errorf("Expected where %s %q, but got %q", name, c.want, got)
		}
	}
}

func TestTheShareOfAGroupIsThatOfWhatEarlierStepsLeft(t *testing.T) {
	endpoints := at("/a", "/a", "/b", "/b", "/b", "/b", "/b", "/b")
	view := viewFor(endpoints, Place{Zone: "a"}, Settings{Overload: 100})
	view.Nodes = map[string]int{"a": 1, "b": 1}
	if out, _ := compiled(t, "nearest").Apply(Ranks{{0, 1}, {2, 3}}, view); written(out) != "0 1" {
		t.Errorf("Expected half of what is left to be enough for half of the nodes, but got %q", written(out))
	}
	if out, _ := compiled(t, "nearest").Apply(Ranks{{0, 1}, {2, 3, 4}}, view); written(out) != "0 1 | 2 3 4" {
		t.Errorf("Expected less than half to be too little for half of the nodes, but got %q", written(out))
	}
}
