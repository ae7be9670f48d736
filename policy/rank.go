package policy

import (
	"reflect"
	"slices"
)

var rankKind = Kind{
	Usage:   "rank EXPRESSION | rank [node] [zone] [region]",
	Example: "rank node zone",
	New:     newRank,
}

// newRank tells the two forms apart: names of places alone are no expression that is true or false.
func newRank(args []string, with *Environment) (Step, error) {
	isPlace := func(arg string) bool {
		return slices.ContainsFunc(levels, func(l level) bool { return l.name == arg })
	}
	switch {
	case len(args) == 0:
		return nil, wrongCount(args, "EXPRESSION, or some of 'node', 'zone' and 'region'")
	case slices.ContainsFunc(args, func(arg string) bool { return !isPlace(arg) }):
		f, err := newFormula(args, with, "boolean", reflect.Bool)
		return rank{f}, err
	case !with.Places:
		return nil, errNoPlaces
	}
	chosen, err := parseLevels(args, with)
	return rankPlaces{chosen}, err
}

// rank puts the endpoints for which its expression is true before the others. All stay.
type rank struct{ *formula }

func (r rank) Apply(in Ranks, about *View) (Ranks, string) {
	if reason := r.unknown(&about.Client); reason != "" {
		return in, reason
	}
	return in.Split(r.holds(in, about)), ""
}

// rankPlaces puts the endpoints on the client's node first, then those in its zone, then those in its region, then
// the others. All stay.
type rankPlaces struct{ levels []level }

func (rankPlaces) Depends() Depends { return OnPlace }

func (rankPlaces) comparesPlaces() {}

func (r rankPlaces) Apply(in Ranks, about *View) (Ranks, string) {
	client := &about.Client.Place
	known := slices.DeleteFunc(slices.Clone(r.levels), func(l level) bool { return l.client(client) == "" })
	if len(known) == 0 {
		return in, placeUnknown
	}
	out := make(Ranks, 0, len(in)*(len(known)+1))
	for _, rank := range in {
		groups := make(Ranks, len(known)+1)
		for _, i := range rank {
			g := closest(known, client, &about.Endpoints[i])
			groups[g] = append(groups[g], i)
		}
		out = append(out, slices.DeleteFunc(groups, func(group []int32) bool { return group == nil })...)
	}
	return out, ""
}

// closest returns the number of the first level at which an endpoint is where the client is, or that of all levels.
func closest(levels []level, client *Place, e *Endpoint) int {
	for n, l := range levels {
		if l.at(e) == l.client(client) {
			return n
		}
	}
	return len(levels)
}
