package e2e

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

func TestScalingUpAndDownIsFollowed(t *testing.T) {
	t.Parallel()
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	cluster.Create(t, db, harness.StatefulSet(db, "db", 1))
	expectPods(t, shared, "the first pod is answered", db, "db-0")

	scale(t, db, 4)
	expectPods(t, shared, "the new pods are answered", db, "db-0", "db-1", "db-2", "db-3")
	gone := podNames(t, db, "db-2", "db-3")

	scale(t, db, 2)
	expectPods(t, shared, "the others are left", db, "db-0", "db-1")
	expectDenied(t, shared, "nothing is left of those that went", gone...)

	scale(t, db, 0)
	expectPods(t, shared, "the service has no name without pods", db)
}

func scale(t *testing.T, s *corev1.Service, replicas int32) {
	t.Helper()
	cluster.ChangeStatefulSet(t, s.Namespace, "db", func(set *appsv1.StatefulSet) { set.Spec.Replicas = &replicas })
}

func TestAPodThatIsNotReadyHasNoRecords(t *testing.T) {
	t.Parallel()
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	cluster.Create(t, db, harness.StatefulSet(db, "db", 2))
	expectPods(t, shared, "both pods are answered", db, "db-0", "db-1")
	names := podNames(t, db, "db-0")

	setReady(t, db, "db-0", "false")
	expectPods(t, shared, "the pod that is ready is left", db, "db-1")
	expectDenied(t, shared, "the pod that is not ready has no name", names...)

	setReady(t, db, "db-1", "false")
	expectPods(t, shared, "the service has no name without ready pods", db)

	setReady(t, db, "db-0", "true")
	expectPods(t, shared, "the pod is ready again", db, "db-0")
}

func setReady(t *testing.T, s *corev1.Service, pod, ready string) {
	t.Helper()
	cluster.ChangePod(t, s.Namespace, pod, func(p *corev1.Pod) {
		p.Annotations = map[string]string{harness.ReadyAnnotation: ready}
	})
}

func TestPodsThatAreNotReadyAreAnsweredWherePublished(t *testing.T) {
	t.Parallel()
	namespace := cluster.NewNamespace(t)
	db := harness.HeadlessService(namespace, "db")
	db.Spec.PublishNotReadyAddresses = true
	ready := harness.HeadlessService(namespace, "db-ready")
	ready.Spec.Selector = db.Spec.Selector
	set := harness.StatefulSet(db, "db", 2)
	set.Spec.PodManagementPolicy = appsv1.ParallelPodManagement // else the second pod waits for the first
	set.Spec.Template.Annotations = map[string]string{harness.ReadyAnnotation: "false"}
	cluster.Create(t, db, ready, set)

	expectPods(t, shared, "pods are answered that were never ready", db, "db-0", "db-1")
	expectPods(t, shared, "the service beside it has none", ready)
}
