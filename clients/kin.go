package clients

import (
	"hash/maphash"
	"strings"

	"github.com/headless-dns/headless/source"
)

// kin is what Pods have in common that were made alike: all but the end of the name.
type kin struct {
	namespace, prefix string
	facts             *source.PodFacts
	terminating       bool
}

// sharedKin is that of so many Pods.
type sharedKin struct {
	kin
	pods int
	next *sharedKin // that has the same hash
}

// share returns the one value that Pods made alike share.
func (t *podTable) share(of kin) *kin {
	hash := maphash.Comparable(t.seed, of)
	shared := t.kins[hash]
	for shared != nil && shared.kin != of {
		shared = shared.next
	}
	if shared == nil {
		of.prefix = strings.Clone(of.prefix) // and not a part of a name
		shared = &sharedKin{kin: of, next: t.kins[hash]}
		t.kins[hash] = shared
	}
	shared.pods++
	return &shared.kin
}

// release takes back what share did for a Pod.
func (t *podTable) release(of kin) {
	hash := maphash.Comparable(t.seed, of)
	var before *sharedKin
	shared := t.kins[hash]
	for shared.kin != of {
		before, shared = shared, shared.next
	}
	shared.pods--
	switch {
	case shared.pods > 0:
	case before != nil:
		before.next = shared.next
	case shared.next != nil:
		t.kins[hash] = shared.next
	default:
		delete(t.kins, hash)
	}
}
