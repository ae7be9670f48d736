package source

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unique"

	"k8s.io/apimachinery/pkg/types"
)

// Packed is an [Endpoint] as it is held, together with what it has from its slice: clusters have 100,000 of them. It is
// immutable, and an endpoint that stays as it is while its slice changes stays the same *Packed (see [Slice.TakeOver]).
type Packed struct {
	// names are the hostname and behind it what names the Pod; only one of them where both are the same, as they are
	// for every pod of a StatefulSet.
	names string
	place unique.Handle[place]
	group *group
	v6    *[16]byte // nil for an IPv4 address
	v4    [4]byte
	// hostname is how long the hostname is.
	hostname uint8
	flags    flags
}

// place is where an endpoint runs and for whom it is meant. The endpoints on a node mostly share one.
type place struct {
	node, zone string
	// hintZones and hintNodes are its hints, each with a separator behind it.
	hintZones, hintNodes string
}

// separator stands in texts that hold several names, for it stands in no name.
const separator = "\x00"

// group is what all endpoints of a slice share. Slices of the same ports have the same key.
type group struct {
	namespace string
	ports     []Port
	key       PortsKey
}

// PortsKey tells lists of ports apart.
type PortsKey unique.Handle[string]

type flags uint8

const (
	ready flags = 1 << iota
	serving
	terminating
	podIsHostname
	podIsLabel   // the Pod's name can be a label of a DNS name
	podElsewhere // the Pod's name has its namespace before it, for that is not the slice's
)

// set returns the flags with one more where that is so.
func (f flags) set(flag flags, so bool) flags {
	if so {
		return f | flag
	}
	return f
}

func newGroup(namespace string, ports []Port) *group {
	var key strings.Builder
	for _, p := range ports {
		fmt.Fprintf(&key, "%s/%s/%d,", p.Name, p.Protocol, p.Number)
	}
	return &group{namespace: namespace, ports: ports, key: PortsKey(unique.Make(key.String()))}
}

// pack packs an endpoint of a slice.
func (g *group) pack(e *Endpoint) *Packed {
	p := &Packed{
		place: unique.Make(place{node: e.Node, zone: e.Zone, hintZones: e.Hints.zones(), hintNodes: e.Hints.nodes()}),
		group: g, hostname: uint8(len(e.Hostname)), // #nosec G115 -- it is a label, of 63 octets at most
	}
	if e.Address.Is4() {
		p.v4 = e.Address.As4()
	} else {
		ip := e.Address.As16()
		p.v6 = &ip
	}
	elsewhere := e.Pod.Name != "" && e.Pod.Namespace != g.namespace
	p.flags = p.flags.set(ready, e.Ready).set(serving, e.Serving).set(terminating, e.Terminating).
		set(podIsLabel, isLabel(e.Pod.Name)).set(podElsewhere, elsewhere)
	switch {
	case elsewhere:
		p.names = e.Hostname + e.Pod.Namespace + separator + e.Pod.Name
	case e.Pod.Name == e.Hostname:
		p.names, p.flags = e.Hostname, p.flags|podIsHostname
	default:
		p.names = e.Hostname + e.Pod.Name
	}
	return p
}

// Unpack returns the endpoint.
func (p *Packed) Unpack() Endpoint {
	return Endpoint{
		Address: p.Address(), Hostname: p.Hostname(), Pod: p.Pod(), Node: p.Node(), Zone: p.Zone(), Hints: p.Hints(),
		Ready: p.Ready(), Serving: p.Serving(), Terminating: p.Terminating(),
	}
}

// Is4 says whether its address is one of IPv4.
func (p *Packed) Is4() bool { return p.v6 == nil }

// Address is that of the endpoint.
func (p *Packed) Address() netip.Addr {
	if p.v6 == nil {
		return netip.AddrFrom4(p.v4)
	}
	return netip.AddrFrom16(*p.v6)
}

// IP is its address as it goes on the wire. It must not be written to.
func (p *Packed) IP() []byte {
	if p.v6 == nil {
		return p.v4[:]
	}
	return p.v6[:]
}

// Hostname is that of the endpoint.
func (p *Packed) Hostname() string { return p.names[:p.hostname] }

// Pod is that of the endpoint.
func (p *Packed) Pod() types.NamespacedName {
	name := p.names[p.hostname:]
	if p.flags&podIsHostname != 0 {
		name = p.names
	}
	if p.flags&podElsewhere != 0 {
		namespace, name, _ := strings.Cut(name, separator)
		return types.NamespacedName{Namespace: namespace, Name: name}
	}
	if name == "" {
		return types.NamespacedName{}
	}
	return types.NamespacedName{Namespace: p.group.namespace, Name: name}
}

// Label is the first label of the endpoint's own name where it has one: its hostname, else, if the names of pods are
// meant to be used, that of its Pod. It is empty for an endpoint that is called by its address.
func (p *Packed) Label(podNames bool) string {
	if p.hostname == 0 && podNames && p.flags&podIsLabel != 0 {
		return p.Pod().Name
	}
	return p.Hostname()
}

// Node is that of the endpoint.
func (p *Packed) Node() string { return p.place.Value().node }

// Zone is that of the endpoint.
func (p *Packed) Zone() string { return p.place.Value().zone }

// Hints are those of the endpoint.
func (p *Packed) Hints() *Hints {
	in := p.place.Value()
	if in.hintZones == "" && in.hintNodes == "" {
		return nil
	}
	return &Hints{Zones: splitHints(in.hintZones), Nodes: splitHints(in.hintNodes)}
}

// Place is the same for endpoints that share node, zone and hints, and for no others.
func (p *Packed) Place() any { return p.place }

// Ready is that of the endpoint.
func (p *Packed) Ready() bool { return p.flags&ready != 0 }

// Serving is that of the endpoint.
func (p *Packed) Serving() bool { return p.flags&serving != 0 }

// Terminating is that of the endpoint.
func (p *Packed) Terminating() bool { return p.flags&terminating != 0 }

// Ports are those of its slice.
func (p *Packed) Ports() []Port { return p.group.ports }

// PortsKey is the same for endpoints that have the same ports in the same order, and for no others.
func (p *Packed) PortsKey() PortsKey { return p.group.key }

// WithPorts returns a copy with other ports.
func (p *Packed) WithPorts(ports []Port) *Packed {
	other := *p
	other.group = newGroup(p.group.namespace, ports)
	return &other
}

func (h *Hints) zones() string {
	if h == nil {
		return ""
	}
	return joinHints(h.Zones)
}

func (h *Hints) nodes() string {
	if h == nil {
		return ""
	}
	return joinHints(h.Nodes)
}

func joinHints(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return strings.Join(names, separator) + separator
}

func splitHints(text string) []string {
	if text == "" {
		return nil
	}
	return slices.Collect(strings.SplitSeq(strings.TrimSuffix(text, separator), separator))
}

// isLabel says whether the name can be a label of a DNS name (RFC 1123), as validation.IsDNS1123Label does, for a
// thirtieth of the time.
func isLabel(name string) bool {
	if name == "" || len(name) > 63 || name[0] == '-' || name[len(name)-1] == '-' {
		return false
	}
	for _, c := range []byte(name) {
		if c != '-' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}
