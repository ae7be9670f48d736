package headless

import (
	"slices"

	"github.com/headless-dns/headless/source"
)

// portCount is a port, and how many ready endpoints have it.
type portCount struct {
	source.Port
	endpoints int
}

// portList is a list of ports, and how many endpoints have it: those of a slice, and mostly those of all slices.
type portList struct {
	key        source.PortsKey
	ports      []source.Port
	ready, all int
}

// countPorts notes which ports there are, after endpoints have come and gone.
func (c *content) countPorts(before *content, ready, unready *edit) {
	lists := portLists(slices.Clone(before.portLists))
	lists.count(ready, 1)
	lists.count(unready, 0)
	lists = slices.DeleteFunc(lists, func(l portList) bool { return l.all == 0 })
	c.portLists = lists
	if slices.EqualFunc(lists, before.portLists, func(a, b portList) bool { return a.key == b.key && a.ready == b.ready }) {
		c.ports, c.repeatedPort = before.ports, before.repeatedPort
		return
	}
	counts := make(map[source.Port]int)
	for _, list := range lists {
		for _, port := range list.ports {
			counts[port] += list.ready
		}
	}
	numbers := make(map[uint16]bool, len(counts))
	for port, n := range counts {
		if n > 0 {
			c.ports = append(c.ports, portCount{Port: port, endpoints: n})
			c.repeatedPort = c.repeatedPort || numbers[port.Number]
			numbers[port.Number] = true
		}
	}
}

type portLists []portList

// count counts what comes and goes; ready is 1 where that is ready, else 0.
func (l *portLists) count(in *edit, ready int) {
	for _, p := range in.added {
		list := l.of(p)
		list.all, list.ready = list.all+1, list.ready+ready
	}
	for _, p := range in.removed {
		list := l.of(p)
		list.all, list.ready = list.all-1, list.ready-ready
	}
}

// of returns the list of an endpoint.
func (l *portLists) of(p *source.Packed) *portList {
	i := slices.IndexFunc(*l, func(list portList) bool { return list.key == p.PortsKey() })
	if i < 0 {
		i = len(*l)
		*l = append(*l, portList{key: p.PortsKey(), ports: p.Ports()})
	}
	return &(*l)[i]
}

// withPort returns the ready endpoints that have such a port; an empty name or protocol stands for any.
func (e *endpoints) withPort(name, protocol string) selection {
	if name == "" && protocol == "" {
		return e.allReady() // those without ports too
	}
	found := false
	for _, port := range e.ports {
		if matches(port.Port, name, protocol) {
			found = true
			if port.endpoints == e.ready() {
				return e.allReady()
			}
		}
	}
	some := selection{endpoints: e}
	if !found {
		return some
	}
	// Ports that differ are rare: a named target port that pods give different numbers, or hand-made slices.
	for _, list := range e.portLists {
		if list.has(name, protocol) {
			some.groups = append(some.groups, e.group(list.key))
		}
	}
	return some
}

// hasPort says whether an endpoint, ready or not, has such a port.
func (e *endpoints) hasPort(name, protocol string) bool {
	return slices.ContainsFunc(e.portLists, func(list portList) bool { return list.has(name, protocol) })
}

func (l *portList) has(name, protocol string) bool {
	return slices.ContainsFunc(l.ports, func(port source.Port) bool { return matches(port, name, protocol) })
}

// matches says whether a port is asked for; an empty name or protocol stands for any.
func matches(port source.Port, name, protocol string) bool {
	return (name == "" || port.Name == name) && (protocol == "" || port.Protocol == protocol)
}
