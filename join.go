package headless

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/headless-dns/headless/source"
)

// join makes one set of endpoints from all slices of a service, IPv4 and IPv6. The same address may stand in more than
// one slice at a time, while the controller moves an endpoint or where somebody wrote it so.
func join(of []*source.Slice, podNames bool) *endpoints {
	n := 0
	for _, s := range of {
		n += len(s.Endpoints)
	}
	all := make([]endpoint, 0, n)
	for _, s := range of {
		for i := range s.Endpoints {
			ep := &s.Endpoints[i]
			all = append(all, endpoint{Endpoint: ep, label: label(ep, podNames), ports: s.Ports})
		}
	}
	// The order does not depend on that of the slices, so replicas of CoreDNS agree.
	slices.SortFunc(all, compareEndpoints)
	return newEndpoints(dropDuplicates(all))
}

// label returns the first label of an endpoint's own name, or nothing where it is called by its address.
func label(ep *source.Endpoint, podNames bool) string {
	if ep.Hostname == "" && podNames && len(validation.IsDNS1123Label(ep.Pod.Name)) == 0 {
		return ep.Pod.Name
	}
	return ep.Hostname
}

// compareEndpoints orders by address, and for one address puts what dropDuplicates prefers first.
func compareEndpoints(a, b endpoint) int {
	if order := a.Address.Compare(b.Address); order != 0 {
		return order // nearly always, so the rest is not looked at
	}
	return cmp.Or(
		compareBool(a.Terminating, b.Terminating),
		strings.Compare(a.label, b.label),
		compareBool(b.Ready, a.Ready),
		compareBool(b.Serving, a.Serving),
		strings.Compare(a.Pod.Name, b.Pod.Name),
		strings.Compare(a.Pod.Namespace, b.Pod.Namespace),
		strings.Compare(a.Node, b.Node),
		strings.Compare(a.Zone, b.Zone),
		compareHints(a.Hints, b.Hints),
	)
}

func compareHints(a, b *source.Hints) int {
	if a == nil || b == nil {
		return compareBool(a != nil, b != nil)
	}
	return cmp.Or(slices.Compare(a.Zones, b.Zones), slices.Compare(a.Nodes, b.Nodes))
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// dropDuplicates keeps one endpoint for each address and name, by kube-proxy's rule
// (EndpointSliceCache.addEndpoints): of two that share an address, one that is terminating gives way to one that is
// not, for the network may hand the address of a terminating pod to a new one. Where that leaves several of one name,
// the ready one is kept, with the ports of all that are as ready as it is. It works in place, on a sorted slice.
func dropDuplicates(all []endpoint) []endpoint {
	kept := all[:0]
	address := 0 // where the endpoints of the current address begin in kept
	for _, ep := range all {
		if len(kept) == 0 || kept[len(kept)-1].Address != ep.Address {
			address = len(kept)
			kept = append(kept, ep)
			continue
		}
		if ep.Terminating && !kept[address].Terminating {
			continue
		}
		if last := &kept[len(kept)-1]; last.label != ep.label {
			kept = append(kept, ep)
		} else if last.Ready == ep.Ready {
			last.ports = unitePorts(last.ports, ep.ports)
		}
	}
	return kept
}

// unitePorts returns the ports of both lists, each once. It does not write to either, for they are shared.
func unitePorts(a, b []source.Port) []source.Port {
	if slices.Equal(a, b) {
		return a
	}
	united := slices.Concat(a, b)
	slices.SortFunc(united, func(a, b source.Port) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Number, b.Number))
	})
	return slices.Compact(united)
}
