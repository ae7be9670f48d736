package source

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unique"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
	netutils "k8s.io/utils/net"
)

// Reasons for which an object, or a part of one, is not taken over. They are the values of the label reason of the
// metric coredns_headless_malformed_total.
const (
	ReasonNoServiceName = "no_service_name" // an EndpointSlice without the label kubernetes.io/service-name
	ReasonAddressType   = "address_type"    // an EndpointSlice of addressType FQDN, or of an unknown one
	ReasonAddress       = "address"         // an address that does not parse or is not of the slice's type
	ReasonHostname      = "hostname"        // a hostname that is no DNS label: the endpoint is kept without it
	ReasonPort          = "port"            // a port without a number, or with a number, name or protocol that cannot be
)

// Problem is an object, or a part of one, that was not taken over.
type Problem struct {
	Kind   string // EndpointSlice: of a Service nothing that can be malformed is kept
	Object types.NamespacedName
	Reason string // one of the Reason constants
	Value  string // what was found, as it was found
}

// Decoder reduces objects of the API to what is kept of them.
type Decoder struct {
	// Namespaces are those to take objects from; none means all.
	Namespaces []string
	// Labels selects Services by their labels; nil selects all.
	Labels labels.Selector
	// NamespaceLabels selects namespaces by their labels; nil selects all.
	NamespaceLabels labels.Selector
	// Uses is what is taken of Pods and Nodes.
	Uses Uses
	// Report is told of everything that is left out because it is malformed. It must not be nil.
	Report func(Problem)
}

// Service returns what is kept of a Service, or nil where it is none of ours: not headless, in another namespace or
// without the labels. Headlessness is read from spec.clusterIP alone, for no label on a slice is reliable.
func (d *Decoder) Service(s *corev1.Service) *Service {
	if s.Spec.ClusterIP != corev1.ClusterIPNone || s.Spec.Type == corev1.ServiceTypeExternalName {
		return nil
	}
	if !d.namespace(s.Namespace) || d.Labels != nil && !d.Labels.Matches(labels.Set(s.Labels)) {
		return nil
	}
	return &Service{
		NamespacedName: types.NamespacedName{Namespace: s.Namespace, Name: s.Name},
		Policy:         policyOf(s.Annotations),
		Selected:       len(s.Spec.Selector) > 0,
	}
}

// PolicyAnnotation is the annotation by which a Service asks for a policy.
const PolicyAnnotation = "headless-dns/policy"

// maxPolicy is how much is kept of a policy's name. Names have 63 letters at most, so a longer one is unknown for
// certain; what is left of it is for the log.
const maxPolicy = 64

func policyOf(annotations map[string]string) string {
	name := strings.TrimSpace(annotations[PolicyAnnotation])
	return share(name[:min(len(name), maxPolicy)])
}

// Namespace returns the name of a Namespace, or nil where it is none of ours.
func (d *Decoder) Namespace(n *corev1.Namespace) *string {
	if d.NamespaceLabels == nil || !d.NamespaceLabels.Matches(labels.Set(n.Labels)) {
		return nil
	}
	return &n.Name
}

// Slice returns what is kept of an EndpointSlice, or nil where nothing of it can be used.
func (d *Decoder) Slice(s *discoveryv1.EndpointSlice) *Slice {
	if !d.namespace(s.Namespace) {
		return nil
	}
	c := sliceDecoder{Decoder: d, in: s, name: types.NamespacedName{Namespace: share(s.Namespace), Name: s.Name}}
	service := s.Labels[discoveryv1.LabelServiceName]
	if service == "" {
		c.report(ReasonNoServiceName, "")
		return nil
	}
	if s.AddressType != discoveryv1.AddressTypeIPv4 && s.AddressType != discoveryv1.AddressTypeIPv6 {
		c.report(ReasonAddressType, string(s.AddressType))
		return nil
	}
	out := &Slice{
		NamespacedName: c.name, Service: share(service), Controlled: isControlled(s), Version: version(s.ResourceVersion),
	}
	return out.With(c.ports(), c.endpoints()...)
}

// isControlled says whether the endpointslice controller keeps a slice. It leaves one alone that is being deleted, which
// finalizers can draw out for ever.
func isControlled(s *discoveryv1.EndpointSlice) bool {
	return s.Labels[discoveryv1.LabelManagedBy] == SliceController && s.DeletionTimestamp == nil
}

// SliceController is what the endpointslice controller calls itself.
const SliceController = "endpointslice-controller.k8s.io"

// version reads a resourceVersion, which is a number in Kubernetes. Other API servers may have something else there.
func version(text string) uint64 {
	number, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0
	}
	return number
}

func (d *Decoder) namespace(name string) bool {
	return len(d.Namespaces) == 0 || slices.Contains(d.Namespaces, name)
}

// sliceDecoder reduces one EndpointSlice.
type sliceDecoder struct {
	*Decoder
	in   *discoveryv1.EndpointSlice
	name types.NamespacedName
}

func (c *sliceDecoder) report(reason, value string) {
	c.Report(Problem{Kind: "EndpointSlice", Object: c.name, Reason: reason, Value: value})
}

// protocols are those of the API, as they are used in names.
var protocols = map[corev1.Protocol]string{
	corev1.ProtocolTCP:  "tcp",
	corev1.ProtocolUDP:  "udp",
	corev1.ProtocolSCTP: "sctp",
}

func (c *sliceDecoder) ports() []Port {
	ports := make([]Port, 0, len(c.in.Ports))
	seen := make(map[Port]bool, len(c.in.Ports))
	for _, p := range c.in.Ports {
		name, number := strings.ToLower(deref(p.Name, "")), deref(p.Port, 0)
		protocol, known := protocols[cmp.Or(deref(p.Protocol, ""), corev1.ProtocolTCP)]
		if !known || number < 1 || number > 65535 || name != "" && len(validation.IsDNS1123Label(name)) > 0 {
			c.report(ReasonPort, name)
			continue
		}
		port := Port{Name: share(name), Protocol: protocol, Number: uint16(number)}
		if !seen[port] { // an API server refuses the second one
			seen[port] = true
			ports = append(ports, port)
		}
	}
	return ports
}

func (c *sliceDecoder) endpoints() []Endpoint {
	endpoints := make([]Endpoint, 0, len(c.in.Endpoints))
	for i := range c.in.Endpoints {
		in := &c.in.Endpoints[i]
		endpoint := c.endpoint(in)
		// A consumer of the API may ignore all addresses but the first; the kubernetes plugin answers with all of
		// them, and so do we.
		for _, text := range in.Addresses {
			address, ok := c.address(text)
			if !ok {
				c.report(ReasonAddress, text)
				continue
			}
			endpoint.Address = address
			endpoints = append(endpoints, endpoint)
		}
	}
	return endpoints
}

// endpoint decodes all but the address.
func (c *sliceDecoder) endpoint(in *discoveryv1.Endpoint) Endpoint {
	ready := deref(in.Conditions.Ready, true)
	e := Endpoint{
		Node:        deref(in.NodeName, ""),
		Zone:        deref(in.Zone, ""),
		Hints:       hintsOf(in.Hints),
		Ready:       ready,
		Serving:     deref(in.Conditions.Serving, ready),
		Terminating: deref(in.Conditions.Terminating, false),
	}
	if hostname := strings.ToLower(deref(in.Hostname, "")); hostname != "" {
		if isLabel(hostname) {
			e.Hostname = hostname
		} else {
			c.report(ReasonHostname, hostname)
		}
	}
	if ref := in.TargetRef; ref != nil && ref.Kind == "Pod" {
		e.Pod = types.NamespacedName{Namespace: cmp.Or(ref.Namespace, c.name.Namespace), Name: ref.Name}
	}
	return e
}

// address parses an address as kube-proxy does: leading zeros are decimal, as in the oldest objects (see
// IsValidIPForLegacyField in apimachinery). One of another family than the slice's is malformed.
func (c *sliceDecoder) address(text string) (netip.Addr, bool) {
	address, ok := netip.AddrFromSlice(netutils.ParseIPSloppy(text))
	address = address.Unmap()
	return address, ok && address.Is4() == (c.in.AddressType == discoveryv1.AddressTypeIPv4)
}

func hintsOf(in *discoveryv1.EndpointHints) *Hints {
	if in == nil || len(in.ForZones)+len(in.ForNodes) == 0 {
		return nil
	}
	hints := &Hints{}
	for _, zone := range in.ForZones {
		hints.Zones = append(hints.Zones, zone.Name)
	}
	for _, node := range in.ForNodes {
		hints.Nodes = append(hints.Nodes, node.Name)
	}
	return hints
}

// share returns s in storage that all equal strings share: names of services and ports repeat for every slice.
func share(s string) string { return unique.Make(s).Value() }

func deref[T any](p *T, unknown T) T {
	if p == nil {
		return unknown
	}
	return *p
}
