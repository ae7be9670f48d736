package source

import (
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Node is what is kept of a Node.
type Node struct {
	Name string
	// Zone and Region say where it stands (labels topology.kubernetes.io/zone and region), empty where that is
	// unknown.
	Zone, Region string
	// Ready is false where the condition Ready says so, or that nothing is heard of the node. Without the condition
	// it is true.
	Ready bool
	// Addresses are those that clients on the node itself ask from, and PodCIDRs the networks of its Pods' addresses.
	// They are there only where they tell where clients are (Uses.ClientNodes).
	Addresses []netip.Addr
	PodCIDRs  []netip.Prefix
}

// Equal says whether the same is kept of both.
func (n *Node) Equal(other *Node) bool {
	return n.Name == other.Name && n.Zone == other.Zone && n.Region == other.Region && n.Ready == other.Ready &&
		slices.Equal(n.Addresses, other.Addresses) && slices.Equal(n.PodCIDRs, other.PodCIDRs)
}

// Node returns what policies look at of a Node.
func (d *Decoder) Node(in *corev1.Node) *Node {
	n := &Node{
		Name:   share(in.Name),
		Zone:   share(in.Labels[corev1.LabelTopologyZone]),
		Region: share(in.Labels[corev1.LabelTopologyRegion]),
		Ready:  true,
	}
	for _, condition := range in.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			n.Ready = condition.Status == corev1.ConditionTrue
		}
	}
	if d.Uses.ClientNodes {
		n.Addresses, n.PodCIDRs = nodeAddresses(in), podCIDRs(in)
	}
	return n
}
