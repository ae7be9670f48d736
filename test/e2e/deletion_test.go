package e2e

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

func TestADeletedNamespaceTakesItsNamesAway(t *testing.T) {
	t.Parallel()
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	cluster.Create(t, db, harness.StatefulSet(db, "db", 2))
	expectPods(t, shared, "the pods are answered", db, "db-0", "db-1")
	names := podNames(t, db, "db-0", "db-1")

	if err := cluster.Client.CoreV1().Namespaces().Delete(t.Context(), db.Namespace, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	expectPods(t, shared, "the service has no names", db)
	expectDenied(t, shared, "the pods have no names", names...)
}

func TestADeletedServiceHasNoNamesUntilItIsMadeAgain(t *testing.T) {
	t.Parallel()
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	cluster.Create(t, db, harness.StatefulSet(db, "db", 2))
	expectPods(t, shared, "the pods are answered", db, "db-0", "db-1")
	names := podNames(t, db, "db-0", "db-1")

	// The pods stay.
	if err := cluster.Client.CoreV1().Services(db.Namespace).Delete(t.Context(), db.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	expectPods(t, shared, "the service has no names", db)
	expectDenied(t, shared, "its pods have no names", names...)

	cluster.Create(t, db)
	expectPods(t, shared, "the pods are answered again", db, "db-0", "db-1")
}

// The slices of the first service are still there when the second is created: they belong to the name until the garbage
// collector has taken them.
func TestAServiceReplacedByOneOfTheSameNameHasTheNewEndpoints(t *testing.T) {
	t.Parallel()
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	other := harness.HeadlessService(db.Namespace, "other")
	cluster.Create(t, db, harness.StatefulSet(db, "db", 2), harness.StatefulSet(other, "other", 1))
	expectPods(t, shared, "the pods are answered", db, "db-0", "db-1")
	names := podNames(t, db, "db-0", "db-1")

	if err := cluster.Client.CoreV1().Services(db.Namespace).Delete(t.Context(), db.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	again := harness.HeadlessService(db.Namespace, "db")
	again.Spec.Selector = other.Spec.Selector
	cluster.Create(t, again)
	expectForeignPod(t, shared, "the new service's pod is answered alone", again, "other-0")
	expectDenied(t, shared, "the pods of the old one have no names", names...)
}
