package headless

import (
	"slices"

	"github.com/headless-dns/headless/source"
)

// countPorts notes which ports ready endpoints have. Endpoints of a slice share a list of ports: it may be long, and
// so may the slice, so that each list is gone through once.
func (e *endpoints) countPorts() {
	lists := e.groupByPorts()
	counts := make(map[source.Port]int)
	for _, list := range lists {
		for _, port := range list.ports {
			counts[port] += len(list.endpoints)
		}
	}
	numbers := make(map[uint16]bool, len(counts))
	for port, n := range counts {
		e.ports = append(e.ports, portCount{Port: port, endpoints: n})
		e.repeated = e.repeated || numbers[port.Number]
		numbers[port.Number] = true
		if n < e.ready() {
			e.portLists = lists
		}
	}
}

// groupByPorts groups the ready endpoints that have ports by their list of them.
func (e *endpoints) groupByPorts() []portList {
	var lists []portList
	known := make(map[*source.Port]int)
	for i := range e.all[:e.ready()] {
		ports := e.all[i].ports
		if len(ports) == 0 {
			continue
		}
		at, ok := known[&ports[0]]
		if !ok {
			at = len(lists)
			known[&ports[0]] = at
			lists = append(lists, portList{ports: ports})
		}
		lists[at].endpoints = append(lists[at].endpoints, int32(i)) // #nosec G115 -- a service has fewer endpoints
	}
	return lists
}

// withPort returns the ready endpoints that have such a port; an empty name or protocol stands for any.
func (e *endpoints) withPort(name, protocol string) selection {
	if name == "" && protocol == "" {
		return selection{endpoints: e, to: e.ready()} // those without ports too
	}
	found := false
	for _, port := range e.ports {
		if matches(port.Port, name, protocol) {
			found = true
			if port.endpoints == e.ready() {
				return selection{endpoints: e, to: e.ready()}
			}
		}
	}
	some := selection{endpoints: e}
	if !found {
		return some
	}
	// Ports that differ are rare: a named target port that pods give different numbers, or hand-made slices.
	for _, list := range e.portLists {
		if slices.ContainsFunc(list.ports, func(port source.Port) bool { return matches(port, name, protocol) }) {
			some.groups = append(some.groups, list.endpoints)
		}
	}
	return some
}

// matches says whether a port is asked for; an empty name or protocol stands for any.
func matches(port source.Port, name, protocol string) bool {
	return (name == "" || port.Name == name) && (protocol == "" || port.Protocol == protocol)
}
