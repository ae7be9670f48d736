package clients

import (
	"net/netip"

	"github.com/headless-dns/headless/policy"
)

// find returns what is known of an address.
func (d *Directory) find(address netip.Addr) found {
	if d.pods != nil {
		if f, ok := d.pods.lookup(address); ok {
			return f
		}
	}
	if place, ok := d.nodes.withAddress(address); ok {
		return found{source: FromNode, place: place, shared: true}
	}
	if d.audit.passed() {
		if c, ok := d.nodes.cidrs.Load().Lookup(address); ok {
			return found{source: FromPodCIDR, place: c.place(), shared: c.isHost(address)}
		}
	}
	if d.endpoints.addresses != nil {
		if f, ok := d.endpoints.lookup(address); ok {
			return f
		}
	}
	return found{source: None}
}

// findPrefix returns what is known of all addresses of a network together.
func (d *Directory) findPrefix(prefix netip.Prefix) found {
	if d.audit.passed() {
		if c, ok := d.nodes.cidrs.Load().LookupPrefix(prefix); ok {
			return found{source: FromPodCIDR, place: c.place()}
		}
	}
	return found{source: None}
}

// lookup finds the Pod with an address. One that is terminating gives way to one that is not: the network may hand its
// address on. Where several are left their places count as far as they agree, and nobody knows who asks.
func (t *podTable) lookup(address netip.Addr) (found, bool) {
	var running, ending candidates
	for p := range t.addresses.At(address) {
		of := &running
		if p.kin.terminating {
			of = &ending
		}
		// Of two of one name the first one is about to go.
		if before := of.found.pod; before == nil || before.kin.namespace != p.kin.namespace || before.name() != p.name() {
			of.add(found{source: FromPod, place: p.stand.place(), pod: p}, false)
		} else {
			of.found.place, of.found.pod = p.stand.place(), p
		}
	}
	return running.or(&ending)
}

// lookup is the same for endpoints. A Pod may be the endpoint of several services.
func (t *endpointTable) lookup(address netip.Addr) (found, bool) {
	var running, ending candidates
	for m := range t.addresses.At(address) {
		of := &running
		if m.Terminating() {
			of = &ending
		}
		before := of.found.endpoint
		of.add(found{source: FromEndpoint, place: m.place(), endpoint: m}, before != nil && before.Pod() == m.Pod())
	}
	return running.or(&ending)
}

// candidates are those that have an address, put together.
type candidates struct {
	found found
	any   bool
}

// add adds another one; same says that it is who was found already.
func (c *candidates) add(other found, same bool) {
	switch {
	case !c.any:
		c.found, c.any = other, true
	case same:
		c.found.place = common(c.found.place, other.place)
	default:
		c.found = found{source: other.source, place: common(c.found.place, other.place)}
	}
}

// or returns what was found, else what the others are.
func (c *candidates) or(others *candidates) (found, bool) {
	if c.any {
		return c.found, true
	}
	return others.found, others.any
}

// placeOf returns where a node is, which may be nil.
func placeOf(n *node) policy.Place {
	if n == nil {
		return policy.Place{}
	}
	return *n.place.Load()
}

// place is that of its node; an endpoint without a node may still have a zone.
func (m *member) place() policy.Place { return fill(placeOf(m.node), policy.Place{Zone: m.Zone()}) }
