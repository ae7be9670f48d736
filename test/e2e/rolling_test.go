package e2e

import (
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// The bounds within which answers follow, on two cores with the race detector and with everything else that runs.
const (
	// propagation is from what a watch of the EndpointSlices shows to the answers.
	propagation = 2 * time.Second
	// podPropagation is from what a watch of the pods shows: the endpointslice controller is between, which tries again
	// only after a second where its own view was not the newest.
	podPropagation = propagation + 2*time.Second
)

const restartedPods = 4

// stopDelay makes a restart take several times the bounds: one that was over sooner would show nothing.
var stopDelay = map[string]string{harness.StopAnnotation: "2500ms"}

func TestARollingRestartLeavesNoReadyPodOutAndNoDeletedOneIn(t *testing.T) {
	t.Parallel()
	t.Run("of a StatefulSet", func(t *testing.T) {
		t.Parallel()
		db := harness.HeadlessService(cluster.NewNamespace(t), "db")
		set := harness.StatefulSet(db, "db", restartedPods)
		set.Spec.Template.Annotations = stopDelay
		cluster.Create(t, db, set)
		sets := cluster.Client.AppsV1().StatefulSets(db.Namespace)
		watchRestart(t, db, func(patch []byte) error {
			_, err := sets.Patch(t.Context(), "db", types.StrategicMergePatchType, patch, metav1.PatchOptions{})
			return err
		}, func() error {
			now, err := sets.Get(t.Context(), "db", metav1.GetOptions{})
			if err != nil {
				return err
			}
			return statefulSetDone(now)
		})
	})
	t.Run("of a Deployment", func(t *testing.T) {
		t.Parallel()
		web := harness.HeadlessService(cluster.NewNamespace(t), "web")
		deployment := harness.Deployment(web, "web", restartedPods)
		deployment.Spec.Template.Annotations = stopDelay
		cluster.Create(t, web, deployment)
		deployments := cluster.Client.AppsV1().Deployments(web.Namespace)
		watchRestart(t, web, func(patch []byte) error {
			_, err := deployments.Patch(t.Context(), "web", types.StrategicMergePatchType, patch, metav1.PatchOptions{})
			return err
		}, func() error {
			now, err := deployments.Get(t.Context(), "web", metav1.GetOptions{})
			if err != nil {
				return err
			}
			return deploymentDone(now)
		})
	})
}

// watchRestart restarts a workload as kubectl rollout restart does, asking all the time, and holds every answer against
// what the API showed.
func watchRestart(t *testing.T, s *corev1.Service, patch func([]byte) error, done func() error) {
	t.Helper()
	harness.Eventually(t, "the workload runs", done)
	harness.Eventually(t, "its pods are answered", func() error {
		reply, err := harness.Ask("tcp", shared.Address, serviceName(s)+" A")
		if err == nil && len(reply.Answer) != restartedPods {
			err = fmt.Errorf("%d of %d addresses", len(reply.Answer), restartedPods)
		}
		return err
	})
	slices, pods := cluster.RecordSlices(t, s.Namespace), cluster.RecordPods(t, s.Namespace)
	prober := harness.StartProber(t, shared.Address, serviceName(s)+" A")

	restart := `{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"now"}}}}}`
	if err := patch([]byte(restart)); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, "the workload is restarted", done)
	prober.KeepOn(t, 2*podPropagation)
	samples := prober.Stop()
	if err := slices.Check(samples, propagation); err != nil {
		t.Errorf("Answers did not follow the EndpointSlices: %v", err)
	}
	if err := pods.Check(samples, podPropagation); err != nil {
		t.Errorf("Answers did not follow the pods: %v", err)
	}
	// More are no fault of the answers, which are held against whatever the slices showed.
	if n := slices.Addresses(); n < 2*restartedPods {
		t.Errorf("The slices had %d addresses, want %d at least: each pod before and after", n, 2*restartedPods)
	}
	t.Logf("%d answers followed the slices within %s and the pods within %s", len(samples), slices.Lag(samples), pods.Lag(samples))
}

func statefulSetDone(s *appsv1.StatefulSet) error {
	status := s.Status
	if status.ObservedGeneration < s.Generation || status.CurrentRevision != status.UpdateRevision ||
		status.ReadyReplicas != *s.Spec.Replicas || status.Replicas != *s.Spec.Replicas {
		return fmt.Errorf("status %+v", status)
	}
	return nil
}

func deploymentDone(d *appsv1.Deployment) error {
	status := d.Status
	if status.ObservedGeneration < d.Generation || status.UpdatedReplicas != *d.Spec.Replicas ||
		status.AvailableReplicas != *d.Spec.Replicas || status.Replicas != *d.Spec.Replicas {
		return fmt.Errorf("status %+v", status)
	}
	return nil
}
