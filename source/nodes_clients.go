package source

import (
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// addressAnnotations name addresses from which a node asks, beside those of its status: where Pods are reached through
// a tunnel, what asks from the node itself has the address of the tunnel's end. Some have the length of a network.
var addressAnnotations = []string{
	// Calico: libcalico-go/lib/backend/k8s/resources/node.go
	"projectcalico.org/IPv4Address",
	"projectcalico.org/IPv6Address",
	"projectcalico.org/IPv4IPIPTunnelAddr",
	"projectcalico.org/IPv4VXLANTunnelAddr",
	"projectcalico.org/IPv6VXLANTunnelAddr",
	"projectcalico.org/IPv4WireguardInterfaceAddr",
	"projectcalico.org/IPv6WireguardInterfaceAddr",
	// Cilium, with annotate-k8s-node: pkg/annotation/k8s.go; the second two are those of 1.11
	"network.cilium.io/ipv4-cilium-host",
	"network.cilium.io/ipv6-cilium-host",
	"io.cilium.network.ipv4-cilium-host",
	"io.cilium.network.ipv6-cilium-host",
	// flannel: pkg/subnet/kube/annotations.go
	"flannel.alpha.coreos.com/public-ip",
	"flannel.alpha.coreos.com/public-ipv6",
}

// cidrAnnotations name the network of a node's Pods. Where Cilium has a pool of its own, spec.podCIDRs is another one,
// from which no Pod gets an address.
var cidrAnnotations = []string{
	"network.cilium.io/ipv4-pod-cidr",
	"network.cilium.io/ipv6-pod-cidr",
	"io.cilium.network.ipv4-pod-cidr",
	"io.cilium.network.ipv6-pod-cidr",
}

// nodeAddresses returns the addresses of a node, in their order. What does not parse is not ours to complain of: other
// parts of the cluster write and read it.
func nodeAddresses(in *corev1.Node) []netip.Addr {
	var all []netip.Addr
	add := func(text string) {
		if address, ok := parseAddress(text); ok && !address.IsLinkLocalUnicast() {
			all = append(all, address)
		}
	}
	for _, address := range in.Status.Addresses {
		if address.Type == corev1.NodeInternalIP || address.Type == corev1.NodeExternalIP {
			add(address.Address)
		}
	}
	for _, key := range addressAnnotations {
		address, _, _ := strings.Cut(in.Annotations[key], "/")
		add(address)
	}
	slices.SortFunc(all, netip.Addr.Compare)
	return slices.Clip(slices.Compact(all))
}

// podCIDRs returns the networks of a node's Pods, of each family from where it is said best.
func podCIDRs(in *corev1.Node) []netip.Prefix {
	var all []netip.Prefix
	add := func(text string) {
		prefix, err := netip.ParsePrefix(text)
		if err == nil && isPodCIDR(prefix) && !slices.ContainsFunc(all, func(other netip.Prefix) bool { return other.Addr().Is4() == prefix.Addr().Is4() }) {
			all = append(all, prefix.Masked())
		}
	}
	for _, key := range cidrAnnotations {
		add(in.Annotations[key])
	}
	for _, cidr := range in.Spec.PodCIDRs {
		add(cidr)
	}
	if len(in.Spec.PodCIDRs) == 0 { // as it is in objects of old clients
		add(in.Spec.PodCIDR)
	}
	return all
}

// isPodCIDR says whether a network can be that of one node: a kubelet may write what it wants into the annotations of
// its node, and must not claim every address that is.
func isPodCIDR(prefix netip.Prefix) bool {
	const shortest4, shortest6 = 12, 32
	address := prefix.Addr()
	return address.Is4() && prefix.Bits() >= shortest4 || address.Is6() && !address.Is4In6() && prefix.Bits() >= shortest6
}

// parseAddress parses an address, which is without a zone and never an IPv4-mapped IPv6 address then.
func parseAddress(text string) (netip.Addr, bool) {
	address, err := netip.ParseAddr(text)
	return address.Unmap().WithZone(""), err == nil
}
