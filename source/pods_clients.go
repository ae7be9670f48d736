package source

import (
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// PodClient says from where a Pod asks.
type PodClient struct {
	// Node is the node that it runs on, and Zone and Region are those of the node as they were when it was put there
	// (labels topology.kubernetes.io/zone and region, since Kubernetes 1.35). Each is empty where it is unknown.
	Node, Zone, Region string
	// Addresses are its own, at most one of each family; a Pod in the network of its node has none of its own.
	Addresses []netip.Addr
	// HostAddresses are those of its node.
	HostAddresses []netip.Addr
	// Terminating says that its address may soon be that of another Pod.
	Terminating bool
}

// ClientPod returns what is kept of a Pod of which the addresses are wanted, whichever its namespace is: clients may be
// in any. It is nil for a Pod without an address, and for one that has ended.
func (d *Decoder) ClientPod(in *corev1.Pod) *Pod {
	if in.Status.Phase == corev1.PodSucceeded || in.Status.Phase == corev1.PodFailed {
		return nil
	}
	p := &Pod{
		NamespacedName: types.NamespacedName{Namespace: share(in.Namespace), Name: in.Name},
		Facts:          sharePodFacts(chosen(in.Labels, d.Uses.Labels), chosen(in.Annotations, d.Uses.Annotations)),
		Client: PodClient{
			Node:        in.Spec.NodeName, // which the directory of clients shares
			Zone:        share(in.Labels[corev1.LabelTopologyZone]),
			Region:      share(in.Labels[corev1.LabelTopologyRegion]),
			Terminating: in.DeletionTimestamp != nil,
		},
	}
	c := &p.Client
	for _, ip := range in.Status.HostIPs {
		c.HostAddresses = appendAddress(c.HostAddresses, ip.IP)
	}
	if len(in.Status.HostIPs) == 0 { // as before Kubernetes 1.29
		c.HostAddresses = appendAddress(c.HostAddresses, in.Status.HostIP)
	}
	if !in.Spec.HostNetwork {
		for _, ip := range in.Status.PodIPs {
			c.Addresses = appendAddress(c.Addresses, ip.IP)
		}
	}
	if p.Facts == nil && len(c.Addresses)+len(c.HostAddresses) == 0 {
		return nil
	}
	return p
}

func appendAddress(all []netip.Addr, text string) []netip.Addr {
	if address, ok := parseAddress(text); ok {
		all = append(all, address)
	}
	return all
}
