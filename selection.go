package headless

import (
	"slices"
	"sort"
	"strings"
)

// selection is some of the endpoints of a service: a range of the ready ones, or groups. Those of a group are all ready
// or all not, in the order of all endpoints.
type selection struct {
	*endpoints
	from, to int
	groups   [][]int32 // instead of the range where there are any
}

func (s selection) len() int {
	if s.groups == nil {
		return s.to - s.from
	}
	n := 0
	for _, group := range s.groups {
		n += len(group)
	}
	return n
}

// at returns where in all endpoints the i-th of the selection stands.
func (s selection) at(i int) int {
	for _, group := range s.groups {
		if i < len(group) {
			return int(group[i])
		}
		i -= len(group)
	}
	return s.from + i
}

// ip returns the wire form of the address of the i-th of the selection.
func (s selection) ip(i int) []byte { return s.endpoints.ip(s.at(i)) }

// family returns those with an IPv4 address, or those with an IPv6 address.
func (s selection) family(ipv4 bool) selection {
	if s.groups == nil {
		if ipv4 {
			s.to = min(s.to, s.ipv4)
		} else {
			s.from = max(s.from, s.ipv4)
		}
		return s
	}
	groups := make([][]int32, len(s.groups))
	for i, group := range s.groups {
		cut := sort.Search(len(group), func(at int) bool { return s.all[group[at]].Address.Is6() })
		if ipv4 {
			groups[i] = group[:cut]
		} else {
			groups[i] = group[cut:]
		}
	}
	s.groups = groups
	return s
}

// distinct returns one of those that share an address, for each address.
func (s selection) distinct() selection {
	switch {
	case s.addresses == nil:
		return s
	case s.groups == nil && s.len() == s.ready():
		s.groups = [][]int32{s.addresses}
		return s
	}
	list := make([]int32, s.len())
	for i := range list {
		list[i] = int32(s.at(i)) // #nosec G115 -- a service has fewer endpoints
	}
	slices.Sort(list)
	s.groups = [][]int32{s.oneForEachAddress(list)}
	return s
}

// oneForEachAddress drops from a list of endpoints, which is in order, those that have the address of the one before.
// It works in place.
func (e *endpoints) oneForEachAddress(list []int32) []int32 {
	return slices.CompactFunc(list, func(a, b int32) bool { return e.all[a].Address == e.all[b].Address })
}

// find returns the endpoints that the name stands for: the ready ones, save for names of single pods where
// unready_names says so.
func (a *asking) find(e *endpoints) selection {
	switch a.name.kind {
	case nameService:
		return selection{endpoints: e, to: e.ready()}
	case nameEndpoint:
		named := e.named(a.name.endpoint)
		if len(named) == 0 && a.namesUnready(e) {
			named = e.namedUnready(a.name.endpoint)
		}
		if len(named) > 0 {
			return selection{endpoints: e, groups: [][]int32{named}}
		}
	case namePort:
		return e.withPort(a.name.port, a.name.protocol)
	case namePlace:
		return e.inPlace(&a.name)
	}
	return selection{endpoints: e}
}

// inPlace returns the ready endpoints in the place; if there are none and the name says so, all.
func (e *endpoints) inPlace(n *name) selection {
	all := e.withPort(n.port, n.protocol)
	var list []int32
	for i := range all.len() {
		if at := all.at(i); n.place.holds(&e.all[at]) {
			list = append(list, int32(at)) // #nosec G115 -- a service has fewer endpoints
		}
	}
	switch {
	case len(list) > 0:
		slices.Sort(list)
		return selection{endpoints: e, groups: [][]int32{list}}
	case n.prefer:
		return all
	}
	return selection{endpoints: e}
}

// holds says whether the endpoint is there. A query may have its name in any case, and zones too are written in any.
func (p place) holds(e *endpoint) bool {
	at := e.Zone
	if p.kind == placeNode {
		at = e.Node
	}
	return strings.EqualFold(at, p.name)
}

// hasProtocol says whether the label is the protocol of a named port, with its underscore.
func (e *endpoints) hasProtocol(label string) bool {
	protocol, ok := strings.CutPrefix(label, "_")
	for _, port := range e.ports {
		if ok && port.Name != "" && port.Protocol == protocol {
			return true
		}
	}
	return false
}
