package kubernetes

import (
	"context"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/source"
)

// headlessScope follows the headless Services of one scope, and of the EndpointSlices theirs alone.
//
// The endpointslice controller puts a label on the slices of headless services. Two watches follow from that: one of the
// slices with the label, and one of the slices that somebody else has made, which may belong to any service. What is
// left are the controller's slices of other services, which are most of a cluster.
//
// But the controller does not put the label on a slice that it has made before the service became headless (from
// ClusterIP to ExternalName to headless), unless it has to write the slice for another reason. So the label is believed
// of no service by itself. Whenever a service is seen as headless for the first time, and all of them when Services are
// listed, it is looked whether there are slices of the controller without the label (headless_looks.go): of these only
// the metadata come over the wire. A service that has some gets a watch of its own slices (headless_targets.go). Until
// that is done, the service is not handed on: no query sees it without its endpoints.
//
// A slice that leaves a watch was deleted or has lost the label. It stays until that is known.
type headlessScope struct {
	scope  string
	sink   source.Sink
	slices *source.SliceStreams
	// synced is called once, when all that there was at the start was handed on.
	synced func()
	// list looks for slices, and follow delivers them until the context is done.
	list    func(ctx context.Context, namespace, labels string) ([]*foundSlice, error)
	follow  func(ctx context.Context, namespace, labels string, to sliceSink, synced func())
	widened func(scope string, services int)

	running sync.WaitGroup
	wake    chan struct{} // there is something to do for look

	// mu is held while Services are handed on, so that they are in order. The lock of slices is never taken under it.
	mu       sync.Mutex
	services map[types.NamespacedName]*headlessService
	suspects int
	// lookAtAll says that all services are to be looked at; lookedAtAll that this was done once.
	lookAtAll, lookedAtAll bool
	narrow                 int                // watches of many services that are synced
	stopNarrow             context.CancelFunc // ends them
	wide                   *target            // the watch of all slices, where it goes over to that
	alone                  bool               // it is the only one
	told                   bool               // synced was called
}

// headlessService is a Service that is headless now.
type headlessService struct {
	*source.Service
	// shown says that it was handed on.
	shown bool
	// suspect says that slices of it are not in the watches of many services, or may not be. Then it has a target.
	suspect bool
	target  *target
	// trusted is when a suspect is looked at again, to see whether it still is one.
	trusted time.Time
	// lost are slices of it that no watch has any more, and of which it is not known where they are.
	lost []*source.Slice
	// since is when it was seen as headless and may have been something else before, zero for never.
	since time.Time
	// next is when it is to be looked at, zero for never.
	next time.Time
}

// The labels that select slices.
const (
	labelled   = corev1.IsHeadlessService
	others     = "!" + corev1.IsHeadlessService + "," + discoveryv1.LabelManagedBy + "!=" + source.SliceController
	unlabelled = "!" + corev1.IsHeadlessService + "," + discoveryv1.LabelManagedBy + "=" + source.SliceController
)

func (s *Source) headlessScope(scope string, sink source.Sink, synced func()) *headlessScope {
	return newHeadlessScope(&headlessScope{
		scope: scope, sink: sink, synced: synced, list: s.findSlices, follow: s.followSlices, widened: s.widened,
	})
}

func newHeadlessScope(c *headlessScope) *headlessScope {
	c.slices = source.NewSliceStreams(c.sink, c.scope, c.missed)
	c.wake = make(chan struct{}, 1)
	c.services = make(map[types.NamespacedName]*headlessService)
	return c
}

// runHeadless delivers until the context is done.
func (s *Source) runHeadless(ctx context.Context, c *headlessScope) {
	services := headlessServices[seenService](s, c.scope)
	services.store.reduce, services.store.synced = s.seen, func() {}
	services.store.set, services.store.remove, services.store.replace = c.setService, c.deleteService, c.replaceServices
	c.running.Go(func() { services.follow(ctx, s.client, &corev1.Service{}) })
	c.run(ctx)
}

// run delivers slices until the context is done.
func (c *headlessScope) run(ctx context.Context) {
	narrow, stop := context.WithCancel(ctx)
	c.stopNarrow = stop
	for _, labels := range []string{labelled, others} {
		c.running.Go(func() { c.stream(ctx, narrow, c.scope, labels, c.narrowSynced) })
	}
	c.running.Go(func() { c.look(ctx) })
	c.running.Wait()
	stop()
}

// stream delivers some of the slices until its context is done. They are forgotten then, unless everything ends.
func (c *headlessScope) stream(all, ctx context.Context, namespace, labels string, synced func()) {
	stream := c.slices.Open()
	c.follow(ctx, namespace, labels, stream, synced)
	if all.Err() == nil {
		stream.Close()
	}
}

// narrowWatches is how many watches of many services there are.
const narrowWatches = 2

func (c *headlessScope) narrowSynced() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.narrow++
	c.tellSynced()
}

// tellSynced calls synced when everything is there.
func (c *headlessScope) tellSynced() {
	if c.told {
		return
	}
	ready := c.lookedAtAll && c.narrow == narrowWatches || c.covered()
	for _, h := range c.services {
		ready = ready && h.shown
	}
	if ready {
		c.told = true
		c.synced()
	}
}

// covered says that a watch has all slices.
func (c *headlessScope) covered() bool { return c.wide != nil && c.wide.synced }

// missed takes note of a slice that no watch has any more. Where there is one watch, it was deleted.
func (c *headlessScope) missed(s *source.Slice) (stays bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.services[types.NamespacedName{Namespace: s.Namespace, Name: s.Service}]
	if h == nil || c.alone {
		return false
	}
	if !slices.Contains(h.lost, s) {
		h.lost = append(h.lost, s)
	}
	h.next = time.Now()
	c.poke()
	return true
}

func (c *headlessScope) poke() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}
