package main

import "slices"

// sizes are the numbers of endpoints of the services.
var sizes = []int{1, 3, 10, 73, 100, 1_000, 10_000}

// The tables of the results, each with its contests.
type program struct {
	sizes, transports, kinds, policies, crowd []*contest
}

func (p *program) all() []*contest {
	return slices.Concat(p.sizes, p.transports, p.kinds, p.policies, p.crowd)
}

// rounds is how many all contests were measured in.
func (p *program) rounds() int { return len(p.sizes[0].samples[headless]) }

// newProgram is what is asked. It is not everything that could be combined, which would take hours.
func newProgram(quick bool) *program {
	p := &program{}
	few, fewer := []int{3, 100, 1_000, 10_000}, []int{3, 1_000}
	sizes := sizes
	if quick {
		sizes, few = []int{3, 100, 10_000}, fewer
	}
	for _, n := range sizes {
		variants := []string{headless, kubernetes, file, whoami}
		if n > fitting {
			variants = append(variants, wholeFile)
		}
		p.sizes = append(p.sizes, newContest(question{kindA, n, edns}, variants...))
	}
	for _, via := range []transport{plain, tcp} {
		for _, n := range few {
			p.transports = append(p.transports, newContest(question{kindA, n, via}, headless, kubernetes, file))
		}
	}
	for _, kind := range []string{kindSRV, kindPTR, kindNXDOMAIN} {
		for _, n := range fewer {
			p.kinds = append(p.kinds, newContest(question{kind, n, edns}, headless, kubernetes, file))
		}
	}
	for _, n := range few {
		p.policies = append(p.policies, newContest(question{kindA, n, edns}, append([]string{headless}, policyNames()...)...))
	}
	many := newContest(question{kindA, crowdEndpoints, edns},
		headless, kubernetes, "order sticky", "nearest zone", "every step")
	many.crowd = true
	p.crowd = []*contest{many}
	return p
}

// fitting is how many addresses fit 1,232 octets, with the names of these services.
const fitting = 73

func newContest(q question, variants ...string) *contest {
	return &contest{question: q, variants: variants, samples: map[string][]sample{}}
}
