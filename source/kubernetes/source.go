// Package kubernetes follows the Services and EndpointSlices of a cluster through its API server, and of its Pods and
// Nodes what policies look at.
//
// Each object is reduced to what is kept of it as soon as it is decoded, whichever way it comes: as an event of a
// watch, in the stream of the first state (WatchList), or in the pages of a list.
package kubernetes

import (
	"context"
	"sync"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/klog/v2"

	"github.com/headless-dns/headless/source"
)

// Source follows one cluster.
type Source struct {
	client   kubernetes.Interface
	metadata metadata.Interface // for Pods
	decoder  source.Decoder
	// failed is told of each failure to read; the reading is tried again all the same.
	failed func(operation string, err error)
}

// New makes a source from what the configuration says. It does not ask the API server for anything, so what is wrong
// here is wrong in the configuration. Every later failure is told to failed, with what was tried, such as "list
// endpointslices".
func New(config Config, decoder source.Decoder, failed func(operation string, err error)) (*Source, error) {
	client, partial, err := config.clients()
	if err != nil {
		return nil, err
	}
	return &Source{client: client, metadata: partial, decoder: decoder, failed: failed}, nil
}

// scopes are the namespaces to follow, each on its own, so that rights in these namespaces are enough.
func (s *Source) scopes() []string {
	if len(s.decoder.Namespaces) == 0 {
		return []string{metav1.NamespaceAll}
	}
	return s.decoder.Namespaces
}

// quiet returns a context for reflectors: what fails is told to s.failed, and their own log would say it once more.
func quiet(ctx context.Context) context.Context { return klog.NewContext(ctx, klog.Logger{}) }

// Run delivers the Services and EndpointSlices of the cluster and all their changes until the context is done.
func (s *Source) Run(ctx context.Context, sink source.Sink) {
	ctx = quiet(ctx)
	scopes := s.scopes()
	missing := 2 * len(scopes)
	if s.decoder.NamespaceLabels != nil {
		missing++
	}
	synced := after(missing, sink.Synced)
	var running sync.WaitGroup
	if s.decoder.NamespaceLabels != nil {
		chosen := source.NewNamespaces(sink)
		sink = chosen
		running.Go(func() { s.namespaces(chosen, synced).follow(ctx, s.client, &corev1.Namespace{}) })
	}
	for _, scope := range scopes {
		running.Go(func() { s.services(scope, sink, synced).follow(ctx, s.client, &corev1.Service{}) })
		running.Go(func() { s.slices(scope, sink, synced).follow(ctx, s.client, &discoveryv1.EndpointSlice{}) })
	}
	running.Wait()
}

// after returns a function whose n-th call calls f.
func after(n int, f func()) func() {
	var missing atomic.Int64
	missing.Store(int64(n))
	return func() {
		if missing.Add(-1) == 0 {
			f()
		}
	}
}

func (s *Source) namespaces(sink *source.Namespaces, synced func()) *resource[*corev1.Namespace, string] {
	client := s.client.CoreV1().Namespaces()
	return &resource[*corev1.Namespace, string]{
		name:   "namespaces",
		failed: s.failed,
		labels: s.decoder.NamespaceLabels.String(),
		store: store[*corev1.Namespace, string]{
			reduce: s.decoder.Namespace, synced: synced,
			set:    func(name *string) { sink.SetNamespace(*name) },
			remove: func(name types.NamespacedName) { sink.DeleteNamespace(name.Name) },
			replace: func(all []*string) {
				names := make([]string, len(all))
				for i, name := range all {
					names[i] = *name
				}
				sink.ReplaceNamespaces(names)
			},
		},
		page: pages(client.List, func(l *corev1.NamespaceList) ([]corev1.Namespace, metav1.ListMeta) {
			return l.Items, l.ListMeta
		}),
		watch: client.Watch,
	}
}

func (s *Source) services(scope string, sink source.Sink, synced func()) *resource[*corev1.Service, source.Service] {
	client := s.client.CoreV1().Services(scope)
	r := &resource[*corev1.Service, source.Service]{
		name:   "services",
		failed: s.failed,
		fields: fields.OneTermEqualSelector("spec.clusterIP", corev1.ClusterIPNone).String(),
		store: store[*corev1.Service, source.Service]{
			reduce: s.decoder.Service, set: sink.SetService, remove: sink.DeleteService, synced: synced,
			replace: func(all []*source.Service) { sink.ReplaceServices(scope, all) },
		},
		page: pages(client.List, func(l *corev1.ServiceList) ([]corev1.Service, metav1.ListMeta) {
			return l.Items, l.ListMeta
		}),
		watch: client.Watch,
	}
	if s.decoder.Labels != nil {
		r.labels = s.decoder.Labels.String()
	}
	return r
}

func (s *Source) slices(scope string, sink source.Sink, synced func()) *resource[*discoveryv1.EndpointSlice, source.Slice] {
	client := s.client.DiscoveryV1().EndpointSlices(scope)
	return &resource[*discoveryv1.EndpointSlice, source.Slice]{
		name:   "endpointslices",
		failed: s.failed,
		store: store[*discoveryv1.EndpointSlice, source.Slice]{
			reduce: s.decoder.Slice, set: sink.SetSlice, remove: sink.DeleteSlice, synced: synced,
			held: &held[source.Slice]{
				name:  func(s *source.Slice) types.NamespacedName { return s.NamespacedName },
				equal: (*source.Slice).Equal,
			},
			replace: func(all []*source.Slice) { sink.ReplaceSlices(scope, all) },
		},
		page: pages(client.List, func(l *discoveryv1.EndpointSliceList) ([]discoveryv1.EndpointSlice, metav1.ListMeta) {
			return l.Items, l.ListMeta
		}),
		watch: client.Watch,
	}
}
