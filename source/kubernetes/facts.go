package kubernetes

import (
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/source"
)

// RunFacts delivers what policies look at of Pods and Nodes, and all changes of it, until the context is done. It goes on
// beside Run: whether it can be read or not, Services and EndpointSlices do not wait for it.
func (s *Source) RunFacts(ctx context.Context, sink source.Sink) {
	ctx = quiet(ctx)
	all := s.factsToFollow(sink)
	if len(all) == 0 {
		sink.FactsSynced()
		return
	}
	synced := after(len(all), sink.FactsSynced)
	var running sync.WaitGroup
	for _, follow := range all {
		running.Go(func() { follow(ctx, synced) })
	}
	running.Wait()
}

// factsToFollow returns a function for each watch that has to be held. Each calls synced once.
func (s *Source) factsToFollow(sink source.Sink) (all []func(ctx context.Context, synced func())) {
	if s.decoder.Uses.AnyNodes() {
		all = append(all, func(ctx context.Context, synced func()) {
			s.nodes(sink, synced).follow(ctx, s.client, &corev1.Node{})
		})
	}
	if s.decoder.Uses.ClientPods { // which has the labels and annotations too
		return append(all, func(ctx context.Context, synced func()) {
			s.clientPods(sink, synced).follow(ctx, s.client, &corev1.Pod{})
		})
	}
	watches := s.podWatches(sink)
	for _, scope := range s.scopes() {
		for _, w := range watches {
			all = append(all, func(ctx context.Context, synced func()) {
				s.pods(scope, w, synced).follow(ctx, s.metadata, &metav1.PartialObjectMetadata{})
			})
		}
	}
	return all
}

// clientPods are all Pods that run, for clients may be in any namespace. Their metadata are not enough: an address
// stands in the status, and the node in the spec.
func (s *Source) clientPods(sink source.Sink, synced func()) *resource[*corev1.Pod, source.Pod] {
	client := s.client.CoreV1().Pods(metav1.NamespaceAll)
	synced = sync.OnceFunc(synced)
	var denied denial
	return &resource[*corev1.Pod, source.Pod]{
		name:   "pods",
		failed: s.failedFacts(synced, denied.thatGoesOn(sink.LostPods)),
		fields: fields.AndSelectors(
			fields.OneTermNotEqualSelector("status.phase", string(corev1.PodSucceeded)),
			fields.OneTermNotEqualSelector("status.phase", string(corev1.PodFailed)),
		).String(),
		store: store[*corev1.Pod, source.Pod]{
			reduce: s.decoder.ClientPod, set: sink.SetPod, remove: sink.DeletePod, synced: synced,
			replace: func(all []*source.Pod) {
				denied = denial{}
				sink.ReplacePods(metav1.NamespaceAll, all)
			},
		},
		page: pages(client.List, func(l *corev1.PodList) ([]corev1.Pod, metav1.ListMeta) {
			return l.Items, l.ListMeta
		}),
		watch: client.Watch,
	}
}

// podWatch is a part of the Pods: what selects them, what is kept of them, and who takes them.
type podWatch struct {
	selector string
	decoder  source.Decoder
	sink     podSink
}

// podSink is what a source.Sink has for Pods.
type podSink interface {
	SetPod(p *source.Pod)
	DeletePod(name types.NamespacedName)
	ReplacePods(scope string, all []*source.Pod)
}

// podWatches returns watches that together give all that is used of Pods. No selector says "one label or another", so
// each label has a watch of its own; nor does one ask for annotations.
func (s *Source) podWatches(sink source.Sink) []podWatch {
	uses := s.decoder.Uses
	switch {
	case !uses.Facts():
		return nil
	case len(uses.Annotations) > 0:
		return []podWatch{{decoder: s.decoder, sink: sink}}
	case len(uses.Labels) == 1:
		return []podWatch{{selector: uses.Labels[0], decoder: s.decoder, sink: sink}}
	}
	joined := source.NewPodsByLabel(sink)
	var watches []podWatch
	for i, key := range uses.Labels {
		decoder := s.decoder
		decoder.Uses.Labels = uses.Labels[i : i+1]
		watches = append(watches, podWatch{selector: key, decoder: decoder, sink: joined.Of(key)})
	}
	return watches
}

func (s *Source) pods(scope string, w podWatch, synced func()) *resource[*metav1.PartialObjectMetadata, source.Pod] {
	client := s.metadata.Resource(corev1.SchemeGroupVersion.WithResource("pods")).Namespace(scope)
	synced = sync.OnceFunc(synced)
	return &resource[*metav1.PartialObjectMetadata, source.Pod]{
		name:   "pods",
		failed: s.failedFacts(synced, func() {}),
		labels: w.selector,
		store: store[*metav1.PartialObjectMetadata, source.Pod]{
			reduce: func(in *metav1.PartialObjectMetadata) *source.Pod { return w.decoder.Pod(&in.ObjectMeta) },
			set:    w.sink.SetPod, remove: w.sink.DeletePod, synced: synced,
			replace: func(all []*source.Pod) { w.sink.ReplacePods(scope, all) },
		},
		page: pages(client.List, func(l *metav1.PartialObjectMetadataList) ([]metav1.PartialObjectMetadata, metav1.ListMeta) {
			return l.Items, l.ListMeta
		}),
		watch: client.Watch,
	}
}

// nodes need their status, so their metadata are not enough.
func (s *Source) nodes(sink source.Sink, synced func()) *resource[*corev1.Node, source.Node] {
	client := s.client.CoreV1().Nodes()
	synced = sync.OnceFunc(synced)
	var denied denial
	return &resource[*corev1.Node, source.Node]{
		name:   "nodes",
		failed: s.failedFacts(synced, denied.thatGoesOn(sink.LostNodes)),
		store: store[*corev1.Node, source.Node]{
			reduce: s.decoder.Node, set: sink.SetNode, synced: synced,
			remove: func(name types.NamespacedName) { sink.DeleteNode(name.Name) },
			replace: func(all []*source.Node) {
				denied = denial{}
				sink.ReplaceNodes(all)
			},
		},
		page: pages(client.List, func(l *corev1.NodeList) ([]corev1.Node, metav1.ListMeta) {
			return l.Items, l.ListMeta
		}),
		watch: client.Watch,
	}
}

// failedFacts tells of failures as ever. What must not be read is not waited for.
func (s *Source) failedFacts(synced, denied func()) func(operation string, err error) {
	return func(operation string, err error) {
		s.failed(operation, err)
		if apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) {
			synced()
		}
		if apierrors.IsForbidden(err) {
			denied()
		}
	}
}

// denial is what is known of requests that were forbidden since one was not. It is of one reflector, which does one thing
// at a time.
type denial struct{ first, last time.Time }

const (
	// lostAfter is how long a denial must go on before what was read is lost: an API server that has just started
	// forbids everything until it has read the roles.
	lostAfter = 10 * time.Second
	// denialEnds is how long there is none until the next one is the first of another: more than a reflector waits.
	denialEnds = 2 * time.Minute
)

// thatGoesOn returns a function to be called for each request that is forbidden. What was read is lost where that goes
// on.
func (d *denial) thatGoesOn(lost func()) func() {
	return func() {
		if d.goesOn(time.Now()) {
			lost()
		}
	}
}

// goesOn takes note of another request that was forbidden, and says whether that goes on for long.
func (d *denial) goesOn(now time.Time) bool {
	if now.Sub(d.last) > denialEnds {
		d.first = now
	}
	d.last = now
	return now.Sub(d.first) >= lostAfter
}
