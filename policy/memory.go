package policy

import (
	"net/netip"
	"sync"
	"sync/atomic"
)

// Memory bounds what all policies of a process remember of places and clients together. Where it is full, what was of
// no use lately makes room.
type Memory struct {
	limit int64 // octets

	mu    sync.Mutex // of those who remember or forget something; who finds something takes none
	queue outcome    // the beginning and the end of a ring: newer than it is the oldest
	used  int64
}

// NewMemory makes one of so many octets.
func NewMemory(limit int64) *Memory {
	m := &Memory{limit: limit}
	m.queue.older, m.queue.newer = &m.queue, &m.queue
	return m
}

// Used is how many octets are remembered, as far as they can be counted.
func (m *Memory) Used() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.used
}

// shelf has what is remembered of one Prepared, and knows nothing of it: when the endpoints are gone, it is cleared.
type shelf struct{ outcomes sync.Map } // outcomeKey -> *outcome

// outcomeKey is what an outcome was computed for: as much of a client as the steps looked at.
type outcomeKey struct {
	place          Place
	address        netip.Addr
	shared         bool
	namespace, pod string
	labels         uint64 // a hash: a Pod's labels change while it runs
}

func keyOf(c *Client) outcomeKey {
	key := outcomeKey{place: c.Place, address: c.Address, shared: c.Shared, namespace: c.Namespace, pod: c.Pod}
	for name, value := range c.Labels {
		key.labels ^= mix(hash(name) ^ mix(hash(value)))
	}
	return key
}

// remembered is what a memory notes of an outcome. Only turn and hit change outside of the memory's lock.
type remembered struct {
	turn atomic.Uint32 // how many queries it was the outcome of
	hit  atomic.Bool   // it was of use since the memory looked last

	older, newer *outcome
	on           *shelf
	key          any // the outcomeKey that it has on the shelf
	octets       int64
}

// load returns what is remembered, or nil.
func (s *shelf) load(key outcomeKey) *outcome {
	found, ok := s.outcomes.Load(key)
	if !ok {
		return nil
	}
	o := found.(*outcome)
	if !o.hit.Load() { // most find it set, and do not write to what all of them read
		o.hit.Store(true)
	}
	return o
}

// store remembers an outcome, unless somebody else was quicker, and returns what is remembered. One that is larger
// than all of the memory is not worth forgetting everything else.
func (m *Memory) store(on *shelf, key outcomeKey, o *outcome) *outcome {
	o.on, o.key = on, key
	if o.octets > m.limit {
		return o
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if known, ok := on.outcomes.LoadOrStore(o.key, o); ok {
		return known.(*outcome)
	}
	m.makeRoom(o.octets)
	m.used += o.octets
	m.enter(o)
	return o
}

// mostLooks bounds how many outcomes are looked at to make room for one: whoever has a question waits for it.
const mostLooks = 64

// makeRoom forgets the oldest outcomes, save those that were of use since they were looked at last (a second chance).
func (m *Memory) makeRoom(octets int64) {
	for looks := 0; m.used+octets > m.limit; looks++ {
		oldest := m.queue.newer
		if looks < mostLooks && oldest.hit.Swap(false) {
			oldest.leave()
			m.enter(oldest)
			continue
		}
		m.forget(oldest)
	}
}

// forget lets go of an outcome.
func (m *Memory) forget(o *outcome) {
	o.leave()
	o.on.outcomes.Delete(o.key)
	m.used -= o.octets
}

// clear forgets all that is on a shelf.
func (m *Memory) clear(s *shelf) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, o := range s.outcomes.Range {
		m.forget(o.(*outcome))
	}
}

// enter puts an outcome in the queue as the newest.
func (m *Memory) enter(o *outcome) {
	o.older, o.newer = m.queue.older, &m.queue
	o.older.newer, o.newer.older = o, o
}

// leave takes it out of the queue.
func (o *outcome) leave() {
	o.older.newer, o.newer.older = o.newer, o.older
	o.older, o.newer = nil, nil
}

// size estimates how many octets an outcome takes, with its key and its place in a map, beside what it shares with
// what was there before.
func (o *outcome) size(before *outcome) int64 {
	const overhead, perRank, perEndpoint, perWeight = 352, 24, 4, 8
	octets := overhead
	if !shareArray(o.ranks, before.ranks) {
		octets += perRank * cap(o.ranks)
		for _, rank := range o.ranks {
			octets += perEndpoint * cap(rank)
		}
	}
	if !shareArray(o.weights, before.weights) {
		octets += perWeight * cap(o.weights)
	}
	return int64(octets)
}

// shareArray says whether slices begin at the same place in memory.
func shareArray[T any](a, b []T) bool { return len(a) > 0 && len(b) > 0 && &a[0] == &b[0] }
