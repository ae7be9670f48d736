package harness

import (
	"testing"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

// RecordSlices records which addresses the EndpointSlices of a namespace show as ready, from now to the end of the test.
// The namespace must have one service only, of one family.
func (c *ControlPlane) RecordSlices(t testing.TB, namespace string) *History {
	t.Helper()
	return c.RecordChoice(t, namespace, "", readyAddresses)
}

// RecordChoice records what somebody chooses of the addresses of those EndpointSlices of a namespace that a label
// selector selects, from now to the end of the test.
func (c *ControlPlane) RecordChoice(t testing.TB, namespace, selector string, choose func([]*discoveryv1.EndpointSlice) []string) *History {
	t.Helper()
	factory := informers.NewSharedInformerFactoryWithOptions(c.Client, 0, informers.WithNamespace(namespace),
		informers.WithTweakListOptions(func(o *metav1.ListOptions) { o.LabelSelector = selector }))
	slices := factory.Discovery().V1().EndpointSlices()
	return record(t, factory, slices.Informer(), func() []string {
		all, _ := slices.Lister().List(labels.Everything()) // a store has nothing to fail with
		return choose(all)
	})
}

func readyAddresses(slices []*discoveryv1.EndpointSlice) []string {
	var addresses []string
	for _, slice := range slices {
		for _, endpoint := range slice.Endpoints {
			if endpoint.Conditions.Ready == nil || *endpoint.Conditions.Ready {
				addresses = append(addresses, endpoint.Addresses...)
			}
		}
	}
	return addresses
}

// RecordPods records the first addresses of a namespace's pods that are ready and were not deleted, from now to the end
// of the test.
func (c *ControlPlane) RecordPods(t testing.TB, namespace string) *History {
	t.Helper()
	return c.RecordPodsWith(t, namespace, "")
}

// RecordPodsWith is the same for the pods that a label selector selects.
func (c *ControlPlane) RecordPodsWith(t testing.TB, namespace, selector string) *History {
	t.Helper()
	factory := informers.NewSharedInformerFactoryWithOptions(c.Client, 0, informers.WithNamespace(namespace),
		informers.WithTweakListOptions(func(o *metav1.ListOptions) { o.LabelSelector = selector }))
	pods := factory.Core().V1().Pods()
	return record(t, factory, pods.Informer(), func() []string {
		var addresses []string
		all, _ := pods.Lister().List(labels.Everything())
		for _, pod := range all {
			if IsReady(pod) && pod.DeletionTimestamp == nil {
				addresses = append(addresses, pod.Status.PodIP)
			}
		}
		return addresses
	})
}

// record sets a history at each change that an informer sees, and once at the beginning.
func record(t testing.TB, factory informers.SharedInformerFactory, informer cache.SharedIndexInformer, now func() []string) *History {
	t.Helper()
	history := &History{}
	changed := func() { history.Set(time.Now(), now()) }
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { changed() },
		UpdateFunc: func(any, any) { changed() },
		DeleteFunc: func(any) { changed() },
	}); err != nil {
		t.Fatal(err)
	}
	factory.Start(t.Context().Done())
	factory.WaitForCacheSync(t.Context().Done())
	changed()
	return history
}
