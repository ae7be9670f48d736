// Package addresses finds what has an IP address, in little memory and without a lock.
package addresses

import (
	"hash/maphash"
	"iter"
	"net/netip"
	"slices"
	"sync/atomic"
)

// bucketCount is how many buckets a table of addresses has: with 150,000 addresses in one, each has 37.
const bucketCount = 1 << 12

// Table finds what has an address; several may have the same. It is written under a lock of its owner's and read without
// one: a bucket is never written to but replaced. It takes 12 octets an address where a map takes 65 with the address as
// its key, for the addresses themselves stand in what it finds.
type Table[V comparable] struct {
	seed    maphash.Seed
	has     func(v V, address netip.Addr) bool
	buckets [bucketCount]atomic.Pointer[bucket[V]]
}

// bucket holds what has addresses of one hash, together with other bits of these hashes, by which most of what is not
// asked for is passed over without a look at it.
type bucket[V comparable] struct {
	tags   []uint32
	values []V
}

// New makes one without addresses. A value that was added for an address has it as long as has says so.
func New[V comparable](has func(v V, address netip.Addr) bool) *Table[V] {
	return &Table[V]{seed: maphash.MakeSeed(), has: has}
}

// hash returns the number of a bucket and the tag in it.
func (t *Table[V]) hash(address netip.Addr) (number, tag uint32) {
	h := maphash.Comparable(t.seed, address)
	return uint32(h % bucketCount), uint32(h >> 32) // #nosec G115 -- other bits of the hash
}

// At returns all that have the address. What has lost it again by then is not among them.
func (t *Table[V]) At(address netip.Addr) iter.Seq[V] {
	return func(yield func(V) bool) {
		number, tag := t.hash(address)
		b := t.buckets[number].Load()
		if b == nil {
			return
		}
		for i, other := range b.tags {
			if other == tag && t.has(b.values[i], address) && !yield(b.values[i]) {
				return
			}
		}
	}
}

// Add notes that a value has an address.
func (t *Table[V]) Add(address netip.Addr, v V) {
	number, tag := t.hash(address)
	old := t.buckets[number].Load()
	if old == nil {
		old = &bucket[V]{}
	}
	t.buckets[number].Store(&bucket[V]{tags: with(old.tags, tag), values: with(old.values, v)})
}

// Remove takes back what Add did with the same address and value.
func (t *Table[V]) Remove(address netip.Addr, v V) {
	number, tag := t.hash(address)
	old := t.buckets[number].Load()
	if old == nil {
		return
	}
	i := slices.Index(old.values, v)
	for i >= 0 && old.tags[i] != tag { // it has another address of the same bucket
		next := slices.Index(old.values[i+1:], v)
		if next < 0 {
			return
		}
		i += 1 + next
	}
	switch {
	case i < 0:
	case len(old.values) == 1:
		t.buckets[number].Store(nil)
	default:
		t.buckets[number].Store(&bucket[V]{tags: without(old.tags, i), values: without(old.values, i)})
	}
}

// with returns a copy that has one more, and no room for others: append would make some.
func with[T any](all []T, one T) []T {
	more := make([]T, len(all)+1)
	copy(more, all)
	more[len(all)] = one
	return more
}

// without returns a copy that lacks the i-th.
func without[T any](all []T, i int) []T {
	rest := make([]T, len(all)-1)
	copy(rest, all[:i])
	copy(rest[i:], all[i+1:])
	return rest
}

// Len is how many addresses were added and not removed; who has the lock may ask.
func (t *Table[V]) Len() (n int) {
	for i := range t.buckets {
		if b := t.buckets[i].Load(); b != nil {
			n += len(b.tags)
		}
	}
	return n
}
