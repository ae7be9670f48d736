package headless

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/clients"
	"github.com/headless-dns/headless/source"
)

// endpointsCache holds the endpoints of every headless service. A source writes to it (it is a source.Sink); queries
// read from it without a lock: one load for the list of services and one for a service's endpoints. What they get is
// immutable.
//
// Slices are kept apart by their names, for endpoints move between the slices of a service, and what changes in one of
// them is joined to what the others have. Slices whose service is not known as headless are kept too: a Service and its slices come by
// different ways and in any order.
type endpointsCache struct {
	shape cacheShape

	// Read by queries.
	index   atomic.Pointer[serviceIndex]
	reverse *reverseIndex // nil without a reverse zone
	synced  atomic.Bool
	// firstSync is closed when synced becomes true.
	firstSync chan struct{}
	serials   serials
	// lost is since when the source does not hear of changes any more, nil while it does.
	lost atomic.Pointer[time.Time]
	// revision counts what was delivered.
	revision atomic.Uint64
	// nodesByZone counts the nodes of each zone; nil where no policy looks at nodes.
	nodesByZone atomic.Pointer[map[string]int]
	// factsSync is closed, and factsSynced true, when all that policies look at is there, or cannot be had.
	factsSync   chan struct{}
	factsSynced atomic.Bool
	// clients knows where clients are; nil where nobody asks.
	clients *clients.Directory

	// Written by the source, under the lock.
	mu       sync.Mutex
	services map[types.NamespacedName]*service
	slices   map[types.NamespacedName]*source.Slice
	joined   map[types.NamespacedName][]*source.Slice // by their service
	changes  map[types.NamespacedName]*change         // what of a service is not published yet
	known    knownFacts
	counted  counts

	gauged gauged
}

var _ source.Sink = (*endpointsCache)(nil)

func newEndpointsCache(shape cacheShape) *endpointsCache {
	c := &endpointsCache{
		shape:     shape,
		firstSync: make(chan struct{}),
		factsSync: make(chan struct{}),
		services:  make(map[types.NamespacedName]*service),
		slices:    make(map[types.NamespacedName]*source.Slice),
		joined:    make(map[types.NamespacedName][]*source.Slice),
		changes:   make(map[types.NamespacedName]*change),
	}
	if shape.reverse {
		c.reverse = newReverseIndex()
	}
	if shape.clients != (clients.Sources{}) {
		c.clients = clients.NewDirectory(shape.clients, c.showClients)
	}
	c.index.Store(&serviceIndex{})
	c.serials.begin()
	return c
}

// Synced implements source.Sink.
func (c *endpointsCache) Synced() {
	if !c.synced.Swap(true) {
		close(c.firstSync)
	}
}

// Contact implements source.Sink.
func (c *endpointsCache) Contact(lost time.Time) {
	if lost.IsZero() {
		c.lost.Store(nil)
		return
	}
	c.lost.Store(&lost)
}

// SetSlice implements source.Sink.
func (c *endpointsCache) SetSlice(s *source.Slice) { c.write(func() { c.addSlice(s) }) }

// DeleteSlice implements source.Sink.
func (c *endpointsCache) DeleteSlice(name types.NamespacedName) {
	c.write(func() { c.removeSlice(name) })
}

// ReplaceSlices implements source.Sink.
func (c *endpointsCache) ReplaceSlices(scope string, all []*source.Slice) {
	c.write(func() {
		gone := inScope(c.slices, scope)
		for _, s := range all {
			delete(gone, s.NamespacedName)
			c.addSlice(s)
		}
		for name := range gone {
			c.removeSlice(name)
		}
	})
}

// write makes a change under the lock, and then publishes each service that it touched once, when all slices of the
// change are in place: an endpoint that has moved between two of them is never missing.
func (c *endpointsCache) write(what func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.revision.Add(1)
	what()
	for name, change := range c.changes {
		if s, ok := c.services[name]; ok { // else facts of its slices have changed
			c.publish(s, *change)
		}
	}
	clear(c.changes)
	c.counted.slices = len(c.slices)
	c.gauged.setCounts(c.counted)
}

// touch notes that a service is to be published, and returns what has changed of it.
func (c *endpointsCache) touch(service types.NamespacedName) *change {
	known := c.changes[service]
	if known == nil {
		known = new(change)
		c.changes[service] = known
	}
	return known
}

// changed notes what is other in a slice of a service, where that is known; older or now may be nil.
func (c *endpointsCache) changed(service types.NamespacedName, older, now *source.Slice) {
	if c.services[service] != nil {
		c.touch(service).add(now.Since(older))
	}
}

// publish makes a change what queries see. The endpoints are made anew also where nothing of them is another: the
// annotation may be.
func (c *endpointsCache) publish(s *service, of change) {
	before := s.endpoints.Load()
	j := joiner{naming: naming{c.shape.podNames}, crowded: s.crowded, before: &content{}}
	if before != nil {
		j.before = &before.content
	}
	j.join(of)
	e := &endpoints{content: j.content(), annotation: s.policy}
	c.known.give(e)
	s.endpoints.Store(e)
	if c.reverse != nil {
		c.reverse.update(s, j.came, j.went)
	}
	now := counts{services: 1, claimed: len(c.joined[s.name]), endpoints: e.len()}
	if e.ready() == 0 {
		now.empty = 1
	}
	c.recount(s, now)
	c.serials.changed()
}

// recount takes back what a service added to the counts, and adds what it adds now.
func (c *endpointsCache) recount(s *service, now counts) {
	c.counted.services += now.services - s.counted.services
	c.counted.empty += now.empty - s.counted.empty
	c.counted.claimed += now.claimed - s.counted.claimed
	c.counted.endpoints += now.endpoints - s.counted.endpoints
	s.counted = now
}

func (c *endpointsCache) addSlice(s *source.Slice) {
	before := c.slices[s.NamespacedName]
	if before == s {
		return
	}
	of := serviceOf(s)
	if known := c.services[of]; known != nil {
		c.known.enter(s)
		c.enterClients(known, s)
	}
	if before != nil { // behind what comes in its place: whoever asks meanwhile is never unknown
		c.removeFromService(before)
	}
	c.slices[s.NamespacedName] = s
	c.joined[of] = append(c.joined[of], s)
	if before != nil && serviceOf(before) != of {
		c.changed(serviceOf(before), before, nil)
		before = nil
	}
	c.changed(of, before, s)
}

func (c *endpointsCache) removeSlice(name types.NamespacedName) {
	if s, ok := c.slices[name]; ok {
		delete(c.slices, name)
		c.removeFromService(s)
		c.changed(serviceOf(s), s, nil)
	}
}

func (c *endpointsCache) removeFromService(s *source.Slice) {
	of := serviceOf(s)
	if known := c.services[of]; known != nil {
		c.known.leave(s)
		c.leaveClients(known, s)
	}
	rest := slices.DeleteFunc(c.joined[of], func(other *source.Slice) bool { return other == s })
	if len(rest) == 0 {
		delete(c.joined, of)
	} else {
		c.joined[of] = rest
	}
}

// close takes back what was counted.
func (c *endpointsCache) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counted = counts{}
	c.tellClients((*clients.Directory).Close)
	c.gauged.close()
}

func serviceOf(s *source.Slice) types.NamespacedName {
	return types.NamespacedName{Namespace: s.Namespace, Name: s.Service}
}

// inScope returns the names of what a replacement of the scope replaces.
func inScope[T any](all map[types.NamespacedName]T, scope string) map[types.NamespacedName]struct{} {
	names := make(map[types.NamespacedName]struct{})
	for name := range all {
		if scope == "" || name.Namespace == scope {
			names[name] = struct{}{}
		}
	}
	return names
}
