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
func (t *podTable) lookup(address netip.Addr) (f found, ok bool) {
	running := false
	for p := range t.addresses.At(address) {
		running = running || !p.kin.terminating
	}
	for p := range t.addresses.At(address) {
		switch {
		case running && p.kin.terminating:
		case !ok:
			f, ok = found{source: FromPod, place: placeOf(p.node), pod: p}, true
		default:
			f.place, f.pod = common(f.place, placeOf(p.node)), nil
		}
	}
	return f, ok
}

// lookup is the same for endpoints. A Pod may be the endpoint of several services.
func (t *endpointTable) lookup(address netip.Addr) (f found, ok bool) {
	running := false
	for m := range t.addresses.At(address) {
		running = running || !m.Terminating
	}
	for m := range t.addresses.At(address) {
		switch {
		case running && m.Terminating:
		case !ok:
			f, ok = found{source: FromEndpoint, place: m.place(), endpoint: m}, true
		case f.endpoint != nil && f.endpoint.Pod == m.Pod:
			f.place = common(f.place, m.place())
		default:
			f.place, f.endpoint = common(f.place, m.place()), nil
		}
	}
	return f, ok
}

// placeOf returns where a node is, which may be nil.
func placeOf(n *node) policy.Place {
	if n == nil {
		return policy.Place{}
	}
	return *n.place.Load()
}

// place is that of its node; an endpoint without a node may still have a zone.
func (m *member) place() policy.Place { return fill(placeOf(m.node), policy.Place{Zone: m.Zone}) }
