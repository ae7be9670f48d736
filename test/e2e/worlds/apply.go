package worlds

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// Cluster is where worlds are created.
type Cluster struct {
	Client kubernetes.Interface
}

// writer is what the clients of all kinds have in common.
type writer[T any] interface {
	Create(ctx context.Context, object T, options metav1.CreateOptions) (T, error)
	Update(ctx context.Context, object T, options metav1.UpdateOptions) (T, error)
	Delete(ctx context.Context, name string, options metav1.DeleteOptions) error
}

// Apply turns what is in a namespace into what is to be there. Either may be nil: nothing. The order of the writes is
// as shuffle makes it: servers must take objects as they come.
func (c *Cluster) Apply(ctx context.Context, namespace string, before, after *World, shuffle func(n int, swap func(i, j int))) error {
	if before == nil {
		before = &World{}
	}
	if after == nil {
		after = &World{}
	}
	core := c.Client.CoreV1()
	steps := reconcile(ctx, core.Services(namespace), before.Services, inNamespace(after.Services, namespace))
	steps = append(steps, reconcile(ctx, c.Client.DiscoveryV1().EndpointSlices(namespace), before.Slices, after.Slices)...)
	steps = append(steps, reconcile(ctx, core.Endpoints(namespace), before.Endpoints, after.Endpoints)...)
	steps = append(steps, reconcile(ctx, podWriter{c.Client, namespace}, before.Pods, after.Pods)...)
	shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// inNamespace puts the name of the namespace into external names.
func inNamespace(of []*corev1.Service, namespace string) []*corev1.Service {
	of = deepCopies(of)
	for _, s := range of {
		s.Spec.ExternalName = strings.ReplaceAll(s.Spec.ExternalName, ThisNamespace, namespace)
	}
	return of
}

// named is an object that can be copied.
type named[T any] interface {
	object
	DeepCopy() T
}

// reconcile returns the writes that make the one state of a kind the other.
func reconcile[T named[T]](ctx context.Context, client writer[T], before, after []T) []func() error {
	had := map[string]T{}
	for _, o := range before {
		had[o.GetName()] = o
	}
	var steps []func() error
	add := func(verb string, o T, write func() error) {
		steps = append(steps, func() error {
			if err := write(); err != nil {
				return fmt.Errorf("%s %s %q: %w", verb, kindOf(o).Kind, o.GetName(), err)
			}
			return nil
		})
	}
	for _, o := range after {
		old, there := had[o.GetName()]
		delete(had, o.GetName())
		switch {
		case !there:
			add("creating", o, func() error { return create(ctx, client, o) })
		case old.GetAnnotations()[incarnation] != o.GetAnnotations()[incarnation]:
			add("replacing", o, func() error { return errors.Join(remove(ctx, client, old), create(ctx, client, o)) })
		case !apiequality.Semantic.DeepEqual(old, o):
			add("updating", o, func() error {
				_, err := client.Update(ctx, o.DeepCopy(), metav1.UpdateOptions{})
				return err
			})
		}
	}
	for _, o := range had {
		add("deleting", o, func() error { return remove(ctx, client, o) })
	}
	return steps
}

func create[T named[T]](ctx context.Context, client writer[T], o T) error {
	_, err := client.Create(ctx, o.DeepCopy(), metav1.CreateOptions{})
	return err
}

func remove[T named[T]](ctx context.Context, client writer[T], o T) error {
	err := client.Delete(ctx, o.GetName(), metav1.DeleteOptions{GracePeriodSeconds: new(int64(0))})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// podWriter writes the status of a pod too, and lets one that is terminating do so for hours.
type podWriter struct {
	client    kubernetes.Interface
	namespace string
}

func (w podWriter) Create(ctx context.Context, pod *corev1.Pod, options metav1.CreateOptions) (*corev1.Pod, error) {
	spec := pod.DeepCopy()
	spec.DeletionTimestamp = nil
	if _, err := w.client.CoreV1().Pods(w.namespace).Create(ctx, spec, options); err != nil {
		return nil, err
	}
	return w.Update(ctx, pod, metav1.UpdateOptions{})
}

func (w podWriter) Update(ctx context.Context, pod *corev1.Pod, _ metav1.UpdateOptions) (*corev1.Pod, error) {
	pods := w.client.CoreV1().Pods(w.namespace)
	created, err := pods.Get(ctx, pod.Name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	var ips []string
	for _, ip := range pod.Status.PodIPs {
		ips = append(ips, ip.IP)
	}
	if err := harness.PatchStatus(ctx, w.client, created, harness.IsReady(pod), ips); err != nil {
		return nil, err
	}
	if pod.DeletionTimestamp != nil && created.DeletionTimestamp == nil {
		return created, pods.Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: new(int64(7200))})
	}
	return created, nil
}

func (w podWriter) Delete(ctx context.Context, name string, options metav1.DeleteOptions) error {
	return w.client.CoreV1().Pods(w.namespace).Delete(ctx, name, options)
}
