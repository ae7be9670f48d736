package policy

import (
	"fmt"
	"testing"
)

func TestSparesAreTheClosestThatWereNotChosenInARankOfTheirOwn(t *testing.T) {
	endpoints := at("n1/a/r", "n1/a/r", "n2/a/r", "n3/b/r", "n4/c/s")
	for _, c := range []struct {
		line  string
		in    Ranks
		spare int
		want  string
	}{
		{"nearest", start(endpoints), 1, "0 1 | 2"},
		{"nearest", start(endpoints), 2, "0 1 | 2 3"},
		{"nearest", start(endpoints), 3, "0 1 | 2 3 4"},
		{"nearest", start(endpoints), 9, "0 1 | 2 3 4"},
		{"nearest zone region", start(endpoints), 1, "0 1 2 | 3"},
		{"nearest", Ranks{{1}, {0}}, 1, "1 | 0"},
		{"nearest", Ranks{{1, 4}, {0, 3}}, 1, "1 | 0 | 3"},
		{"nearest", Ranks{{4}, {3}}, 1, "3 | 4"},
	} {
		out, _ := compiled(t, c.line).Apply(c.in, viewFor(endpoints, placeOf("n1/a/r"), Settings{Spare: c.spare}))
		if got := written(out); got != c.want {
			t.Errorf("Expected '%s' with %d spare endpoints to make %q of %q, but got %q",
				c.line, c.spare, c.want, written(c.in), got)
		}
	}
}

func TestNothingIsSparedWhereNothingWasChosen(t *testing.T) {
	endpoints := at("n1/a", "n2/b")
	for _, client := range []string{"", "n3/c"} {
		out, _ := compiled(t, "nearest").Apply(start(endpoints), viewFor(endpoints, placeOf(client), Settings{Spare: 1}))
		if got := written(out); got != "0 1" {
			t.Errorf("Expected a client at '%s' to get all in one rank, but got %q", client, got)
		}
	}
}

// Were the 60 spares of 30 nodes drawn independently out of 40 endpoints, 31 different ones would come on average;
// that fewer than 20 come has a chance below one in a billion. The hash has no chance, though: it is what it is.
func TestClientsOfDifferentPlacesHaveDifferentSpares(t *testing.T) {
	var places []string
	for i := range 30 {
		places = append(places, fmt.Sprintf("n%d/a", i))
	}
	for i := range 40 {
		places = append(places, fmt.Sprintf("m%d/b", i))
	}
	endpoints := at(places...)
	different := map[int32]bool{}
	for _, client := range places[:30] {
		view := viewFor(endpoints, placeOf(client), Settings{Spare: 2})
		out, _ := compiled(t, "nearest zone").Apply(start(endpoints), view)
		for _, i := range out[len(out)-1] {
			different[i] = true
		}
	}
	if len(different) != 2 {
		t.Errorf("Expected one place's clients to have the same two spares, but got %d", len(different))
	}
	clear(different)
	for _, client := range places[:30] {
		view := viewFor(endpoints, placeOf(client), Settings{Spare: 31})
		out, _ := compiled(t, "nearest node zone").Apply(start(endpoints), view)
		for _, i := range out[len(out)-1] {
			if i >= 30 {
				different[i] = true
			}
		}
	}
	if len(different) < 20 {
		t.Errorf("Expected the spares of 30 nodes to be spread over 40 endpoints, but they are %d", len(different))
	}
}

func TestBothFamiliesHaveTheSameSpares(t *testing.T) {
	four := at("n1/a", "n2/b", "n3/b", "n4/b", "n5/c", "n6/c")
	six := at("n6/c", "n5/c", "n4/b", "n3/b", "n2/b", "n1/a")
	for i := range six {
		six[i].Pod = four[len(four)-1-i].Pod
	}
	pods := func(endpoints []Endpoint) map[string]bool {
		view := viewFor(endpoints, placeOf("n1/a"), Settings{Spare: 2})
		out, _ := compiled(t, "nearest").Apply(start(endpoints), view)
		names := map[string]bool{}
		for _, i := range out[len(out)-1] {
			names[endpoints[i].Pod] = true
		}
		return names
	}
	if a, aaaa := pods(four), pods(six); len(a) != 2 || fmt.Sprint(a) != fmt.Sprint(aaaa) {
		t.Errorf("Expected the same two Pods in both families, but got %v and %v", a, aaaa)
	}
}
