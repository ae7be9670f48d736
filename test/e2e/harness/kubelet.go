package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	listers "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

const (
	// ReadyAnnotation is what the readiness probe of a pod finds: "false" makes and keeps it not ready.
	ReadyAnnotation = "e2e/ready"
	// StopAnnotation is how long the containers of a deleted pod take to end, as a duration.
	StopAnnotation = "e2e/stop-after"
	// NoKubeletLabel keeps the kubelet away from a pod: the test that made it says what becomes of it.
	NoKubeletLabel = "e2e/no-kubelet"
)

// Kubelet stands for the kubelets of all nodes and for the scheduler: it gives each pod a node and addresses, makes it
// run, tells whether it is ready, and removes it some time after it was deleted. It has no state but the addresses: what
// is to become of a pod stands in the pod's annotations.
type Kubelet struct {
	client    kubernetes.Interface
	pods      listers.PodLister
	queue     workqueue.TypedRateLimitingInterface[types.NamespacedName]
	addresses addresses

	mu     sync.Mutex
	placed map[types.NamespacedName]Place
	// given are the addresses of pods: a second look at a pod may not see yet that it has some.
	given map[types.UID][]string
}

// Place is where a test wants a pod to run, and with which addresses.
type Place struct {
	Node      string
	Addresses []string
}

// StartKubelet creates the nodes and runs their kubelet until ctx ends.
func StartKubelet(ctx context.Context, client kubernetes.Interface) (*Kubelet, error) {
	if err := createNodes(ctx, client); err != nil {
		return nil, fmt.Errorf("creating the nodes: %w", err)
	}
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithTweakListOptions(
		func(o *metav1.ListOptions) { o.LabelSelector = "!" + NoKubeletLabel }))
	k := &Kubelet{
		client:    client,
		pods:      factory.Core().V1().Pods().Lister(),
		queue:     workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[types.NamespacedName]()),
		addresses: addresses{last: map[string]int{}},
		placed:    map[types.NamespacedName]Place{},
		given:     map[types.UID][]string{},
	}
	informer := factory.Core().V1().Pods().Informer()
	enqueue := func(object any) {
		pod := object.(*corev1.Pod)
		k.queue.Add(types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name})
	}
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    enqueue,
		UpdateFunc: func(_, now any) { enqueue(now) },
	}); err != nil {
		return nil, err
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	for range 4 {
		go k.work(ctx)
	}
	context.AfterFunc(ctx, k.queue.ShutDown)
	return k, nil
}

// Place says where a pod that does not exist yet is to run, and with which addresses.
func (k *Kubelet) Place(namespace, pod string, place Place) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.placed[types.NamespacedName{Namespace: namespace, Name: pod}] = place
}

func (k *Kubelet) work(ctx context.Context) {
	for {
		name, shutdown := k.queue.Get()
		if shutdown {
			return
		}
		after, err := k.sync(ctx, name)
		switch {
		case err != nil && !errors.IsNotFound(err):
			k.queue.AddRateLimited(name)
		case after > 0:
			k.queue.AddAfter(name, after)
		default:
			k.queue.Forget(name)
		}
		k.queue.Done(name)
	}
}

// sync takes the next step in the life of a pod. It returns when to look again, or 0 where a change of the pod will say.
func (k *Kubelet) sync(ctx context.Context, name types.NamespacedName) (time.Duration, error) {
	pod, err := k.pods.Pods(name.Namespace).Get(name.Name)
	if err != nil {
		return 0, err
	}
	if pod.DeletionTimestamp != nil {
		return k.stop(ctx, pod)
	}
	if pod.Spec.NodeName == "" {
		return 0, k.schedule(ctx, pod)
	}
	return 0, k.run(ctx, pod)
}

// schedule binds a pod to a node: the one that it was placed on, else by the last character of its name, so that the
// pods of a StatefulSet take turns.
func (k *Kubelet) schedule(ctx context.Context, pod *corev1.Pod) error {
	node := k.place(pod).Node
	if node == "" {
		node = Nodes[int(pod.Name[len(pod.Name)-1])%len(Nodes)].Name
	}
	return k.client.CoreV1().Pods(pod.Namespace).Bind(ctx, &corev1.Binding{
		ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID},
		Target:     corev1.ObjectReference{Kind: "Node", Name: node},
	}, metav1.CreateOptions{})
}

func (k *Kubelet) run(ctx context.Context, pod *corev1.Pod) error {
	ready := pod.Annotations[ReadyAnnotation] != "false"
	if pod.Status.Phase == corev1.PodRunning && IsReady(pod) == ready {
		return nil
	}
	ips, err := k.addressesOf(pod)
	if err != nil {
		return err
	}
	return PatchStatus(ctx, k.client, pod, ready, ips)
}

// addressesOf returns the addresses that a pod has, or is to have.
func (k *Kubelet) addressesOf(pod *corev1.Pod) ([]string, error) {
	ips := k.place(pod).Addresses
	for _, ip := range pod.Status.PodIPs {
		ips = append(slices.Clip(ips), ip.IP)
	}
	if len(ips) > 0 {
		return ips, nil
	}
	node, ok := NodeNamed(pod.Spec.NodeName)
	switch {
	case !ok:
		return nil, fmt.Errorf("node %q has no addresses for pod %s/%s", pod.Spec.NodeName, pod.Namespace, pod.Name)
	case pod.Spec.HostNetwork:
		return node.Addresses(), nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.given[pod.UID] == nil {
		k.given[pod.UID] = k.addresses.next(node)
	}
	return k.given[pod.UID], nil
}

// stop removes a deleted pod once its containers have had their time.
func (k *Kubelet) stop(ctx context.Context, pod *corev1.Pod) (time.Duration, error) {
	// The time of the deletion was set ahead by the grace period, and has no fractions of a second.
	deleted := pod.DeletionTimestamp.Add(-time.Duration(*pod.DeletionGracePeriodSeconds) * time.Second)
	delay, _ := time.ParseDuration(pod.Annotations[StopAnnotation])
	if left := time.Until(deleted.Add(delay)); left > 0 {
		return left, nil
	}
	if IsReady(pod) {
		// The change that this makes brings the pod here again.
		return 0, PatchStatus(ctx, k.client, pod, false, nil)
	}
	return 0, k.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{
		GracePeriodSeconds: new(int64(0)),
		Preconditions:      metav1.NewUIDPreconditions(string(pod.UID)),
	})
}

func (k *Kubelet) place(pod *corev1.Pod) Place {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.placed[types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name}]
}

// PatchStatus makes a pod run, ready or not. Without addresses it keeps those that it has.
func PatchStatus(ctx context.Context, client kubernetes.Interface, pod *corev1.Pod, ready bool, ips []string) error {
	condition := corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionFalse, LastTransitionTime: metav1.Now()}
	if ready {
		condition.Status = corev1.ConditionTrue
	}
	status := corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{condition}}
	for _, ip := range ips {
		status.PodIPs = append(status.PodIPs, corev1.PodIP{IP: ip})
	}
	if len(ips) > 0 {
		status.PodIP = ips[0]
	}
	if node, ok := NodeNamed(pod.Spec.NodeName); ok {
		status.HostIP = node.Addresses()[0]
		for _, address := range node.Addresses() {
			status.HostIPs = append(status.HostIPs, corev1.HostIP{IP: address})
		}
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": pod.UID}, "status": status})
	if err != nil {
		return err
	}
	_, err = client.CoreV1().Pods(pod.Namespace).Patch(ctx, pod.Name, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}

// IsReady says what the pod's Ready condition says.
func IsReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}
