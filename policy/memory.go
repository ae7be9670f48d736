package policy

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"weak"
)

// Memory bounds what all policies of a process remember of places and clients together. Where it is full, what was of
// no use lately makes room.
type Memory struct {
	limit int64 // octets

	mu    sync.Mutex // of those who remember something new; who finds something takes none
	queue []memo     // in a ring that begins at first
	first int
	used  int64
}

// memo is something that is remembered. Who has it may have gone, for endpoints change.
type memo struct {
	of     weak.Pointer[Prepared]
	key    outcomeKey
	octets int64
}

// NewMemory makes one of so many octets.
func NewMemory(limit int64) *Memory { return &Memory{limit: limit} }

// Used is how many octets are remembered, as far as they can be counted.
func (m *Memory) Used() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.used
}

// outcomeKey is what an outcome was computed for: as much of a client as the steps looked at.
type outcomeKey struct {
	place          Place
	address        netip.Addr
	namespace, pod string
	labels         uint64 // a hash: a Pod's labels change while it runs
}

func keyOf(c *Client) outcomeKey {
	key := outcomeKey{place: c.Place, address: c.Address, namespace: c.Namespace, pod: c.Pod}
	for name, value := range c.Labels {
		key.labels ^= mix(hash(name) ^ mix(hash(value)))
	}
	return key
}

type (
	turn = atomic.Uint32
	hit  = atomic.Bool
)

func (m *Memory) load(p *Prepared, key outcomeKey) *outcome {
	found, ok := p.outcomes.Load(key)
	if !ok {
		return nil
	}
	o := found.(*outcome)
	if !o.hit.Load() { // most find it set, and do not write to what all of them read
		o.hit.Store(true)
	}
	return o
}

// store remembers an outcome, unless somebody else was quicker, and returns what is remembered.
func (m *Memory) store(p *Prepared, key outcomeKey, o *outcome) *outcome {
	if known, ok := p.outcomes.LoadOrStore(key, o); ok {
		return known.(*outcome)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	octets := o.octets()
	m.used += octets
	m.queue = append(m.queue, memo{of: weak.Make(p), key: key, octets: octets})
	m.makeRoom()
	return o
}

// mostLooks bounds how many memos are looked at to make room for one: whoever has a question waits for it.
const mostLooks = 64

// makeRoom forgets the oldest memos, save those that were of use since they were looked at last (a second chance).
func (m *Memory) makeRoom() {
	for looks := 0; m.used > m.limit && m.first < len(m.queue); looks++ {
		oldest := m.queue[m.first]
		m.queue[m.first] = memo{}
		m.first++
		if looks < mostLooks && oldest.giveChance() {
			m.queue = append(m.queue, oldest)
			continue
		}
		oldest.forget()
		m.used -= oldest.octets
	}
	if m.first > len(m.queue)/2 {
		m.queue = append(m.queue[:0:0], m.queue[m.first:]...)
		m.first = 0
	}
}

// giveChance says whether the memo was of use since it was asked last.
func (m *memo) giveChance() bool {
	p := m.of.Value()
	if p == nil {
		return false
	}
	found, ok := p.outcomes.Load(m.key)
	return ok && found.(*outcome).hit.Swap(false)
}

func (m *memo) forget() {
	if p := m.of.Value(); p != nil {
		p.outcomes.Delete(m.key)
	}
}

// octets estimates what an outcome takes, with its key, its memo and its place in a map.
func (o *outcome) octets() int64 {
	const overhead, perRank, perEndpoint, perWeight = 512, 24, 4, 8
	return int64(overhead + perRank*len(o.ranks) + perEndpoint*o.ranks.Len() + perWeight*len(o.weights))
}
