package harness

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/util/retry"
)

var namespaces atomic.Int64

// NewNamespace creates a namespace that no other test uses.
func (c *ControlPlane) NewNamespace(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test-%d", namespaces.Add(1))
	c.Create(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("Its namespace was %s", name)
		}
	})
	return name
}

// Create creates objects in their order and ends the test where one is refused.
func (c *ControlPlane) Create(t testing.TB, objects ...runtime.Object) {
	t.Helper()
	for _, object := range objects {
		if err := c.create(t.Context(), object); err != nil {
			t.Fatalf("Creating a %T: %v", object, err)
		}
	}
}

func (c *ControlPlane) create(ctx context.Context, object runtime.Object) error {
	var err error
	options := metav1.CreateOptions{}
	switch o := object.(type) {
	case *corev1.Namespace:
		_, err = c.Client.CoreV1().Namespaces().Create(ctx, o, options)
	case *corev1.Node:
		_, err = c.Client.CoreV1().Nodes().Create(ctx, o, options)
	case *corev1.Service:
		_, err = c.Client.CoreV1().Services(o.Namespace).Create(ctx, o, options)
	case *corev1.Pod:
		_, err = c.Client.CoreV1().Pods(o.Namespace).Create(ctx, o, options)
	case *corev1.Endpoints: //nolint:staticcheck // deprecated, but still mirrored
		_, err = c.Client.CoreV1().Endpoints(o.Namespace).Create(ctx, o, options)
	case *discoveryv1.EndpointSlice:
		_, err = c.Client.DiscoveryV1().EndpointSlices(o.Namespace).Create(ctx, o, options)
	case *appsv1.StatefulSet:
		_, err = c.Client.AppsV1().StatefulSets(o.Namespace).Create(ctx, o, options)
	case *appsv1.Deployment:
		_, err = c.Client.AppsV1().Deployments(o.Namespace).Create(ctx, o, options)
	case *rbacv1.Role:
		_, err = c.Client.RbacV1().Roles(o.Namespace).Create(ctx, o, options)
	case *rbacv1.RoleBinding:
		_, err = c.Client.RbacV1().RoleBindings(o.Namespace).Create(ctx, o, options)
	default:
		err = fmt.Errorf("no client for a %T", object)
	}
	return err
}

// ChangeNamespace changes a namespace, again where somebody else was quicker.
func (c *ControlPlane) ChangeNamespace(t testing.TB, name string, change func(*corev1.Namespace)) {
	t.Helper()
	client := c.Client.CoreV1().Namespaces()
	changeObject(t, name, client.Get, client.Update, change)
}

// ChangeNode changes a node, but not its status.
func (c *ControlPlane) ChangeNode(t testing.TB, name string, change func(*corev1.Node)) {
	t.Helper()
	client := c.Client.CoreV1().Nodes()
	changeObject(t, name, client.Get, client.Update, change)
}

// ChangeNodeStatus changes a node's status.
func (c *ControlPlane) ChangeNodeStatus(t testing.TB, name string, change func(*corev1.Node)) {
	t.Helper()
	client := c.Client.CoreV1().Nodes()
	changeObject(t, name, client.Get, client.UpdateStatus, change)
}

// ChangeService changes a service, again where somebody else was quicker.
func (c *ControlPlane) ChangeService(t testing.TB, namespace, name string, change func(*corev1.Service)) {
	t.Helper()
	client := c.Client.CoreV1().Services(namespace)
	changeObject(t, name, client.Get, client.Update, change)
}

// ChangePod changes a pod, but not its status.
func (c *ControlPlane) ChangePod(t testing.TB, namespace, name string, change func(*corev1.Pod)) {
	t.Helper()
	client := c.Client.CoreV1().Pods(namespace)
	changeObject(t, name, client.Get, client.Update, change)
}

// ChangeSlice changes an EndpointSlice.
func (c *ControlPlane) ChangeSlice(t testing.TB, namespace, name string, change func(*discoveryv1.EndpointSlice)) {
	t.Helper()
	client := c.Client.DiscoveryV1().EndpointSlices(namespace)
	changeObject(t, name, client.Get, client.Update, change)
}

// ChangeStatefulSet changes a StatefulSet.
func (c *ControlPlane) ChangeStatefulSet(t testing.TB, namespace, name string, change func(*appsv1.StatefulSet)) {
	t.Helper()
	client := c.Client.AppsV1().StatefulSets(namespace)
	changeObject(t, name, client.Get, client.Update, change)
}

func changeObject[T any](t testing.TB, name string,
	get func(context.Context, string, metav1.GetOptions) (*T, error),
	update func(context.Context, *T, metav1.UpdateOptions) (*T, error),
	change func(*T),
) {
	t.Helper()
	err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		object, err := get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		change(object)
		_, err = update(t.Context(), object, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		t.Fatalf("Changing %q: %v", name, err)
	}
}
