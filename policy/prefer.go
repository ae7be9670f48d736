package policy

import (
	"fmt"
	"reflect"
)

var preferKind = Kind{
	Usage:   "prefer EXPRESSION",
	Example: "prefer zone == client.zone",
	New:     newPrefer,
}

// prefer leaves out the endpoints for which its expression is not true, unless too few would be left.
type prefer struct{ *formula }

func newPrefer(args []string, with *Environment) (Step, error) {
	f, err := newFormula(args, with, "boolean", reflect.Bool)
	return prefer{f}, err
}

func (p prefer) Apply(in Ranks, about *View) (Ranks, string) {
	if reason := p.unknown(&about.Client); reason != "" {
		return in, reason
	}
	kept, least := in.Keep(p.holds(in, about)), about.Settings.least(len(about.Endpoints))
	if kept.Len() < least {
		return in, fmt.Sprintf("it would leave %d of %d endpoints, and the least is %d", kept.Len(), in.Len(), least)
	}
	return kept, ""
}
