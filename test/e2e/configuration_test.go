package e2e

import (
	"os"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

func TestOnlyTheChosenServicesAreAnswered(t *testing.T) {
	t.Parallel()
	mine := harness.HeadlessService(cluster.NewNamespace(t), "db")
	mine.Labels = map[string]string{"tier": "data"}
	unlabelled := harness.HeadlessService(mine.Namespace, "unlabelled")
	unlabelled.Spec.Selector = mine.Spec.Selector
	elsewhere := harness.HeadlessService(cluster.NewNamespace(t), "db")
	elsewhere.Labels = mine.Labels
	cluster.Create(t, mine, unlabelled, elsewhere, harness.StatefulSet(mine, "db", 1), harness.StatefulSet(elsewhere, "db", 1))
	expectPods(t, shared, "without a choice it is answered", elsewhere, "db-0")

	server := cluster.StartCoreDNS(t, harness.CoreDNSOptions{Binary: corednsBinary, Corefile: alone("headless",
		fromKubeconfig, "namespaces "+mine.Namespace+" default", "labels tier=data")})
	expectPods(t, server, "the chosen service is answered", mine, "db-0")
	expectPods(t, server, "a service without the label is not", unlabelled)
	expectPods(t, server, "a service of another namespace is not", elsewhere)

	cluster.ChangeService(t, unlabelled.Namespace, unlabelled.Name, func(s *corev1.Service) { s.Labels = mine.Labels })
	expectForeignPod(t, server, "it is once it has the label", unlabelled, "db-0")
	cluster.ChangeService(t, mine.Namespace, mine.Name, func(s *corev1.Service) { s.Labels = nil })
	expectPods(t, server, "the first one is not when it has lost it", mine)
}

func TestOnlyServicesOfNamespacesWithTheLabelsAreAnswered(t *testing.T) {
	t.Parallel()
	mine := harness.HeadlessService(cluster.NewNamespace(t), "db")
	elsewhere := harness.HeadlessService(cluster.NewNamespace(t), "db")
	label := func(s *corev1.Service, value string) {
		cluster.ChangeNamespace(t, s.Namespace, func(n *corev1.Namespace) { n.Labels["team-of-this-test"] = value })
	}
	label(mine, "data")
	cluster.Create(t, mine, elsewhere, harness.StatefulSet(mine, "db", 1), harness.StatefulSet(elsewhere, "db", 1))
	expectPods(t, shared, "without a choice it is answered", elsewhere, "db-0")

	server := cluster.StartCoreDNS(t, harness.CoreDNSOptions{Binary: corednsBinary, Corefile: alone("headless",
		fromKubeconfig, "namespace_labels team-of-this-test in (data, queues)")})
	expectPods(t, server, "the service of the chosen namespace is answered", mine, "db-0")
	expectPods(t, server, "a service of another namespace is not", elsewhere)

	label(elsewhere, "queues")
	expectPods(t, server, "it is once its namespace has the label", elsewhere, "db-0")
	label(mine, "web")
	expectPods(t, server, "the first one is not when its namespace has lost it", mine)
}

func TestTheAPIServerIsFoundByItsURLAndCertificates(t *testing.T) {
	t.Parallel()
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	cluster.Create(t, db, harness.StatefulSet(db, "db", 2))
	server := cluster.StartCoreDNS(t, harness.CoreDNSOptions{Binary: corednsBinary, Corefile: alone("headless",
		"endpoint {$API_SERVER}", "tls {$CLIENT_CERT} {$CLIENT_KEY} {$CA_CERT}")})
	expectPods(t, server, "the pods are answered", db, "db-0", "db-1")
}

func TestWithoutASourceTheClusterThatCoreDNSRunsInIsAnswered(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("Only root can show a process the files of a pod")
	}
	t.Parallel()
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	cluster.Create(t, db, harness.StatefulSet(db, "db", 2))
	server := cluster.StartCoreDNS(t, harness.CoreDNSOptions{Binary: corednsBinary, InCluster: true, Corefile: alone("headless")})
	expectPods(t, server, "the pods are answered", db, "db-0", "db-1")
}
