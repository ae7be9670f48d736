package policy

// Choice is what a policy gives one client for one query. Endpoints are named by their numbers among those that the
// policy was prepared for.
type Choice struct {
	prepared *Prepared
	ranks    Ranks
	view     *View
}

// Choose runs the policy for a client.
func (p *Prepared) Choose(client *Client) Choice {
	o := p.outcomeFor(client)
	view := p.view(*client)
	view.Random, view.Turn = p.random, o.turn.Add(1)
	view.Weights, view.scale, view.spread = o.weights, o.scale, o.spread
	ranks := o.ranks
	for _, step := range p.late {
		ranks, _ = step.run(ranks, view)
	}
	if len(p.late) > 0 && p.policy.tail.order.Depends() == OnEndpoints {
		ranks, _ = p.policy.tail.order.Apply(ranks, view)
	}
	return Choice{prepared: p, ranks: ranks, view: view}
}

// Len is how many endpoints the client gets where the answer holds them all.
func (c Choice) Len() int {
	if limit := c.prepared.policy.tail.limit; limit > 0 {
		return min(limit, c.ranks.Len())
	}
	return c.ranks.Len()
}

// Fit says that the policy means as many as the answer holds: it is not truncated then.
func (c Choice) Fit() bool { return c.prepared.policy.tail.fit }

// Filtered says that there were endpoints to begin with, and the policy left none.
func (c Choice) Filtered() bool { return c.prepared.began > 0 && len(c.ranks) == 0 }

// Began is how many endpoints the policy began with: what from says.
func (c Choice) Began() int { return c.prepared.began }

// Pick appends the first k of the endpoints to dst, in the client's order.
func (c Choice) Pick(dst []int32, k int) []int32 {
	return c.prepared.policy.tail.pick(dst, c.ranks, min(k, c.Len()), c.view)
}

// Rank returns the rank, from 0, of what Pick puts at a place, from 0.
func (c Choice) Rank(place int) int {
	for rank, endpoints := range c.ranks {
		if place -= len(endpoints); place < 0 {
			return rank
		}
	}
	return len(c.ranks)
}

// First is how many endpoints the first rank has.
func (c Choice) First() int {
	if len(c.ranks) == 0 {
		return 0
	}
	return len(c.ranks[0])
}

// Weighted says whether the policy gives the endpoints weights, and Weight what that of an endpoint is.
func (c Choice) Weighted() bool { return c.view.Weights != nil }

// Weight returns an endpoint's weight, which is at least 0.
func (c Choice) Weight(endpoint int32) float64 { return c.view.Weights[endpoint] }
