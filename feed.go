package headless

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/clients"
	"github.com/headless-dns/headless/source"
)

// follower is a source of endpoints: it delivers them to the sink, and every change of them, until the context is done.
type follower interface {
	Run(ctx context.Context, sink source.Sink)
}

// factsFollower is a source that delivers what policies look at of Pods and Nodes by a way of its own: caches that have
// the same endpoints may want different facts.
type factsFollower interface {
	RunFacts(ctx context.Context, sink source.Sink)
}

// feeds are the sources that run, each under a key that tells what it reads. Blocks of a Corefile that read the same
// share a source, and so do the old and the new instance of CoreDNS while it reloads: nothing is listed again, and the
// new instance has all endpoints from its first query on.
type feeds struct {
	mu      sync.Mutex
	running map[string]*feed
}

// allFeeds are of the process, for instances of CoreDNS come and go in it.
var allFeeds = feeds{running: make(map[string]*feed)}

// cacheShape is what caches of one source may differ in.
type cacheShape struct {
	podNames, reverse bool
	facts             string          // what policies look at beside endpoints
	clients           clients.Sources // of where clients are
	// clientPodsOnly and clientNodesOnly say that policies look at nothing of these but where clients are.
	clientPodsOnly, clientNodesOnly bool
}

// join returns the cache of that shape that the source fills, and a function that ends the use of it. The source starts
// to run unless one with the key does.
func (f *feeds) join(key string, shape cacheShape, from follower) (cache *endpointsCache, leave func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fed, ok := f.running[key]
	if !ok {
		fed = &feed{caches: make(map[cacheShape]*fedCache)}
		f.running[key] = fed
	}
	cache = fed.join(shape, from)
	if !ok {
		fed.start(from)
	}
	return cache, sync.OnceFunc(func() { f.leave(key, shape) })
}

func (f *feeds) leave(key string, shape cacheShape) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fed := f.running[key]
	if fed.leave(shape) == 0 {
		delete(f.running, key)
		fed.stop()
	}
}

// feed is a source that runs, and the caches that it fills. To the source it is the sink.
type feed struct {
	stop func() // returns once the source has ended

	mu     sync.Mutex
	caches map[cacheShape]*fedCache
}

var _ source.Sink = (*feed)(nil)

// fedCache is a cache and the number of its users.
type fedCache struct {
	*endpointsCache
	users int
	stop  func() // returns once nothing but endpoints is delivered any more
}

func (f *feed) start(from follower) {
	f.stop = inBackground(func(ctx context.Context) { from.Run(ctx, f) })
}

// inBackground runs a function until stop is called, which returns once the function has.
func inBackground(run func(ctx context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { run(ctx) })
	return func() {
		cancel()
		running.Wait()
	}
}

// join adds a user to the cache of the shape. A new cache gets the endpoints that any other one has, for the source
// delivers them once. What policies look at beside them it gets by itself.
func (f *feed) join(shape cacheShape, from follower) *endpointsCache {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, ok := f.caches[shape]
	if !ok {
		c = &fedCache{endpointsCache: newEndpointsCache(shape), stop: func() {}}
		for _, other := range f.caches {
			other.copyTo(c)
			break
		}
		if own, ok := from.(factsFollower); ok {
			c.stop = inBackground(func(ctx context.Context) { own.RunFacts(ctx, c) })
		}
		f.caches[shape] = c
	}
	c.users++
	return c.endpointsCache
}

// leave takes a user from the cache of the shape, and returns how many caches are still used.
func (f *feed) leave(shape cacheShape) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.caches[shape]
	if c.users--; c.users == 0 {
		delete(f.caches, shape)
		c.stop()
		c.close()
	}
	return len(f.caches)
}

// copyTo delivers everything to another cache, slices first: no service appears without its endpoints.
func (c *endpointsCache) copyTo(to source.Sink) {
	c.mu.Lock()
	defer c.mu.Unlock()
	to.ReplaceSlices("", slices.Collect(maps.Values(c.slices)))
	to.ReplaceServices("", c.listServices())
	if lost := c.lost.Load(); lost != nil {
		to.Contact(*lost)
	}
	if c.synced.Load() {
		to.Synced()
	}
}

// each hands something to all caches.
func (f *feed) each(deliver func(source.Sink)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.caches {
		deliver(c)
	}
}

// SetService implements source.Sink.
func (f *feed) SetService(s *source.Service) { f.each(func(to source.Sink) { to.SetService(s) }) }

// DeleteService implements source.Sink.
func (f *feed) DeleteService(name types.NamespacedName) {
	f.each(func(to source.Sink) { to.DeleteService(name) })
}

// ReplaceServices implements source.Sink.
func (f *feed) ReplaceServices(scope string, all []*source.Service) {
	f.each(func(to source.Sink) { to.ReplaceServices(scope, all) })
}

// SetSlice implements source.Sink.
func (f *feed) SetSlice(s *source.Slice) { f.each(func(to source.Sink) { to.SetSlice(s) }) }

// DeleteSlice implements source.Sink.
func (f *feed) DeleteSlice(name types.NamespacedName) {
	f.each(func(to source.Sink) { to.DeleteSlice(name) })
}

// ReplaceSlices implements source.Sink.
func (f *feed) ReplaceSlices(scope string, all []*source.Slice) {
	f.each(func(to source.Sink) { to.ReplaceSlices(scope, all) })
}

// SetPod implements source.Sink.
func (f *feed) SetPod(p *source.Pod) { f.each(func(to source.Sink) { to.SetPod(p) }) }

// DeletePod implements source.Sink.
func (f *feed) DeletePod(name types.NamespacedName) {
	f.each(func(to source.Sink) { to.DeletePod(name) })
}

// ReplacePods implements source.Sink.
func (f *feed) ReplacePods(scope string, all []*source.Pod) {
	f.each(func(to source.Sink) { to.ReplacePods(scope, all) })
}

// SetNode implements source.Sink.
func (f *feed) SetNode(n *source.Node) { f.each(func(to source.Sink) { to.SetNode(n) }) }

// DeleteNode implements source.Sink.
func (f *feed) DeleteNode(name string) { f.each(func(to source.Sink) { to.DeleteNode(name) }) }

// ReplaceNodes implements source.Sink.
func (f *feed) ReplaceNodes(all []*source.Node) {
	f.each(func(to source.Sink) { to.ReplaceNodes(all) })
}

// LostPods implements source.Sink.
func (f *feed) LostPods() { f.each(source.Sink.LostPods) }

// LostNodes implements source.Sink.
func (f *feed) LostNodes() { f.each(source.Sink.LostNodes) }

// Contact implements source.Sink.
func (f *feed) Contact(lost time.Time) { f.each(func(to source.Sink) { to.Contact(lost) }) }

// Synced implements source.Sink.
func (f *feed) Synced() { f.each(source.Sink.Synced) }

// FactsSynced implements source.Sink.
func (f *feed) FactsSynced() { f.each(source.Sink.FactsSynced) }
