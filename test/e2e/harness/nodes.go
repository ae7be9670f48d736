package harness

import (
	"context"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Nodes are those of the cluster: three in two zones, so that a zone may hold several.
var Nodes = []Node{
	{Name: "node-a", Zone: "zone-1", number: 1},
	{Name: "node-b", Zone: "zone-1", number: 2},
	{Name: "node-c", Zone: "zone-2", number: 3},
}

// Node is a place for pods to run.
type Node struct {
	Name, Zone string

	number int
}

func (n Node) object() *corev1.Node {
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: n.Name,
			Labels: map[string]string{
				corev1.LabelHostname:       n.Name,
				corev1.LabelTopologyZone:   n.Zone,
				corev1.LabelTopologyRegion: "region",
			},
		},
		Spec: corev1.NodeSpec{
			PodCIDR:  fmt.Sprintf("10.%d.0.0/16", 100+n.number),
			PodCIDRs: []string{fmt.Sprintf("10.%d.0.0/16", 100+n.number), fmt.Sprintf("fd00:10:244:%d::/64", n.number)},
		},
	}
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

func (a *addresses) next(node string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last[node]++
	number, host := 0, a.last[node]
	for _, n := range Nodes {
		if n.Name == node {
			number = n.number
		}
	}
	return []string{fmt.Sprintf("10.%d.%d.%d", 100+number, host/250, host%250+1), fmt.Sprintf("fd00:10:244:%d::%x", number, host)}
}
