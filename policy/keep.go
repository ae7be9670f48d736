package policy

import "reflect"

var keepKind = Kind{
	Usage:   "keep EXPRESSION",
	Example: "keep labels['role'] == 'primary'",
	New:     newKeep,
}

// keep leaves out the endpoints for which its expression is not true, even if nothing is left.
type keep struct{ *formula }

func newKeep(args []string, with *Environment) (Step, error) {
	f, err := newFormula(args, with, "boolean", reflect.Bool)
	return keep{f}, err
}

func (k keep) Apply(in Ranks, about *View) (Ranks, string) {
	if reason := k.unknown(&about.Client); reason != "" {
		return in, reason
	}
	return in.Keep(k.holds(in, about)), ""
}
