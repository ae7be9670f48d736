package kubernetes

import (
	"context"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/source"
)

// RunFacts delivers what policies look at of Pods and Nodes, and all changes of it, until the context is done. It goes on
// beside Run: whether it can be read or not, Services and EndpointSlices do not wait for it.
func (s *Source) RunFacts(ctx context.Context, sink source.Sink) {
	ctx = quiet(ctx)
	scopes, watches := s.scopes(), s.podWatches(sink)
	missing := len(scopes) * len(watches)
	if s.decoder.Uses.Nodes {
		missing++
	}
	if missing == 0 {
		sink.FactsSynced()
		return
	}
	synced := after(missing, sink.FactsSynced)
	var running sync.WaitGroup
	if s.decoder.Uses.Nodes {
		running.Go(func() { s.nodes(sink, synced).follow(ctx, s.client, &corev1.Node{}) })
	}
	for _, scope := range scopes {
		for _, w := range watches {
			running.Go(func() { s.pods(scope, w, synced).follow(ctx, s.metadata, &metav1.PartialObjectMetadata{}) })
		}
	}
	running.Wait()
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
	case !uses.Pods():
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
		failed: s.failedFacts(synced),
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
	return &resource[*corev1.Node, source.Node]{
		name:   "nodes",
		failed: s.failedFacts(synced),
		store: store[*corev1.Node, source.Node]{
			reduce: s.decoder.Node, set: sink.SetNode, replace: sink.ReplaceNodes, synced: synced,
			remove: func(name types.NamespacedName) { sink.DeleteNode(name.Name) },
		},
		page: pages(client.List, func(l *corev1.NodeList) ([]corev1.Node, metav1.ListMeta) {
			return l.Items, l.ListMeta
		}),
		watch: client.Watch,
	}
}

// failedFacts tells of failures as ever. What must not be read is not waited for.
func (s *Source) failedFacts(synced func()) func(operation string, err error) {
	return func(operation string, err error) {
		s.failed(operation, err)
		if apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) {
			synced()
		}
	}
}
