package snapshot

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/source"
)

// These turn what is kept of an object into an object of which the same would be kept.

func named(name types.NamespacedName) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: name.Namespace, Name: name.Name}
}

func encodeService(in *source.Service) *corev1.Service {
	out := &corev1.Service{ObjectMeta: named(in.NamespacedName), Spec: corev1.ServiceSpec{ClusterIP: corev1.ClusterIPNone}}
	if in.Policy != "" {
		out.Annotations = map[string]string{source.PolicyAnnotation: in.Policy}
	}
	if in.Selected {
		out.Spec.Selector = map[string]string{"some": "label"} // which one is not kept
	}
	return out
}

func encodeSlice(in *source.Slice) *discoveryv1.EndpointSlice {
	out := &discoveryv1.EndpointSlice{ObjectMeta: named(in.NamespacedName), AddressType: discoveryv1.AddressTypeIPv4}
	out.Labels = map[string]string{discoveryv1.LabelServiceName: in.Service}
	if in.Controlled {
		out.Labels[discoveryv1.LabelManagedBy] = source.SliceController
	}
	if in.Version != 0 {
		out.ResourceVersion = strconv.FormatUint(in.Version, 10)
	}
	if len(in.Endpoints) == 0 {
		return out
	}
	if !in.Endpoints[0].Is4() {
		out.AddressType = discoveryv1.AddressTypeIPv6
	}
	for _, port := range in.Endpoints[0].Ports() {
		out.Ports = append(out.Ports, encodePort(port))
	}
	out.Endpoints = make([]discoveryv1.Endpoint, len(in.Endpoints))
	for i, p := range in.Endpoints {
		out.Endpoints[i] = encodeEndpoint(p)
	}
	return out
}

func encodePort(in source.Port) discoveryv1.EndpointPort {
	number, protocol := int32(in.Number), protocols[in.Protocol]
	return discoveryv1.EndpointPort{Name: &in.Name, Protocol: &protocol, Port: &number}
}

var protocols = map[string]corev1.Protocol{"tcp": corev1.ProtocolTCP, "udp": corev1.ProtocolUDP, "sctp": corev1.ProtocolSCTP}

func encodeEndpoint(p *source.Packed) discoveryv1.Endpoint {
	in := p.Unpack()
	out := discoveryv1.Endpoint{
		Addresses:  []string{in.Address.String()},
		Conditions: discoveryv1.EndpointConditions{Ready: &in.Ready, Serving: &in.Serving, Terminating: &in.Terminating},
		Hostname:   optional(in.Hostname), NodeName: optional(in.Node), Zone: optional(in.Zone),
	}
	if in.Pod.Name != "" {
		out.TargetRef = &corev1.ObjectReference{Kind: "Pod", Namespace: in.Pod.Namespace, Name: in.Pod.Name}
	}
	if in.Hints != nil {
		out.Hints = &discoveryv1.EndpointHints{}
		for _, zone := range in.Hints.Zones {
			out.Hints.ForZones = append(out.Hints.ForZones, discoveryv1.ForZone{Name: zone})
		}
		for _, node := range in.Hints.Nodes {
			out.Hints.ForNodes = append(out.Hints.ForNodes, discoveryv1.ForNode{Name: node})
		}
	}
	return out
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
