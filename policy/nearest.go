package policy

import (
	"errors"
	"fmt"
	"slices"
)

var nearestKind = Kind{
	Usage:   "nearest [node] [zone] [region]",
	Example: "nearest node zone",
	New:     newNearest,
}

// nearest keeps the closest group of endpoints that is large enough: on the client's node, else in its zone, else in
// its region, else all.
type nearest struct{ levels []level }

// level is how close an endpoint can be to a client.
type level struct {
	name   string
	client func(p *Place) string
	at     func(e *Endpoint) string
}

// levels are all levels, the closest first.
var levels = []level{
	{"node", func(p *Place) string { return p.Node }, func(e *Endpoint) string { return e.Node }},
	{"zone", func(p *Place) string { return p.Zone }, func(e *Endpoint) string { return e.Zone }},
	{"region", func(p *Place) string { return p.Region }, func(e *Endpoint) string { return e.Region }},
}

const (
	placeUnknown  = "the client's place is not known"
	nothingNearer = "no group of endpoints near the client is large enough"
)

var errNoPlaces = errors.New("it needs to know where clients are, which the 'clients' block says: " +
	"give it 'nodes', 'pods', 'endpoints' or 'subnet'")

func newNearest(args []string, with *Environment) (Step, error) {
	if !with.Places {
		return nil, errNoPlaces
	}
	chosen, err := parseLevels(args, with)
	return nearest{levels: chosen}, err
}

// parseLevels reads names of levels, in whatever order, and none as all. An EndpointSlice says no regions: nodes do.
func parseLevels(args []string, with *Environment) ([]level, error) {
	var chosen []level
	for i, name := range args {
		if !slices.ContainsFunc(levels, func(l level) bool { return l.name == name }) {
			return nil, fmt.Errorf("'%s' is no place, there are 'node', 'zone' and 'region'", name)
		}
		if slices.Contains(args[:i], name) {
			return nil, fmt.Errorf("'%s' is given twice, each place may be given once", name)
		}
	}
	for _, l := range levels {
		if len(args) == 0 || slices.Contains(args, l.name) {
			chosen = append(chosen, l)
			with.Uses.Nodes = with.Uses.Nodes || l.name == "region"
		}
	}
	return chosen, nil
}

func (nearest) Depends() Depends { return OnPlace }

func (nearest) comparesPlaces() {}

func (n nearest) Apply(in Ranks, about *View) (Ranks, string) {
	groups := n.groups(&about.Client.Place)
	if len(groups) == 0 {
		return in, placeUnknown
	}
	least := about.Settings.least(len(about.Endpoints))
	for i := range groups {
		near := groups[i].of(in, about)
		if near.Len() < least || overloaded(&groups[i], near.Len(), in.Len(), about) {
			continue
		}
		return append(near, spare(in, groups, i, about)...), ""
	}
	return in, nothingNearer
}

// groups returns the groups of a client, the closest first. Of a place that is not known, nobody can tell who is
// there.
func (n nearest) groups(client *Place) []group {
	groups := make([]group, 0, len(n.levels))
	for _, l := range n.levels {
		if place := l.client(client); place != "" {
			has := func(e *Endpoint) bool { return l.at(e) == place }
			groups = append(groups, group{level: l.name, place: place, has: has})
		}
	}
	return groups
}

// group is a group of endpoints that are equally close to a client, such as those in its zone.
type group struct {
	level, place string // such as "zone", and which one
	has          func(e *Endpoint) bool
}

// of returns those of the endpoints that are in the group, each in its rank.
func (g *group) of(in Ranks, about *View) Ranks {
	return in.Keep(func(i int32) bool { return g.has(&about.Endpoints[i]) })
}
