package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// stopAfter is how long pods take to end, so that some are terminating most of the time.
var stopAfter = map[string]string{harness.StopAnnotation: "1s"}

// scale gives a workload another number of pods, and creates it where there is none.
func (r *Run) scale(ctx context.Context, name, number string) error {
	replicas, err := strconv.ParseInt(number, 10, 32)
	if err != nil {
		return err
	}
	err = r.patchWorkload(ctx, name, map[string]any{"spec": map[string]any{"replicas": replicas}})
	if !apierrors.IsNotFound(err) {
		return err
	}
	service := r.service(name, headless)
	if !isStatefulSet(name) {
		deployment := harness.Deployment(service, name, int32(replicas))
		deployment.Spec.Template.Annotations = stopAfter
		_, err = r.plane.Client.AppsV1().Deployments(r.namespace).Create(ctx, deployment, metav1.CreateOptions{})
		return err
	}
	set := harness.StatefulSet(service, name, int32(replicas))
	set.Spec.Template.Annotations = stopAfter
	set.Spec.PodManagementPolicy = appsv1.ParallelPodManagement
	_, err = r.plane.Client.AppsV1().StatefulSets(r.namespace).Create(ctx, set, metav1.CreateOptions{})
	return err
}

// roll restarts a workload as kubectl rollout restart does.
func (r *Run) roll(ctx context.Context, name, number string) error {
	annotations := map[string]string{"kubectl.kubernetes.io/restartedAt": number}
	return r.patchWorkload(ctx, name, map[string]any{"spec": map[string]any{"template": map[string]any{
		"metadata": map[string]any{"annotations": annotations},
	}}})
}

func (r *Run) patchWorkload(ctx context.Context, name string, patch map[string]any) error {
	body, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	if isStatefulSet(name) {
		_, err = r.plane.Client.AppsV1().StatefulSets(r.namespace).Patch(ctx, name, types.StrategicMergePatchType, body, metav1.PatchOptions{})
		return err
	}
	_, err = r.plane.Client.AppsV1().Deployments(r.namespace).Patch(ctx, name, types.StrategicMergePatchType, body, metav1.PatchOptions{})
	return err
}

// setReady changes what the readiness probe of a StatefulSet's pod finds.
func (r *Run) setReady(ctx context.Context, pod, ready string) error {
	client := r.plane.Client.CoreV1().Pods(r.namespace)
	now, err := client.Get(ctx, pod, metav1.GetOptions{})
	if err != nil {
		return err
	}
	r.interrupt(now.Spec.Subdomain, pod)
	patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, harness.ReadyAnnotation, ready)
	_, err = client.Patch(ctx, pod, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	return err
}

// evict deletes a pod; another one takes its place, with another address.
func (r *Run) evict(ctx context.Context, pod string) error {
	return r.plane.Client.CoreV1().Pods(r.namespace).Delete(ctx, pod, metav1.DeleteOptions{})
}
