package clients

import (
	"cmp"
	"sync"
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
	ofPods, ofSlices policy.Place
	// hosts are its addresses as its Pods tell them.
	hosts []*host
}

// publish makes what is known of the node what queries see.
func (n *node) publish() {
	place := policy.Place{Node: n.name}
	if n.object != nil {
		place.Zone, place.Region = n.object.Zone, n.object.Region
	}
	place = fill(fill(place, n.ofSlices), n.ofPods)
	if *n.place.Load() != place {
		n.place.Store(&place)
	}
}

// tell takes note of a zone or region that something on the node tells of it.
func (n *node) tell(of *policy.Place, zone, region string) {
	told := policy.Place{Zone: cmp.Or(zone, of.Zone), Region: cmp.Or(region, of.Region)}
	if *of != told {
		*of = told
		n.publish()
	}
}

// names finds nodes by their names. It is written under the lock of the Directory.
type names struct{ nodes sync.Map } // string -> *node

// use returns the node of a name for somebody who refers to it from now on, until it is released.
func (n *names) use(name string) *node {
	if known, ok := n.find(name); ok {
		known.users++
		return known
	}
	made := &node{name: name, users: 1}
	made.place.Store(&policy.Place{Node: name})
	n.nodes.Store(name, made)
	return made
}

// release takes back a use. It reports whether that was the last one: the node is forgotten then.
func (n *names) release(of *node) bool {
	of.users--
	if of.users > 0 {
		return false
	}
	n.nodes.Delete(of.name)
	return true
}

func (n *names) find(name string) (*node, bool) {
	known, ok := n.nodes.Load(name)
	if !ok {
		return nil, false
	}
	return known.(*node), true
}

// all returns all nodes.
func (n *names) all() []*node {
	var all []*node
	for _, known := range n.nodes.Range {
		all = append(all, known.(*node))
	}
	return all
}
