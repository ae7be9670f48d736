package policy

import "runtime"

// Prepared is a policy together with the endpoints of a service that a question is about. What depends on the endpoints
// alone is done; what depends on a place or a client is remembered as it comes up. It is for concurrent use.
type Prepared struct {
	policy    *Policy
	endpoints []Endpoint
	nodes     map[string]int
	hashes    []uint64
	groups    []int32
	memory    *Memory
	random    func(n uint32) uint32

	began int // how many endpoints there were to begin with
	// fixed is what the steps left that depend on the endpoints alone; remembered and late are those behind them.
	fixed            outcome
	remembered, late []namedStep
	depends          Depends       // of the remembered ones
	classes          *placeClasses // nil where no remembered step compares places
	shelf            *shelf        // nil where nothing is remembered
}

// Prepare does what depends on the endpoints alone. They must not be written to from then on. nodes are the numbers of
// nodes by zone, nil where they are not known; random returns a number from 0 to below n.
func Prepare(p *Policy, endpoints []Endpoint, nodes map[string]int, memory *Memory, random func(n uint32) uint32) *Prepared {
	prepared := &Prepared{policy: p, endpoints: endpoints, nodes: nodes, memory: memory, random: random}
	prepared.hashes, prepared.groups = hashAll(p.tail.order, endpoints), p.tail.spread.groups(endpoints)
	if p.settings.Spare > 0 { // which ones come along is decided by the same hashes
		prepared.hashes = hashAll(sticky{}, endpoints)
	}
	prepared.divide()
	view := prepared.view(Client{})
	ranks := start(endpoints)
	begin := len(p.steps) - len(prepared.remembered) - len(prepared.late)
	for i, step := range p.steps[:begin] {
		ranks, _ = step.Apply(ranks, view)
		if i == 0 {
			prepared.began = ranks.Len()
		}
	}
	prepared.fixed.ranks = ranks
	prepared.fixed.turn.Store(random(1 << 31))
	weigh(&prepared.fixed, p.steps[:begin], view)
	if prepared.remembered == nil {
		prepared.orderOnce(&prepared.fixed, view)
		return prepared
	}
	prepared.shelf = new(shelf)
	runtime.AddCleanup(prepared, memory.clear, prepared.shelf)
	return prepared
}

// Begins says whether there is an endpoint to begin with, whatever is left of them.
func (p *Prepared) Begins() bool { return p.began > 0 }

// start is all endpoints in one rank.
func start(endpoints []Endpoint) Ranks {
	if len(endpoints) == 0 {
		return nil
	}
	all := make([]int32, len(endpoints))
	for i := range all {
		all[i] = int32(i) // #nosec G115 -- a service has fewer endpoints
	}
	return Ranks{all}
}

// divide tells the steps apart by what they depend on. Each has those before it as its input, so that it cannot be done
// sooner than they are.
func (p *Prepared) divide() {
	for i, step := range p.policy.steps {
		switch depends := step.Depends(); {
		case depends == OnQuery:
			p.late = p.policy.steps[i:]
			return
		case depends > OnEndpoints || p.remembered != nil:
			p.remembered = append(p.remembered, step)
			p.depends = max(p.depends, depends)
			if _, ok := step.Step.(placeComparer); ok && p.classes == nil {
				p.classes = classesOf(p.endpoints)
			}
		}
	}
}

// orderOnce does what of an order depends on the endpoints alone.
func (p *Prepared) orderOnce(o *outcome, view *View) {
	tail := &p.policy.tail
	switch _, draws := tail.order.(weighted); {
	case p.late != nil:
		return
	case draws && o.weights != nil:
		o.scale = scaleOf(o.weights, o.ranks)
	case tail.order.Depends() == OnEndpoints:
		o.ranks, _ = tail.order.Apply(o.ranks, view)
	}
	o.ranks, o.spread = tail.spreadOnce(o.ranks, view)
}

func (p *Prepared) view(client Client) *View {
	return &View{
		Endpoints: p.endpoints, Client: client, Settings: &p.policy.settings, Nodes: p.nodes,
		Hashes: p.hashes, Groups: p.groups, Weights: p.fixed.weights,
	}
}

// outcome is what the steps left that do not depend on the query. It is immutable but for what is noted of it.
type outcome struct {
	ranks   Ranks
	weights []float64 // by endpoint; nil: all weigh the same
	scale   scale     // of the weights, where an order looks at them
	spread  bool      // the turns of groups were taken already
	remembered
}

// outcomeFor returns what the policy leaves for a client before chance has its say.
func (p *Prepared) outcomeFor(client *Client) *outcome {
	if p.remembered == nil {
		return &p.fixed
	}
	known := p.known(client)
	key := keyOf(&known)
	if found := p.shelf.load(key); found != nil {
		return found
	}
	return p.memory.store(p.shelf, key, p.compute(known))
}

// known is what the remembered steps may look at of a client.
func (p *Prepared) known(client *Client) Client {
	if p.depends == OnClient {
		return *client
	}
	var seen Place
	for _, step := range p.remembered {
		switch s := step.Step.(type) {
		case placeComparer:
			seen = unite(seen, p.classes.of(client.Place))
		case placeSeer:
			seen = unite(seen, s.sees(client.Place))
		default:
			if step.Depends() == OnPlace {
				return Client{Place: client.Place}
			}
		}
	}
	return Client{Place: seen}
}

func (p *Prepared) compute(client Client) *outcome {
	view := p.view(client)
	o := &outcome{ranks: p.fixed.ranks, weights: p.fixed.weights}
	for _, step := range p.remembered {
		o.ranks, _ = step.Apply(o.ranks, view)
	}
	weigh(o, p.remembered, view)
	p.orderOnce(o, view)
	o.turn.Store(p.random(1 << 31))
	o.octets = o.size(&p.fixed)
	return o
}

// weigh gives the endpoints the weights of the step that says them, if one of the steps does.
func weigh(o *outcome, steps []namedStep, view *View) {
	for _, step := range steps {
		if w, ok := step.Step.(weigher); ok {
			o.weights = w.weights(o.ranks, view)
			view.Weights = o.weights
		}
	}
}
