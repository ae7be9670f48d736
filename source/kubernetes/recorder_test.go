package kubernetes

import (
	"maps"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/source"
)

// recorder is a sink that keeps what it is given.
type recorder struct {
	mu       sync.Mutex
	services map[types.NamespacedName]*source.Service
	slices   map[types.NamespacedName]*source.Slice
	pods     map[types.NamespacedName]*source.Pod
	nodes    map[string]*source.Node
	scopes   []string
	synced   chan struct{}
	facts    chan struct{} // closed when they are synced
	changed  chan struct{}
}

func newRecorder() *recorder {
	return &recorder{
		services: map[types.NamespacedName]*source.Service{}, slices: map[types.NamespacedName]*source.Slice{},
		pods: map[types.NamespacedName]*source.Pod{}, nodes: map[string]*source.Node{},
		synced: make(chan struct{}), facts: make(chan struct{}), changed: make(chan struct{}, 1000),
	}
}

func (r *recorder) change(f func()) {
	r.mu.Lock()
	f()
	r.mu.Unlock()
	r.changed <- struct{}{}
}

func (r *recorder) SetService(s *source.Service) {
	r.change(func() { r.services[s.NamespacedName] = s })
}

func (r *recorder) DeleteService(name types.NamespacedName) {
	r.change(func() { delete(r.services, name) })
}

func (r *recorder) ReplaceServices(scope string, all []*source.Service) {
	r.change(func() {
		r.scopes = append(r.scopes, scope)
		maps.DeleteFunc(r.services, func(name types.NamespacedName, _ *source.Service) bool { return scope == "" || name.Namespace == scope })
		for _, s := range all {
			r.services[s.NamespacedName] = s
		}
	})
}

func (r *recorder) SetSlice(s *source.Slice) { r.change(func() { r.slices[s.NamespacedName] = s }) }

func (r *recorder) DeleteSlice(name types.NamespacedName) {
	r.change(func() { delete(r.slices, name) })
}

func (r *recorder) ReplaceSlices(scope string, all []*source.Slice) {
	r.change(func() {
		r.scopes = append(r.scopes, scope)
		maps.DeleteFunc(r.slices, func(name types.NamespacedName, _ *source.Slice) bool { return scope == "" || name.Namespace == scope })
		for _, s := range all {
			r.slices[s.NamespacedName] = s
		}
	})
}

func (r *recorder) SetPod(p *source.Pod) { r.change(func() { r.pods[p.NamespacedName] = p }) }

func (r *recorder) DeletePod(name types.NamespacedName) {
	r.change(func() { delete(r.pods, name) })
}

func (r *recorder) ReplacePods(scope string, all []*source.Pod) {
	r.change(func() {
		maps.DeleteFunc(r.pods, func(name types.NamespacedName, _ *source.Pod) bool { return scope == "" || name.Namespace == scope })
		for _, p := range all {
			r.pods[p.NamespacedName] = p
		}
	})
}

func (r *recorder) SetNode(n *source.Node) { r.change(func() { r.nodes[n.Name] = n }) }

func (r *recorder) DeleteNode(name string) { r.change(func() { delete(r.nodes, name) }) }

func (r *recorder) ReplaceNodes(all []*source.Node) {
	r.change(func() {
		clear(r.nodes)
		for _, n := range all {
			r.nodes[n.Name] = n
		}
	})
}

func (r *recorder) LostPods() { r.change(func() { clear(r.pods) }) }

func (r *recorder) LostNodes() { r.change(func() { clear(r.nodes) }) }

func (r *recorder) Contact(time.Time) {}

func (r *recorder) FactsSynced() { close(r.facts) }

func (r *recorder) Synced() { close(r.synced) }

// waitFor waits until the condition holds, which is looked at after each change.
func (r *recorder) waitFor(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		r.mu.Lock()
		ok := condition()
		r.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-r.changed:
		case <-deadline:
			t.Fatalf("Timed out waiting until %s", what)
		}
	}
}
