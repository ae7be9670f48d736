package policy

import "slices"

var hintsKind = Kind{
	Usage:   "hints",
	Example: "hints",
	New:     newHints,
}

// hints keeps the endpoints that their topology hints mean for the client's node, else for its zone, as kube-proxy
// does for services that have a cluster IP. Hints are believed all or nothing: a control plane that gave none to some
// endpoint is between two minds, and whoever followed the others would overload them. The zone in which an endpoint
// runs does not matter: a controller may mean it for another one.
type hints struct{}

// hintLevel is a level that endpoints can have hints of.
type hintLevel struct {
	client func(p *Place) string
	hints  func(e *Endpoint) []string
}

// hintLevels are tried in their order.
var hintLevels = []hintLevel{
	{func(p *Place) string { return p.Node }, func(e *Endpoint) []string { return e.HintNodes }},
	{func(p *Place) string { return p.Zone }, func(e *Endpoint) []string { return e.HintZones }},
}

const (
	noneReady    = "no endpoint is ready, and others have no say"
	withoutHints = "not every ready endpoint has hints"
	hintedAway   = "no ready endpoint is hinted for the client's node or zone"
	tooFewHinted = "too few of what is left are hinted for the client's place"
)

func newHints(args []string, with *Environment) (Step, error) {
	if len(args) > 0 {
		return nil, wrongCount(args, "")
	}
	if !with.Places {
		return nil, errNoPlaces
	}
	return hints{}, nil
}

func (hints) Depends() Depends { return OnPlace }

func (hints) comparesPlaces() {}

func (hints) Apply(in Ranks, about *View) (Ranks, string) {
	groups, skipped := hintedGroups(about)
	if len(groups) == 0 {
		return in, skipped
	}
	hinted := groups[0].of(in, about)
	if hinted.Len() < about.Settings.least(len(about.Endpoints)) {
		return in, tooFewHinted
	}
	return append(hinted, spare(in, groups, 0, about)...), ""
}

// hintedGroups returns the groups of endpoints that kube-proxy could choose, the first being the one that it does,
// and why there is none. It looks at all ready endpoints, for hints are about them whatever the steps before have
// left.
func hintedGroups(about *View) (groups []group, skipped string) {
	client := &about.Client.Place
	if client.Node == "" && client.Zone == "" {
		return nil, placeUnknown
	}
	skipped = withoutHints
	for _, l := range hintLevels {
		// An unknown place is nobody's, even where a hint is empty, which the API does not forbid.
		place := l.client(client)
		ready, all, here := l.judge(about.Endpoints, place)
		switch {
		case !ready:
			return nil, noneReady
		case all && here && place != "":
			has := func(e *Endpoint) bool { return slices.Contains(l.hints(e), place) }
			groups = append(groups, group{place: place, has: has})
		case all:
			skipped = hintedAway
		}
	}
	return groups, skipped
}

// judge says whether there are ready endpoints, whether all of them have hints, and whether one is for a place.
func (l *hintLevel) judge(endpoints []Endpoint, place string) (ready, all, here bool) {
	all = true
	for i := range endpoints {
		if e := &endpoints[i]; e.Ready {
			hints := l.hints(e)
			ready, all = true, all && len(hints) > 0
			here = here || slices.Contains(hints, place)
		}
	}
	return ready, all, here
}
