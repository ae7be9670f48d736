package headless

import (
	"slices"
	"sort"
	"strings"

	"github.com/headless-dns/headless/source"
)

// selection is some of the endpoints of a service: a range of a list, which is that of the ready ones or of those of one
// label, or groups. Those of a group are all ready or all not, in the order of all endpoints.
type selection struct {
	*endpoints
	in       list
	from, to int
	groups   [][]*source.Packed // instead of the range where there are any
}

// allReady returns all ready endpoints.
func (e *endpoints) allReady() selection {
	return selection{endpoints: e, in: e.readyPart.byAddress, to: e.ready()}
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

// at returns the i-th of the selection.
func (s selection) at(i int) *source.Packed {
	for _, group := range s.groups {
		if i < len(group) {
			return group[i]
		}
		i -= len(group)
	}
	return s.in.At(s.from + i)
}

// isAllReady says whether it is a range of all ready endpoints.
func (s selection) isAllReady() bool { return s.groups == nil && s.in == s.readyPart.byAddress }

// family returns those with an IPv4 address, or those with an IPv6 address.
func (s selection) family(ipv4 bool) selection {
	if s.groups == nil {
		cut := s.ipv4
		if !s.isAllReady() {
			cut = s.from + sort.Search(s.len(), func(i int) bool { return !s.at(i).Is4() })
		}
		if ipv4 {
			s.to = min(s.to, cut)
		} else {
			s.from = max(s.from, cut)
		}
		return s
	}
	groups := make([][]*source.Packed, len(s.groups))
	for i, group := range s.groups {
		cut := sort.Search(len(group), func(at int) bool { return !group[at].Is4() })
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
	case s.shared == 0:
	case s.isAllReady():
		s.groups = [][]*source.Packed{s.addresses()}
	case s.groups != nil: // those of one label have an address each
		list := make([]*source.Packed, s.len())
		for i := range list {
			list[i] = s.at(i)
		}
		slices.SortFunc(list, s.byAddress)
		s.groups = [][]*source.Packed{oneForEachAddress(list)}
	}
	return s
}

// oneForEachAddress drops from a list of endpoints, which is in order, those that have the address of the one before.
// It works in place.
func oneForEachAddress(list []*source.Packed) []*source.Packed {
	return slices.CompactFunc(list, func(a, b *source.Packed) bool { return a.CompareAddress(b) == 0 })
}

// find returns the endpoints that the name stands for: the ready ones, save for names of single pods where
// unready_names says so.
func (a *asking) find(e *endpoints) selection {
	switch a.name.kind {
	case nameService:
		return e.allReady()
	case nameEndpoint:
		named := e.named(a.name.endpoint)
		if named.len() == 0 && a.namesUnready(e) {
			named = e.namedUnready(a.name.endpoint)
		}
		return named
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
	var list []*source.Packed
	for i := range all.len() {
		if p := all.at(i); n.place.holds(p) {
			list = append(list, p)
		}
	}
	switch {
	case len(list) > 0:
		if !all.isAllReady() {
			slices.SortFunc(list, e.byAddress)
		}
		return selection{endpoints: e, groups: [][]*source.Packed{list}}
	case n.prefer:
		return all
	}
	return selection{endpoints: e}
}

// holds says whether the endpoint is there. A query may have its name in any case, and zones too are written in any.
func (p place) holds(e *source.Packed) bool {
	at := e.Zone()
	if p.kind == placeNode {
		at = e.Node()
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
