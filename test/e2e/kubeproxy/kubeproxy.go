// Package kubeproxy asks kube-proxy's own code which endpoints of a service it would send a client to. It is the oracle
// of what the step hints does: the same slices for both, and the same client.
package kubeproxy

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/kubernetes/pkg/proxy"
)

// Endpoints are those of a service, as the kube-proxy of a node knows them.
type Endpoints struct {
	node, zone string
	endpoints  []proxy.Endpoint
}

// Of returns what the kube-proxy of a node in a zone makes of a service's slices of one family. They must be those of
// one service and of one port, which is named. Where a slice says nothing of conditions or hints, kube-proxy decides
// what that means.
func Of(node, zone string, of ...*discoveryv1.EndpointSlice) *Endpoints {
	family := corev1.IPv4Protocol
	if len(of) > 0 && of[0].AddressType == discoveryv1.AddressTypeIPv6 {
		family = corev1.IPv6Protocol
	}
	tracker := proxy.NewEndpointsChangeTracker(family, node, nil, nil)
	for _, slice := range of {
		tracker.EndpointSliceUpdate(slice, false)
	}
	services := proxy.EndpointsMap{}
	services.Update(tracker)
	e := &Endpoints{node: node, zone: zone}
	for _, endpoints := range services {
		e.endpoints = append(e.endpoints, endpoints...)
	}
	return e
}

// Chosen are the addresses that a client on the node is sent to, in their order, where the service has the traffic
// policy Cluster, which all have that say nothing else.
func (e *Endpoints) Chosen() []string {
	// One whose fields are all zero is such a service.
	service := new(proxy.BaseServicePortInfo)
	labels := map[string]string{}
	if e.zone != "" {
		labels[corev1.LabelTopologyZone] = e.zone
	}
	chosen, _, _, _ := proxy.CategorizeEndpoints(e.endpoints, service, e.node, labels)
	var addresses []string
	for _, endpoint := range chosen {
		addresses = append(addresses, endpoint.IP())
	}
	slices.Sort(addresses)
	return addresses
}
