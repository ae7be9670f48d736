package policy

// Traced is what one step of a policy did.
type Traced struct {
	// Line is the step as it is written, or as it is where it is not.
	Line string
	// In and Out are how many endpoints went in and came out, and Ranks in how many ranks.
	In, Out, Ranks int
	// Skipped says why the step did not do its work, empty where it did.
	Skipped string
}

// Trace runs the policy for a client and reports each step, those of the tail included. Nothing is taken from what is
// remembered, and nothing remembered of it.
func (p *Prepared) Trace(client *Client) []Traced {
	view := p.view(*client)
	view.Random = p.random
	ranks := start(p.endpoints)
	var all []Traced
	run := func(step namedStep) {
		t := Traced{Line: step.line, In: ranks.Len()}
		ranks, t.Skipped = step.run(ranks, view)
		t.Out, t.Ranks = ranks.Len(), len(ranks)
		all = append(all, t)
	}
	for _, step := range p.policy.steps {
		run(step)
	}
	for _, step := range p.policy.ends {
		run(step)
	}
	return all
}
