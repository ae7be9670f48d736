package source

import corev1 "k8s.io/api/core/v1"

// Node is what is kept of a Node.
type Node struct {
	Name string
	// Zone and Region say where it stands (labels topology.kubernetes.io/zone and region), empty where that is
	// unknown.
	Zone, Region string
	// Ready is false where the condition Ready says so, or that nothing is heard of the node. Without the condition
	// it is true.
	Ready bool
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
	return n
}
