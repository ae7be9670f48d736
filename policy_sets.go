package headless

import (
	"slices"
	"sync"

	"github.com/miekg/dns"

	"github.com/headless-dns/headless/policy"
	"github.com/headless-dns/headless/source"
)

// policySets are the policies of a block, prepared for the endpoints of one service as questions for it come up. They
// live as long as these endpoints are the service's.
type policySets struct {
	decision   decision
	candidates sync.Map // question -> *candidates
	sets       sync.Map // setKey -> *policySet
}

// question is what decides which endpoints of a service a policy is to choose from.
type question struct {
	qtype uint16 // A, AAAA or SRV
	// port and protocol are those that are asked for, empty for any.
	port, protocol string
}

// candidates are the endpoints that a question is about, ready or not. All policies share them.
type candidates struct {
	once sync.Once
	// same are those of the question without the port, where these are the same endpoints; then nothing else is set.
	same *candidates
	// places are where they are, as far as that is asked for.
	places    *placeNumbers
	placeOnce sync.Once
	// units are what policies know by numbers, each as places among all endpoints: one address, or for SRV records all
	// addresses of a pod.
	units [][]int32
	seen  []policy.Endpoint
}

// setKey says for what a policy is prepared.
type setKey struct {
	policy *policy.Policy
	from   *candidates
}

// policySet is a policy prepared for endpoints of a service.
type policySet struct {
	once sync.Once
	*policy.Prepared
	*candidates
	nodes *map[string]int // what it was prepared with
}

// setsFor returns those of the block for the endpoints.
func (p *policies) setsFor(e *endpoints, key string) *policySets {
	if found, ok := e.memo.Load(p); ok {
		return found.(*policySets)
	}
	found, _ := e.memo.LoadOrStore(p, &policySets{decision: p.decide(key, e.annotation)})
	return found.(*policySets)
}

// set prepares a policy, the first time that it is asked for. The port must be one that an endpoint has: what is kept
// must not grow by what clients make up.
//
// nodes are the numbers of nodes by zone, nil where they are not known. Where the policy looks at them it is prepared
// anew when they change.
func (p *policies) set(e *endpoints, in *policySets, of *policy.Policy, q question, nodes *map[string]int) *policySet {
	if of.Settings().Overload == 0 {
		nodes = nil
	}
	from := in.candidatesFor(e, q)
	key := setKey{policy: of, from: from}
	set := loadOrStore(&in.sets, key, func() *policySet { return &policySet{nodes: nodes} })
	if set.nodes != nodes {
		next := &policySet{nodes: nodes}
		in.sets.CompareAndSwap(key, set, next) // who is late prepares one for itself alone
		set = next
	}
	set.once.Do(func() {
		var count map[string]int
		if nodes != nil {
			count = *nodes
		}
		set.Prepared, set.candidates = policy.Prepare(of, from.seen, count, remembered, p.random), from
	})
	return set
}

// loadOrStore returns what a map has for a key, and stores a new value where it has none.
func loadOrStore[K comparable, V any](in *sync.Map, key K, make func() *V) *V {
	if found, ok := in.Load(key); ok {
		return found.(*V)
	}
	found, _ := in.LoadOrStore(key, make())
	return found.(*V)
}

// candidatesFor returns the endpoints that a question is about.
func (in *policySets) candidatesFor(e *endpoints, q question) *candidates {
	c := loadOrStore(&in.candidates, q, func() *candidates { return new(candidates) })
	c.once.Do(func() {
		units := e.units(q)
		if q.port != "" || q.protocol != "" {
			all := in.candidatesFor(e, question{qtype: q.qtype})
			if slices.EqualFunc(units, all.units, slices.Equal[[]int32]) {
				c.same = all
				return
			}
		}
		c.units, c.seen = units, e.seenUnits(units)
	})
	if c.same != nil {
		return c.same
	}
	return c
}

// placed returns where the endpoints are.
func (c *candidates) placed() *placeNumbers {
	c.placeOnce.Do(func() { c.places = numberPlaces(c.seen) })
	return c.places
}

// units returns the endpoints that a question is about. An address that stands for several is there once.
func (e *endpoints) units(q question) [][]int32 {
	var units [][]int32
	pods := make(map[string]int)     // the unit of each pod, for SRV records
	places := make([]int32, e.len()) // what most units are a piece of
	for i := range places {
		at := int32(i) // #nosec G115 -- a service has fewer endpoints
		places[i] = at
		switch {
		case !asked(e.at(i), q):
		case q.qtype != dns.TypeSRV:
			if !e.hasBefore(i, q) {
				units = append(units, places[i:i+1:i+1])
			}
		default:
			seen := e.seenByPolicies(at)
			pod := seen.Identity()
			if known, ok := pods[pod]; !ok {
				pods[pod] = len(units)
				units = append(units, places[i:i+1:i+1])
			} else if e.at(int(units[known][0])).Ready() == e.at(i).Ready() {
				units[known] = append(units[known], at)
			}
		}
	}
	return units
}

// asked says whether an endpoint is one that the question is about.
func asked(p *source.Packed, q question) bool {
	switch {
	case q.qtype == dns.TypeA && !p.Is4(), q.qtype == dns.TypeAAAA && p.Is4():
		return false
	case q.qtype != dns.TypeSRV && q.port == "" && q.protocol == "":
		return true
	}
	return slices.ContainsFunc(p.Ports(), func(port source.Port) bool { return matches(port, q.port, q.protocol) })
}

// hasBefore says whether an endpoint before this one that the question is about has its address.
func (e *endpoints) hasBefore(i int, q question) bool {
	p := e.at(i)
	for before := i - 1; before >= 0 && e.at(before).CompareAddress(p) == 0; before-- {
		if asked(e.at(before), q) {
			return true
		}
	}
	return i >= e.ready() && slices.ContainsFunc(e.readyPart.withAddress(p.Address()), func(p *source.Packed) bool { return asked(p, q) })
}

// seenUnits returns what policies may look at, of the first endpoint of each unit.
func (e *endpoints) seenUnits(units [][]int32) []policy.Endpoint {
	seen := make([]policy.Endpoint, len(units))
	names, hints := make(map[source.PortsKey][]string), make(map[any]*source.Hints)
	for i, unit := range units {
		seen[i] = e.seenByPolicies(unit[0])
		p := e.at(int(unit[0]))
		seen[i].PortNames = remember(names, p.PortsKey(), func() []string { return portNames(p.Ports()) })
		if of := remember(hints, p.Place(), p.Hints); of != nil {
			seen[i].HintZones, seen[i].HintNodes = of.Zones, of.Nodes
		}
	}
	return seen
}

// remember returns what a map has for a key, and puts it there first where it has nothing.
func remember[K comparable, V any](in map[K]V, key K, make func() V) V {
	value, ok := in[key]
	if !ok {
		value = make()
		in[key] = value
	}
	return value
}

func portNames(ports []source.Port) (names []string) {
	for _, port := range ports {
		names = append(names, port.Name)
	}
	return names
}

// seenByPolicies returns what policies may look at of an endpoint beside its ports and hints.
func (e *endpoints) seenByPolicies(i int32) policy.Endpoint {
	p := e.at(int(i))
	seen := policy.Endpoint{
		Address: p.Address(), Hostname: p.Hostname(), Namespace: p.Pod().Namespace, Pod: p.Pod().Name, Node: p.Node(), Zone: p.Zone(),
		Ready: p.Ready(), Serving: p.Serving(), Terminating: p.Terminating(),
	}
	f := e.factsOf(int(i))
	seen.Region, seen.NodeReady, seen.Labels, seen.Annotations = f.region, f.nodeReady, f.labels, f.annotations
	return seen
}
