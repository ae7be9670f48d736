package worlds

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	ipv4 = discoveryv1.AddressTypeIPv4
	ipv6 = discoveryv1.AddressTypeIPv6
)

// newAddress returns one that is in no other world that exists at the same time: each has room for a thousand. Those
// of the two zones differ, for each has reverse zones of its own.
func (g *Generator) newAddress(family discoveryv1.AddressType) string {
	g.address++
	block, host := int(g.seed%4096), g.address%1024
	four, six := 10, "fd10"
	if g.World.Zone == PodNamesZone {
		four, six = 11, "fd11"
	}
	switch {
	case family == ipv4:
		number := block<<10 | host
		return fmt.Sprintf("%d.%d.%d.%d", four, 192+number>>16, number>>8&255, number&255)
	case g.one(8):
		return fmt.Sprintf("%s:%x:%x::", six, block+1, host+1) // its name must not end in a dash
	}
	return fmt.Sprintf("%s:%x::%x", six, block+1, host+1)
}

// addSlices makes slices by hand, up to eight, with endpoints that may stand in several of them.
func (g *Generator) addSlices(s *corev1.Service) {
	n := pick(g, 0, 1, 1, 1, 2, 2, 3, 4, 8)
	if g.big {
		n = pick(g, 1, 3, 8)
	}
	total := g.IntN(9)
	if g.big {
		total = 50 + g.IntN(251)
	}
	for i := range n {
		family := pick(g, ipv4, ipv4, ipv6)
		slice := g.addSlice(s, family)
		for range total*(i+1)/n - total*i/n {
			slice.Endpoints = append(slice.Endpoints, g.endpoint(s, family))
		}
	}
	duplicates := g.IntN(3)
	if g.odd {
		duplicates += 4
	}
	for range duplicates {
		g.duplicate(s)
	}
}

// addSlice adds an empty slice, mostly with the ports of the service.
func (g *Generator) addSlice(s *corev1.Service, family discoveryv1.AddressType) *discoveryv1.EndpointSlice {
	g.names++
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Name:   fmt.Sprintf("slice-%d", g.names),
			Labels: map[string]string{discoveryv1.LabelServiceName: s.Name},
		},
		AddressType: family,
		Ports:       g.slicePorts(s),
	}
	g.World.Slices = append(g.World.Slices, slice)
	return slice
}

// slicePorts are those of the service, or as a named target port makes them: some are missing, some have other
// numbers.
func (g *Generator) slicePorts(s *corev1.Service) []discoveryv1.EndpointPort {
	var ports []discoveryv1.EndpointPort
	for _, p := range s.Spec.Ports {
		if g.one(8) && !g.big {
			continue
		}
		port := discoveryv1.EndpointPort{Name: new(p.Name), Protocol: new(p.Protocol), Port: new(p.Port)}
		switch {
		case g.one(6):
			*port.Port += 7
		case g.odd && g.one(6):
			port.Port = nil
		}
		ports = append(ports, port)
	}
	return ports
}

// endpoint makes an endpoint with an address of its own, or rarely one that another service has too.
func (g *Generator) endpoint(s *corev1.Service, family discoveryv1.AddressType) discoveryv1.Endpoint {
	e := discoveryv1.Endpoint{Addresses: []string{g.newAddress(family)}}
	if others := g.addresses(family, s.Name); len(others) > 0 && g.one(10) {
		e.Addresses[0] = pick(g, others...)
	}
	for !g.big && g.one(15) {
		e.Addresses = append(e.Addresses, g.newAddress(family))
	}
	g.condition(&e)
	g.call(&e)
	if !g.one(3) {
		e.Zone = new(pick(g, "zone-1", "zone-2", "Zone-2", "eu.west-1a"))
	}
	if g.one(2) {
		e.NodeName = new(pick(g, "node-a", "node-b.example.com"))
	}
	return e
}

// addresses are those of the family in slices of all services but one.
func (g *Generator) addresses(family discoveryv1.AddressType, not string) []string {
	var all []string
	for _, slice := range g.World.Slices {
		if slice.AddressType == family && slice.Labels[discoveryv1.LabelServiceName] != not {
			for _, e := range slice.Endpoints {
				all = append(all, e.Addresses...)
			}
		}
	}
	return all
}

// condition sets the conditions; most endpoints are ready, or say nothing, which means the same.
func (g *Generator) condition(e *discoveryv1.Endpoint) {
	e.Conditions = discoveryv1.EndpointConditions{Ready: pick(g, new(true), new(true), new(true), nil, new(false))}
	e.Conditions.Serving = pick(g, nil, nil, new(true), new(false))
	if g.one(6) {
		e.Conditions.Terminating = new(g.one(2))
	}
}

// call gives an endpoint a hostname that may be shared, or a pod, or neither.
func (g *Generator) call(e *discoveryv1.Endpoint) {
	e.Hostname, e.TargetRef = nil, nil
	switch g.IntN(6) {
	case 0, 1:
		e.Hostname = new(fmt.Sprintf("db-%d", g.IntN(4)))
	case 2:
		// The last is what another endpoint may be called by.
		others := append(g.addresses(ipv4, ""), g.newAddress(ipv4))
		e.Hostname = new(pick(g, longest, "0", "pin", "svc", strings.ReplaceAll(pick(g, others...), ".", "-")))
	}
	if g.one(2) {
		return
	}
	e.TargetRef = &corev1.ObjectReference{Kind: "Pod", Name: fmt.Sprintf("pod-%d", g.IntN(4))}
	if g.one(8) {
		e.TargetRef.Name = longest + "-and-longer"
	}
	if !g.odd {
		return
	}
	switch g.IntN(4) {
	case 0:
		e.TargetRef.Name = "pod.with.dots"
	case 1:
		e.TargetRef.Kind = "Machine"
	}
}

// duplicate puts a copy of an endpoint into another slice of its service, as it stands there while it moves: its
// conditions, and what it is called by, may differ.
func (g *Generator) duplicate(s *corev1.Service) {
	of := g.slicesOf(s.Name)
	if len(of) < 2 {
		return
	}
	from, to := pick(g, of...), pick(g, of...)
	if from == to || from.AddressType != to.AddressType || len(from.Endpoints) == 0 {
		return
	}
	e := *from.Endpoints[g.IntN(len(from.Endpoints))].DeepCopy()
	kinds := 4
	if g.odd {
		kinds = 8
	}
	switch g.IntN(kinds) {
	case 0:
		e.Conditions.Ready = new(false)
	case 1:
		g.call(&e)
	case 4, 5:
		e.Conditions = discoveryv1.EndpointConditions{Ready: new(true), Serving: new(true), Terminating: new(true)}
	case 6, 7:
		e.Conditions.Ready, e.Zone = nil, new("zone-3")
	}
	to.Endpoints = append(to.Endpoints, e)
}

func (g *Generator) slicesOf(service string) []*discoveryv1.EndpointSlice {
	return slices.DeleteFunc(slices.Clone(g.World.Slices), func(slice *discoveryv1.EndpointSlice) bool {
		return slice.Labels[discoveryv1.LabelServiceName] != service
	})
}
