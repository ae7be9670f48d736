// Package policy chooses which endpoints of a service a client gets, and in which order.
//
// A policy is a pipeline of steps, each a line of the Corefile. It starts from the ready endpoints; each step narrows,
// ranks or orders what the step before it left:
//
//	endpoints --> from --> keep, prefer, nearest, hints, rank, weight --> order, spread --> limit --> answer
//	              which     narrow: fewer; rank: some before others      within a rank     the first
//	              to begin
//	              with
//
// What a step depends on decides when it runs. What depends on the endpoints alone is computed once after they change
// (Prepared); what depends on where or who the client is, once for each place or client, and remembered in bounded
// memory (Memory); only the rest, which is mostly the order, is done for each query, and only for as many endpoints as
// the answer holds (Choice).
//
// The package knows nothing of DNS and of Kubernetes, no clock and no chance of its own: everything comes in by
// parameters, so that each step is a pure function and can be tested as one. Your own step is registered under a name
// like the built-in ones (Register).
package policy

import "slices"

// Policy is a pipeline, as it is written in the Corefile. It is immutable.
type Policy struct {
	// Name is that of the policy.
	Name string

	settings Settings
	// steps narrow, rank and weigh; the first of them is a from. The tail orders and cuts.
	steps []namedStep
	tail  tail
	// ends are the steps of the tail, for traces.
	ends []namedStep
}

// Settings returns the policy's settings.
func (p *Policy) Settings() Settings { return p.settings }

// BeginsUnready says whether the policy may begin with endpoints that are not ready.
func (p *Policy) BeginsUnready() bool {
	first, ok := p.steps[0].Step.(from)
	return ok && slices.ContainsFunc(first.sets, func(set string) bool { return set != "ready" })
}

// Orders says whether the policy has an order that is not left to chance alone: ranks, turns, or an order of its own.
func (p *Policy) Orders() bool {
	if _, ok := p.tail.order.(shuffle); !ok || p.tail.spread.by != nil || p.settings.Spare > 0 {
		return true
	}
	return slices.ContainsFunc(p.steps, func(s namedStep) bool {
		switch s.Step.(type) {
		case from, keep, prefer, nearest, hints, weight:
			return false
		}
		return true
	})
}

// namedStep is a step together with its line, for traces.
type namedStep struct {
	Step
	line string
}

// run applies the step, and where it says weights, makes them those of the view.
func (s namedStep) run(in Ranks, about *View) (out Ranks, skipped string) {
	out, skipped = s.Apply(in, about)
	if w, ok := s.Step.(weigher); ok {
		about.Weights = w.weights(out, about)
	}
	return out, skipped
}
