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
	metadata metadata.Interface // for Pods, and for slices that are only looked for
	decoder  source.Decoder
	// watchAll says to watch all slices, as far as namespaces go.
	watchAll bool
	// failed is told of each failure to read; the reading is tried again all the same.
	failed func(operation string, err error)
	// widened is told of a scope in which all slices are watched after all, for so many services have slices without
	// the label that says whose they are.
	widened func(scope string, services int)
	contact contact
}

// New makes a source from what the configuration says. It does not ask the API server for anything, so what is wrong
// here is wrong in the configuration. Every later failure is told to failed, with what was tried, such as "list
// endpointslices", and widened is told where it goes over to all slices.
func New(
	config Config, decoder source.Decoder,
	failed func(operation string, err error), widened func(scope string, services int),
) (*Source, error) {
	client, partial, err := config.clients()
	if err != nil {
		return nil, err
	}
	return &Source{
		client: client, metadata: partial, decoder: decoder, watchAll: config.WatchAll, failed: failed, widened: widened,
	}, nil
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
	missing := len(scopes)
	if s.watchAll {
		missing = 2 * len(scopes)
	}
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
	running.Go(func() { s.contact.tell(ctx, sink) })
	for _, scope := range scopes {
		if !s.watchAll {
			running.Go(func() { s.runHeadless(ctx, s.headlessScope(scope, sink, synced)) })
			continue
		}
		running.Go(func() { s.services(scope, sink, synced).follow(ctx, s.client, &corev1.Service{}) })
		running.Go(func() { s.followSlices(ctx, scope, "", wholeScope{sink, scope}, synced) })
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
		failed: s.failed, contact: &s.contact,
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
	r := headlessServices[source.Service](s, scope)
	r.store.reduce, r.store.synced = s.decoder.Service, synced
	r.store.set, r.store.remove = sink.SetService, sink.DeleteService
	r.store.replace = func(all []*source.Service) { sink.ReplaceServices(scope, all) }
	return r
}

// headlessServices are those of a scope; what is kept of them, and who takes it, is to be said.
func headlessServices[T any](s *Source, scope string) *resource[*corev1.Service, T] {
	client := s.client.CoreV1().Services(scope)
	r := &resource[*corev1.Service, T]{
		name:   "services",
		failed: s.failed, contact: &s.contact,
		fields: fields.OneTermEqualSelector("spec.clusterIP", corev1.ClusterIPNone).String(),
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

// sliceSink is what takes the slices of one watch.
type sliceSink interface {
	SetSlice(s *source.Slice)
	DeleteSlice(name types.NamespacedName)
	ReplaceSlices(all []*source.Slice)
}

// wholeScope takes all slices of a scope.
type wholeScope struct {
	source.Sink
	scope string
}

// ReplaceSlices implements sliceSink.
func (w wholeScope) ReplaceSlices(all []*source.Slice) { w.Sink.ReplaceSlices(w.scope, all) }

// followSlices delivers the slices of a namespace that carry the labels until the context is done.
func (s *Source) followSlices(ctx context.Context, namespace, labels string, sink sliceSink, synced func()) {
	client := s.client.DiscoveryV1().EndpointSlices(namespace)
	r := &resource[*discoveryv1.EndpointSlice, source.Slice]{
		name:   "endpointslices",
		failed: s.failed, contact: &s.contact,
		labels: labels,
		store: store[*discoveryv1.EndpointSlice, source.Slice]{
			reduce: s.decoder.Slice, set: sink.SetSlice, remove: sink.DeleteSlice, synced: synced,
			held: &held[source.Slice]{
				name:  func(s *source.Slice) types.NamespacedName { return s.NamespacedName },
				equal: (*source.Slice).Equal, takeOver: (*source.Slice).TakeOver,
			},
			replace: sink.ReplaceSlices,
		},
		page: pages(client.List, func(l *discoveryv1.EndpointSliceList) ([]discoveryv1.EndpointSlice, metav1.ListMeta) {
			return l.Items, l.ListMeta
		}),
		weigh: func(in *discoveryv1.EndpointSlice) int { return len(in.Endpoints) },
		watch: client.Watch,
	}
	r.follow(ctx, s.client, &discoveryv1.EndpointSlice{})
}
