package policy

import (
	"fmt"
	"slices"
)

var fromKind = Kind{
	Usage:   "from ready|serving|all ...",
	Example: "from serving ready",
	New:     newFrom,
}

// from is the set of endpoints that a policy starts from: of several, the first that is not empty.
type from struct{ sets []string }

// endpointSets are the sets by name. Each has conditions, the first that some endpoint satisfies holds.
var endpointSets = map[string][]func(e *Endpoint) bool{
	"ready": {func(e *Endpoint) bool { return e.Ready }},
	// An endpoint of a service that publishes not-ready addresses is always ready, but serves as its Pod says. As long
	// as all endpoints are on their way out, those that still serve are better than none.
	"serving": {
		func(e *Endpoint) bool { return e.Serving && !e.Terminating },
		func(e *Endpoint) bool { return e.Serving && e.Terminating },
	},
	"all": {func(*Endpoint) bool { return true }},
}

func newFrom(args []string, _ *Environment) (Step, error) {
	if len(args) == 0 {
		return nil, wrongCount(args, "ready|serving|all ...")
	}
	for i, name := range args {
		if _, ok := endpointSets[name]; !ok {
			return nil, fmt.Errorf("'%s' is no set of endpoints, there are 'ready', 'serving' and 'all'", name)
		}
		if slices.Contains(args[:i], name) {
			return nil, fmt.Errorf("'%s' is given twice, each set may be given once", name)
		}
	}
	return from{sets: slices.Clone(args)}, nil
}

func (from) Depends() Depends { return OnEndpoints }

func (f from) Apply(in Ranks, about *View) (Ranks, string) {
	for _, name := range f.sets {
		for _, condition := range endpointSets[name] {
			set := in.Keep(func(i int32) bool { return condition(&about.Endpoints[i]) })
			if len(set) > 0 {
				return set, ""
			}
		}
	}
	return nil, ""
}
