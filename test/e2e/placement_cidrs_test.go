package e2e

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// Some network plugins take addresses from elsewhere and leave the CIDRs of the Nodes as they are: one endpoint that
// contradicts is enough. The nodes' own addresses are known nevertheless.
func TestPodCIDRsThatAnEndpointContradictsAreNotBelieved(t *testing.T) {
	t.Parallel()
	namespace := cluster.NewNamespace(t)
	db := harness.HeadlessService(namespace, "db")
	nodes := [2]string{"one-of-" + namespace, "two-of-" + namespace}
	for i, network := range []string{"10.110.3.0/24", "10.110.4.0/24"} {
		node := harness.NewNode(nodes[i], "region-1")
		node.Labels[corev1.LabelTopologyZone] = harness.Nodes[2*i].Zone
		node.Spec.PodCIDR, node.Spec.PodCIDRs = network, []string{network}
		cluster.Create(t, node)
	}
	place := func(pod string, node int, address string) {
		kubelet.Place(namespace, pod, harness.Place{Node: nodes[node], Addresses: []string{address}})
	}
	place("db-0", 0, "10.110.3.1")
	place("db-1", 1, "10.110.4.1")
	place("db-2", 1, "10.110.3.2") // on the second node, with an address of the first one
	cluster.Create(t, db, harness.StatefulSet(db, "db", 2))
	expectPods(t, shared, "both pods are answered", db, "db-0", "db-1")
	metrics := harness.FreeAddress(t)
	server := startPlaced(t, harness.CoreDNSOptions{}, namespace, metrics, []string{"nodes"}, "policy near {\nnearest node zone\n}")
	expectFrom(t, server, "10.110.3.99", "near", db, "10.110.3.1")
	expectFrom(t, server, "10.110.4.99", "near", db, "10.110.4.1")

	scale(t, db, 3)
	expectFrom(t, server, "10.110.3.99", "near", db, "10.110.3.1", "10.110.4.1", "10.110.3.2")
	expectFrom(t, server, harness.Nodes[0].Addresses()[0], "near", db, "10.110.3.1")
	if n := metric(t, metrics, "coredns_headless_contradicted_pod_cidrs"); n != 1 {
		t.Errorf("%v endpoints contradict, want 1", n)
	}

	scale(t, db, 2)
	expectFrom(t, server, "10.110.3.99", "near", db, "10.110.3.1")
	for _, line := range []string{"Pod CIDRs of nodes are not believed: 1 endpoints are", "Pod CIDRs of nodes are believed:"} {
		harness.Eventually(t, "the log says so once", func() error { // which may be a moment after it is so
			if n := strings.Count(server.Output(), line); n != 1 {
				return fmt.Errorf("it says %d times %q:\n%s", n, line, server.LastLines(10))
			}
			return nil
		})
	}
}

// The object of a node goes while its Pods are still there, as in a cluster that scales down.
func TestTheClientsOfANodeThatIsGoneAreUnknown(t *testing.T) {
	t.Parallel()
	namespace := cluster.NewNamespace(t)
	db := harness.HeadlessService(namespace, "db")
	node := harness.NewNode("node-of-"+namespace, "region-1")
	node.Labels[corev1.LabelTopologyZone] = "zone-1"
	node.Spec.PodCIDR, node.Spec.PodCIDRs = "10.110.5.0/24", []string{"10.110.5.0/24"}
	cluster.Create(t, node, db, harness.StatefulSet(db, "db", 6))
	expectPods(t, shared, "all pods are answered", db, numbered("db", 6)...)
	pods := podAddresses(t, db, numbered("db", 6)...)
	server := startPlaced(t, harness.CoreDNSOptions{}, namespace, harness.FreeAddress(t), []string{"nodes"}, "policy near {\nnearest zone\n}")
	expectFrom(t, server, "10.110.5.1", "near", db, pods[:2]...)
	if err := cluster.Client.CoreV1().Nodes().Delete(t.Context(), node.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	expectFrom(t, server, "10.110.5.1", "near", db, pods...)
}
