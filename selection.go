package headless

import (
	"slices"
	"strings"

	"github.com/headless-dns/headless/source"
)

// selection is some of the ready endpoints of a service: a range of them, or a list.
type selection struct {
	*endpoints
	from, to int
	list     []int32 // instead of the range where it is not nil; its IPv4 endpoints come first
}

func (s selection) len() int {
	if s.list != nil {
		return len(s.list)
	}
	return s.to - s.from
}

// at returns where in all endpoints the i-th of the selection stands.
func (s selection) at(i int) int {
	if s.list != nil {
		return int(s.list[i])
	}
	return s.from + i
}

// ip returns the wire form of the address of the i-th of the selection.
func (s selection) ip(i int) []byte { return s.endpoints.ip(s.at(i)) }

// family returns those with an IPv4 address, or those with an IPv6 address.
func (s selection) family(ipv4 bool) selection {
	if s.list == nil {
		if ipv4 {
			s.to = min(s.to, s.ipv4)
		} else {
			s.from = max(s.from, s.ipv4)
		}
		return s
	}
	cut := 0
	for cut < len(s.list) && int(s.list[cut]) < s.ipv4 {
		cut++
	}
	if ipv4 {
		s.list = s.list[:cut]
	} else {
		s.list = s.list[cut:]
	}
	return s
}

// distinct returns one of those that share an address, for each address.
func (s selection) distinct() selection {
	if !s.shared {
		return s
	}
	list := make([]int32, 0, s.len())
	for i := range s.len() {
		at := s.at(i)
		if len(list) == 0 || s.all[list[len(list)-1]].Address != s.all[at].Address {
			list = append(list, int32(at)) // #nosec G115 -- a service has fewer endpoints
		}
	}
	return selection{endpoints: s.endpoints, list: list}
}

// find returns the ready endpoints that the name stands for.
func (a *asking) find(e *endpoints) selection {
	switch a.name.kind {
	case nameService:
		return selection{endpoints: e, to: e.ready()}
	case nameEndpoint:
		return selection{endpoints: e, list: e.named(a.name.endpoint)}
	case namePort:
		return e.withPort(a.name.port, a.name.protocol)
	}
	return selection{endpoints: e}
}

// withPort returns the ready endpoints that have such a port; an empty name or protocol stands for any.
func (e *endpoints) withPort(name, protocol string) selection {
	var having []portCount
	for _, port := range e.ports {
		if matches(port.Port, name, protocol) {
			having = append(having, port)
		}
	}
	if len(having) == 0 {
		return selection{endpoints: e}
	}
	if having[0].endpoints == e.ready() {
		return selection{endpoints: e, to: e.ready()}
	}
	// Endpoints whose ports differ are rare: a named target port that pods give different numbers, or hand-made slices.
	list := []int32{}
	for i := range e.all[:e.ready()] {
		if slices.ContainsFunc(e.all[i].ports, func(port source.Port) bool { return matches(port, name, protocol) }) {
			list = append(list, int32(i)) // #nosec G115 -- a service has fewer endpoints
		}
	}
	return selection{endpoints: e, list: list}
}

// matches says whether a port is asked for; an empty name or protocol stands for any.
func matches(port source.Port, name, protocol string) bool {
	return (name == "" || port.Name == name) && (protocol == "" || port.Protocol == protocol)
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
