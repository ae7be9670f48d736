package policy

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/expr-lang/expr/vm"
)

// formula is a compiled expression: what keep, prefer, rank and weight ask of each endpoint. It is immutable, and for
// concurrent use.
type formula struct {
	text    string
	program *vm.Program
	reads   []string // the names that it reads, such as "zone" and "client.zone", in their order
	failed  func(expression string, err error)
}

// maxText bounds the length of an expression, in octets. What its parts may cost is bounded when they are inspected.
const maxText = 4096

// newFormula compiles the arguments of a line to a formula of one of some types, which are called wanted in errors.
func newFormula(args []string, with *Environment, wanted string, types ...reflect.Kind) (*formula, error) {
	text := strings.Join(args, " ")
	switch {
	case strings.TrimSpace(text) == "":
		return nil, wrongCount(nil, "EXPRESSION")
	case len(text) > maxText:
		return nil, fmt.Errorf("the expression is %d octets long, more than the %d it may be", len(text), maxText)
	}
	i := inspection{with: with, reads: map[string]bool{}}
	program, err := compileExpression(text, &i)
	if err != nil {
		return nil, located(text, err)
	}
	if result := program.Node().Type(); !slices.Contains(types, result.Kind()) {
		return nil, fmt.Errorf("'%s' is of type %s, but must be %s", text, result, wanted)
	}
	with.Uses.Add(i.uses)
	return &formula{text: text, program: program, reads: slices.Sorted(maps.Keys(i.reads)), failed: with.Failed}, nil
}

// Depends says what it reads beside the endpoints.
func (f *formula) Depends() Depends {
	depends := OnEndpoints
	for _, name := range f.reads {
		depends = max(depends, vocabulary[name].depends)
	}
	return depends
}

// sees returns the part of a place that it reads.
func (f *formula) sees(p Place) Place {
	var seen Place
	for _, name := range f.reads {
		switch name {
		case "client.node":
			seen.Node = p.Node
		case "client.zone":
			seen.Zone = p.Zone
		case "client.region":
			seen.Region = p.Region
		}
	}
	return seen
}

// unknown says what it reads of the client that is not known, empty where all is.
func (f *formula) unknown(client *Client) string {
	for _, name := range f.reads {
		if known := vocabulary[name].known; known != nil && !known(client) {
			return name + " is not known"
		}
	}
	return ""
}

// runner is what a run writes to. To make one for each endpoint, or for each run, takes longer than the run.
type runner struct {
	machine vm.VM
	scope   scope
}

var runners = sync.Pool{New: func() any { return new(runner) }}

// each runs it for each endpoint, and hands over its number and its value; nothing where the run failed.
func (f *formula) each(in Ranks, about *View, take func(i int32, value any)) {
	r := runners.Get().(*runner)
	r.scope.Client = scopeOfClient(&about.Client)
	address, ordinal := slices.Contains(f.reads, "address"), slices.Contains(f.reads, "ordinal")
	for _, rank := range in {
		for _, i := range rank {
			endpoint := &about.Endpoints[i]
			r.scope.enter(endpoint)
			if address {
				r.scope.Address = addressText(endpoint.Address)
			}
			if ordinal {
				r.scope.Ordinal = endpoint.Ordinal()
			}
			value, err := r.machine.Run(f.program, &r.scope)
			if err == nil {
				take(i, value)
			} else if f.failed != nil {
				f.failed(f.text, located(f.text, err))
			}
		}
	}
	r.scope = scope{} // endpoints are not held on to
	runners.Put(r)
}

// holds says for which endpoints, by number, it is true.
func (f *formula) holds(in Ranks, about *View) func(i int32) bool {
	holds := make([]bool, len(about.Endpoints))
	f.each(in, about, func(i int32, value any) { holds[i] = value == true })
	return func(i int32) bool { return holds[i] }
}
