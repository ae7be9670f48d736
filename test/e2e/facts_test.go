package e2e

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// expectAddresses waits until a service's own name is answered with the addresses of the given pods, and with nothing
// else.
func expectAddresses(t *testing.T, server *harness.CoreDNS, what string, s *corev1.Service, pods ...string) {
	t.Helper()
	harness.Eventually(t, what, func() error {
		want := harness.Want{Question: serviceName(s) + " A"}
		for _, pod := range pods {
			address, err := podAddress(t.Context(), s.Namespace, pod)
			if err != nil {
				return err
			}
			want.Answer = append(want.Answer, addressRecord(serviceName(s), address))
		}
		return harness.Check(server.Address, want)
	})
}

func TestAPolicyThatAServiceNamesFollowsALabelFromPodToPod(t *testing.T) {
	t.Parallel()
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	cluster.Create(t, db, harness.StatefulSet(db, "db", 3))
	expectPods(t, shared, "the pods are answered", db, "db-0", "db-1", "db-2")
	role := func(pod, role string) {
		cluster.ChangePod(t, db.Namespace, pod, func(p *corev1.Pod) {
			if p.Labels["role"] = role; role == "" {
				delete(p.Labels, "role")
			}
		})
	}
	role("db-0", "primary")
	role("db-1", "replica")
	// Two labels, so that two watches on pods are joined.
	server := cluster.StartCoreDNS(t, harness.CoreDNSOptions{Binary: corednsBinary, Corefile: alone("headless", fromKubeconfig,
		"policy primary {\nkeep labels['role'] == 'primary' && labels['app'] == 'db'\n}")})
	expectAddresses(t, server, "the service that names no policy has all pods", db, "db-0", "db-1", "db-2")

	name := func(policy string) {
		cluster.ChangeService(t, db.Namespace, db.Name, func(s *corev1.Service) {
			s.Annotations = map[string]string{"headless-dns/policy": policy}
		})
	}
	name("primary")
	expectAddresses(t, server, "the primary is left", db, "db-0")
	role("db-0", "")
	expectAddresses(t, server, "nothing is left when it has lost the label", db)
	role("db-1", "primary")
	expectAddresses(t, server, "another pod has become the primary", db, "db-1")
	role("db-2", "primary")
	expectAddresses(t, server, "a pod without the label gets it", db, "db-1", "db-2")
	role("db-1", "replica")
	expectAddresses(t, server, "a pod has it with another value", db, "db-2")
	name("none")
	expectAddresses(t, server, "the service names the policy that is none", db, "db-0", "db-1", "db-2")
}

func TestAPolicyFollowsTheReadinessAndTheRegionOfNodes(t *testing.T) {
	t.Parallel()
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Name: "node-of-" + db.Namespace, Labels: map[string]string{corev1.LabelTopologyZone: "zone-1", corev1.LabelTopologyRegion: "region-1"},
	}}
	kubelet.Place(db.Namespace, "db-1", harness.Place{Node: node.Name, Addresses: []string{"10.99.0.1"}})
	cluster.Create(t, node, db, harness.StatefulSet(db, "db", 2))
	server := cluster.StartCoreDNS(t, harness.CoreDNSOptions{Binary: corednsBinary, Corefile: alone("headless", fromKubeconfig,
		"policy alive {\nkeep node_ready && region == 'region-1'\n}", "apply alive "+db.Namespace+"/*")})
	expectAddresses(t, server, "both nodes are as they should be", db, "db-0", "db-1")

	ready := func(status corev1.ConditionStatus) {
		cluster.ChangeNodeStatus(t, node.Name, func(n *corev1.Node) {
			n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: status}}
		})
	}
	ready(corev1.ConditionUnknown)
	expectAddresses(t, server, "nothing is heard of one node", db, "db-0")
	ready(corev1.ConditionTrue)
	expectAddresses(t, server, "it is heard of again", db, "db-0", "db-1")
	cluster.ChangeNode(t, node.Name, func(n *corev1.Node) { n.Labels[corev1.LabelTopologyRegion] = "another" })
	expectAddresses(t, server, "it is in another region", db, "db-0")
}
