package chaos

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// Watcher keeps a history of what the API server shows. It is not made of client-go's informers, on which the plugin
// rests too, and it is back within moments when the API server is.
type Watcher struct {
	client    kubernetes.Interface
	namespace string
	history   *History
	possible  *History // what there would be with all services headless

	mu      sync.Mutex
	objects Objects
}

// kept is an object of one of the three kinds.
type kept interface {
	runtime.Object
	metav1.Object
}

// kind is how the objects of one kind are read.
type kind struct {
	list  func(ctx context.Context, options metav1.ListOptions) (all []kept, version string, err error)
	watch func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error)
	// set replaces all objects, or one: nil where it is gone.
	replace func(o *Objects, all []kept)
	set     func(o *Objects, name string, object kept)
}

// Follow runs until the context is done, and returns once everything was read once.
func (w *Watcher) Follow(ctx context.Context, running *sync.WaitGroup) error {
	kinds := w.kinds()
	w.objects, _ = w.Read(ctx) // so that no history begins with a part
	listed := make(chan struct{}, len(kinds))
	for _, k := range kinds {
		running.Go(func() { w.follow(ctx, k, func() { listed <- struct{}{} }) })
	}
	for range kinds {
		select {
		case <-listed:
		case <-time.After(harness.Patience):
			return errors.New("the API server shows nothing to watch")
		}
	}
	return nil
}

// Read returns what there is now. It asks etcd, not what the API server remembers.
func (w *Watcher) Read(ctx context.Context) (Objects, error) {
	var objects Objects
	for _, k := range w.kinds() {
		all, _, err := k.list(ctx, metav1.ListOptions{})
		if err != nil {
			return objects, err
		}
		k.replace(&objects, all)
	}
	return objects, nil
}

// retryPeriod is how long the API server is left alone after it has failed.
const retryPeriod = 50 * time.Millisecond

func (w *Watcher) follow(ctx context.Context, k kind, listed func()) {
	listed = sync.OnceFunc(listed)
	ticker := time.NewTicker(retryPeriod)
	defer ticker.Stop()
	for ctx.Err() == nil {
		if all, version, err := k.list(ctx, metav1.ListOptions{}); err == nil {
			w.change(func(o *Objects) { k.replace(o, all) })
			listed()
			w.followFrom(ctx, k, version)
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

func (w *Watcher) followFrom(ctx context.Context, k kind, version string) {
	events, err := k.watch(ctx, metav1.ListOptions{ResourceVersion: version})
	if err != nil {
		return
	}
	defer events.Stop()
	for event := range events.ResultChan() {
		object, ok := event.Object.(kept)
		if !ok {
			return // it is a status that says why there are no more
		}
		if event.Type == watch.Deleted {
			w.change(func(o *Objects) { k.set(o, object.GetName(), nil) })
			continue
		}
		w.change(func(o *Objects) { k.set(o, object.GetName(), object) })
	}
}

// change takes note of a change, and of what it makes of the records.
func (w *Watcher) change(change func(*Objects)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.objects)
	now := time.Now()
	w.history.Set(now, w.objects.Records())
	w.possible.Set(now, w.objects.AsIfHeadless().Records())
}

func (w *Watcher) kinds() []kind {
	services := w.client.CoreV1().Services(w.namespace)
	slices := w.client.DiscoveryV1().EndpointSlices(w.namespace)
	nodes := w.client.CoreV1().Nodes()
	return []kind{
		kindOf(services.List, func(l *corev1.ServiceList) ([]corev1.Service, metav1.ListMeta) { return l.Items, l.ListMeta },
			services.Watch, func(o *Objects) *map[string]*corev1.Service { return &o.Services }),
		kindOf(slices.List, func(l *discoveryv1.EndpointSliceList) ([]discoveryv1.EndpointSlice, metav1.ListMeta) {
			return l.Items, l.ListMeta
		},
			slices.Watch, func(o *Objects) *map[string]*discoveryv1.EndpointSlice { return &o.Slices }),
		kindOf(nodes.List, func(l *corev1.NodeList) ([]corev1.Node, metav1.ListMeta) { return l.Items, l.ListMeta },
			nodes.Watch, func(o *Objects) *map[string]*corev1.Node { return &o.Nodes }),
	}
}

func kindOf[L, T any, P interface {
	*T
	kept
}](
	list func(context.Context, metav1.ListOptions) (*L, error), content func(*L) ([]T, metav1.ListMeta),
	watch func(context.Context, metav1.ListOptions) (watch.Interface, error), of func(*Objects) *map[string]*T,
) kind {
	return kind{
		list: func(ctx context.Context, options metav1.ListOptions) ([]kept, string, error) {
			l, err := list(ctx, options)
			if err != nil {
				return nil, "", err
			}
			items, about := content(l)
			all := make([]kept, len(items))
			for i := range items {
				all[i] = P(&items[i])
			}
			return all, about.ResourceVersion, nil
		},
		watch: watch,
		replace: func(o *Objects, all []kept) {
			objects := map[string]*T{}
			for _, object := range all {
				objects[object.GetName()] = object.(P)
			}
			*of(o) = objects
		},
		set: func(o *Objects, name string, object kept) {
			objects := maps.Clone(*of(o))
			if delete(objects, name); object != nil {
				objects[name] = object.(P)
			}
			*of(o) = objects
		},
	}
}
