package clients

import (
	"cmp"
	"sync/atomic"

	"github.com/headless-dns/headless/policy"
	"github.com/headless-dns/headless/source"
)

// node is a node that something stands on: a Node, a Pod or an endpoint. All that stands on it refers to it, so that a
// node which changes its zone changes it for all of them at once.
type node struct {
	name string
	// place is what queries read; it is never nil.
	place atomic.Pointer[policy.Place]

	// Under the lock of the Directory.
	users  int          // that refer to it
	object *source.Node // nil where none is known
	// ofPods and ofSlices are what was told last of its zone and region.
	ofPods, ofSlices told
	// hosts are its addresses as its Pods tell them.
	hosts []*host
}

// told is what something on a node tells of where the node is.
type told struct{ zone, region string }

// publish makes what is known of the node what queries see.
func (n *node) publish() {
	place := policy.Place{
		Node:   n.name,
		Zone:   cmp.Or(n.ofSlices.zone, n.ofPods.zone),
		Region: cmp.Or(n.ofSlices.region, n.ofPods.region),
	}
	if n.object != nil {
		place.Zone, place.Region = cmp.Or(n.object.Zone, place.Zone), cmp.Or(n.object.Region, place.Region)
	}
	if *n.place.Load() != place {
		n.place.Store(&place)
	}
}

// tell takes note of what something on the node tells.
func (n *node) tell(of *told, now told) {
	now = told{zone: cmp.Or(now.zone, of.zone), region: cmp.Or(now.region, of.region)}
	if *of != now {
		*of = now
		n.publish()
	}
}

// names finds nodes by their names, under the lock of the Directory.
type names map[string]*node

// use returns the node of a name for somebody who refers to it from now on, until it is released.
func (n names) use(name string) *node {
	known := n[name]
	if known == nil {
		known = &node{name: name}
		known.place.Store(&policy.Place{Node: name})
		n[name] = known
	}
	known.users++
	return known
}

// release takes back a use. It reports whether that was the last one: the node is forgotten then.
func (n names) release(of *node) bool {
	of.users--
	if of.users == 0 {
		delete(n, of.name)
	}
	return of.users == 0
}
