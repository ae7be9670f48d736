package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// primaryMoves is how often the primary changes.
const primaryMoves = 4

// A new primary has the label before the old one has lost it, as with most operators of databases: in between there
// are two, and answers with both are right for as long.
func followsALabel(t *testing.T, server *harness.CoreDNS) {
	db, pods := createDB(t, "primary", 3)
	expectSet(t, server, "no pod is the primary", db)
	setLabel(t, db, "db-0", "role", "primary")
	expectSet(t, server, "the primary is answered", db, pods[0])

	primary := cluster.RecordPodsWith(t, db.Namespace, "role=primary")
	prober := harness.StartProber(t, server.Address, serviceName(db)+" A")
	for move := range primaryMoves {
		setLabel(t, db, fmt.Sprintf("db-%d", (move+1)%3), "role", "primary")
		setLabel(t, db, fmt.Sprintf("db-%d", move%3), "role", "")
		expectSet(t, server, "the next primary is answered", db, pods[(move+1)%3])
	}
	prober.KeepOn(t, propagation)
	samples := prober.Stop()
	if err := primary.Check(samples, propagation); err != nil {
		t.Errorf("Answers did not follow the label: %v", err)
	}
	if n := primary.Addresses(); n != 3 {
		t.Errorf("%d pods were the primary, want 3", n)
	}
	t.Logf("%d answers followed the label in %d moves within %s", len(samples), primaryMoves, primary.Lag(samples))
}

func followsTheAnnotation(t *testing.T, server *harness.CoreDNS) {
	db, pods := createDB(t, "", 3)
	sets := map[string][]string{"": pods, "first": pods[:1], "last": pods[2:], "none": pods, "nonsense": pods}
	expectSet(t, server, "there is no policy", db, pods...)
	prober := harness.StartProber(t, server.Address, serviceName(db)+" A")
	begin := time.Now()
	for _, policy := range []string{"first", "last", "none", "last", "nonsense", "first", ""} {
		cluster.ChangeService(t, db.Namespace, db.Name, func(s *corev1.Service) { withPolicy(s, policy) })
		expectSet(t, server, fmt.Sprintf("the policy is %q", policy), db, sets[policy]...)
	}
	if took := time.Since(begin); took > 7*propagation {
		t.Errorf("Seven changes were followed after %s only", took)
	}
	for _, sample := range prober.Stop() {
		slices.Sort(sample.Addresses)
		if n := len(sample.Addresses); sample.Err != nil || n != 1 && n != 3 || n == 1 && sample.Addresses[0] == pods[1] {
			t.Errorf("An answer is by none of the policies: %s: %v", sample, sample.Err)
		}
	}
}

// placeDB creates a service with a policy and two pods on nodes of their own, and returns their names and addresses.
func placeDB(t *testing.T, policy string, network int) (db *corev1.Service, nodes, pods []string) {
	t.Helper()
	db = withPolicy(harness.HeadlessService(cluster.NewNamespace(t), "db"), policy)
	for i := range 2 {
		node := fmt.Sprintf("%s-node-%d", db.Namespace, i)
		nodes, pods = append(nodes, node), append(pods, fmt.Sprintf("198.18.%d.%d", network, i+1))
		kubelet.Place(db.Namespace, fmt.Sprintf("db-%d", i), harness.Place{Node: node, Addresses: pods[i:]})
		cluster.Create(t, harness.NewNode(node, "here"))
	}
	cluster.Create(t, db, harness.StatefulSet(db, "db", 2))
	expectPods(t, shared, "the pods are answered without a policy", db, "db-0", "db-1")
	return db, nodes, pods
}

func followsTheRegionOfANode(t *testing.T, server *harness.CoreDNS) {
	db, nodes, pods := placeDB(t, "here", 20)
	expectSet(t, server, "both nodes are here", db, pods...)
	move := func(node int, region string) {
		cluster.ChangeNode(t, nodes[node], func(n *corev1.Node) { n.Labels[corev1.LabelTopologyRegion] = region })
	}
	move(1, "there")
	expectSet(t, server, "one node is elsewhere", db, pods[0])
	move(0, "there")
	expectSet(t, server, "no node is here", db)
	move(1, "here")
	expectSet(t, server, "the other node is here", db, pods[1])
}

func followsWhetherANodeIsReady(t *testing.T, server *harness.CoreDNS) {
	db, nodes, pods := placeDB(t, "sound", 21)
	expectSet(t, server, "of no node is known that it is not ready", db, pods...)
	for _, status := range []corev1.ConditionStatus{corev1.ConditionFalse, corev1.ConditionUnknown} {
		setNodeReady(t, nodes[0], status)
		expectSet(t, server, fmt.Sprintf("one node's condition is %s", status), db, pods[1])
		setNodeReady(t, nodes[0], corev1.ConditionTrue)
		expectSet(t, server, "both nodes are ready", db, pods...)
	}
}

func setNodeReady(t *testing.T, node string, status corev1.ConditionStatus) {
	t.Helper()
	cluster.ChangeNodeStatus(t, node, func(n *corev1.Node) {
		n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: status}}
	})
}
