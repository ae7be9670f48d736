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
	decision decision
	sets     sync.Map // setKey -> *policySet
}

// setKey says which endpoints of a service a policy is to choose from.
type setKey struct {
	policy *policy.Policy
	qtype  uint16 // A, AAAA or SRV
	// port and protocol are those that are asked for, empty for any.
	port, protocol string
}

// policySet is a policy prepared for endpoints of a service.
type policySet struct {
	*policy.Prepared
	// units are the endpoints that the policy knows by their numbers, each as its place among all: one address, or for
	// SRV records all addresses of a pod.
	units [][]int32
}

// setsFor returns those of the block for the endpoints.
func (p *policies) setsFor(e *endpoints, key string) *policySets {
	if found, ok := e.memo.Load(p); ok {
		return found.(*policySets)
	}
	found, _ := e.memo.LoadOrStore(p, &policySets{decision: p.decide(key, e.annotation)})
	return found.(*policySets)
}

// set prepares a policy, the first time that it is asked for.
func (p *policies) set(e *endpoints, in *policySets, key setKey) *policySet {
	if found, ok := in.sets.Load(key); ok {
		return found.(*policySet)
	}
	units := e.units(key)
	seen := make([]policy.Endpoint, len(units))
	for i, unit := range units {
		seen[i] = e.seenByPolicies(unit[0])
	}
	found, _ := in.sets.LoadOrStore(key, &policySet{
		Prepared: policy.Prepare(key.policy, seen, nil, remembered, p.random), units: units,
	})
	return found.(*policySet)
}

// units returns the endpoints that a question is about, ready or not. An address that stands for several is there once.
func (e *endpoints) units(key setKey) [][]int32 {
	var units [][]int32
	pods := make(map[string]int) // the unit of each pod, for SRV records
	for i := range e.all {
		at := int32(i) // #nosec G115 -- a service has fewer endpoints
		if !e.all[i].asked(key) {
			continue
		}
		if key.qtype != dns.TypeSRV {
			if !e.hasBefore(i) {
				units = append(units, []int32{at})
			}
			continue
		}
		seen := e.seenByPolicies(at)
		pod := seen.Identity()
		if known, ok := pods[pod]; !ok {
			pods[pod] = len(units)
			units = append(units, []int32{at})
		} else if e.all[units[known][0]].Ready == e.all[i].Ready {
			units[known] = append(units[known], at)
		}
	}
	return units
}

// asked says whether an endpoint is one that the question is about.
func (ep *endpoint) asked(key setKey) bool {
	switch {
	case key.qtype == dns.TypeA && !ep.Address.Is4(), key.qtype == dns.TypeAAAA && ep.Address.Is4():
		return false
	case key.port == "" && key.protocol == "":
		return true
	}
	return slices.ContainsFunc(ep.ports, func(port source.Port) bool { return matches(port, key.port, key.protocol) })
}

// hasBefore says whether an endpoint before this one has its address.
func (e *endpoints) hasBefore(i int) bool {
	address := e.all[i].Address
	if i > 0 && e.all[i-1].Address == address {
		return true
	}
	return i >= e.ready() && len(e.at(address, 0, e.ready())) > 0
}

// seenByPolicies returns what policies may look at of an endpoint.
func (e *endpoints) seenByPolicies(i int32) policy.Endpoint {
	ep := &e.all[i]
	seen := policy.Endpoint{
		Address: ep.Address, Hostname: ep.Hostname, Namespace: ep.Pod.Namespace, Pod: ep.Pod.Name, Node: ep.Node, Zone: ep.Zone,
		Ready: ep.Ready, Serving: ep.Serving, Terminating: ep.Terminating,
	}
	f := e.factsOf(int(i))
	seen.Region, seen.NodeReady, seen.Labels, seen.Annotations = f.region, f.nodeReady, f.labels, f.annotations
	for _, port := range ep.ports {
		seen.PortNames = append(seen.PortNames, port.Name)
	}
	if ep.Hints != nil {
		seen.HintZones, seen.HintNodes = ep.Hints.Zones, ep.Hints.Nodes
	}
	return seen
}
