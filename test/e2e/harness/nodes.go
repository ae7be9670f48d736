package harness

import (
	"context"
	"fmt"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Nodes are those of the cluster: six in three zones, of two regions. Clouds have nodes whose names have dots.
var Nodes = []Node{
	{Name: "node-a", Zone: "zone-1", Region: "region-1", number: 1},
	{Name: "node-b", Zone: "zone-1", Region: "region-1", number: 2},
	{Name: "node-c", Zone: "zone-2", Region: "region-1", number: 3},
	{Name: "node-d", Zone: "zone-2", Region: "region-1", number: 4},
	{Name: "node-e", Zone: "zone-3", Region: "region-2", number: 5},
	{Name: "node-f.internal", Zone: "zone-3", Region: "region-2", number: 6},
}

// Node is a place for pods to run.
type Node struct {
	Name, Zone, Region string

	number int
}

// NodeNamed returns one of the nodes.
func NodeNamed(name string) (Node, bool) {
	i := slices.IndexFunc(Nodes, func(n Node) bool { return n.Name == name })
	if i < 0 {
		return Node{}, false
	}
	return Nodes[i], true
}

// Addresses are the node's own, one of each family.
func (n Node) Addresses() []string {
	return []string{fmt.Sprintf("10.100.0.%d", n.number), fmt.Sprintf("fd00:10:100::%d", n.number)}
}

// PodNetworks are those that the node's pods have their addresses from, one of each family.
func (n Node) PodNetworks() []string {
	return []string{fmt.Sprintf("10.%d.0.0/16", 100+n.number), fmt.Sprintf("fd00:10:244:%d::/64", n.number)}
}

func (n Node) object() *corev1.Node {
	node := NewNode(n.Name, n.Region)
	node.Labels[corev1.LabelHostname], node.Labels[corev1.LabelTopologyZone] = n.Name, n.Zone
	node.Spec.PodCIDRs = n.PodNetworks()
	node.Spec.PodCIDR = node.Spec.PodCIDRs[0]
	for _, address := range n.Addresses() {
		node.Status.Addresses = append(node.Status.Addresses, corev1.NodeAddress{Type: corev1.NodeInternalIP, Address: address})
	}
	return node
}

// NewNode is a node with no address range, for pods that have a [Place].
func NewNode(name, region string) *corev1.Node {
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{corev1.LabelTopologyRegion: region}}}
}

func createNodes(ctx context.Context, client kubernetes.Interface) error {
	for _, node := range Nodes {
		if _, err := client.CoreV1().Nodes().Create(ctx, node.object(), metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// addresses gives each pod one of its node's IPv4 and one of its IPv6 addresses. None is ever given twice, so that an
// answer with the address of a pod that is gone cannot be taken for a right one.
type addresses struct {
	mu   sync.Mutex
	last map[string]int
}

func (a *addresses) next(node Node) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last[node.Name]++
	host := a.last[node.Name]
	return []string{
		fmt.Sprintf("10.%d.%d.%d", 100+node.number, host/250, host%250+1),
		fmt.Sprintf("fd00:10:244:%d::%x", node.number, host),
	}
}
