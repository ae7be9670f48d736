package clients

import (
	"cmp"
	"slices"
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
	pinned bool         // one of them does for ever
	object *source.Node // nil where none is known
	// zones are those that endpoints on it say, with how many do.
	zones []zoneCount
	// stands are those of its Pods, and hosts its addresses as its Pods tell them.
	stands []*stand
	hosts  []*host
}

// stand is where Pods stand whose labels say the same zone and region: one for a node, unless somebody changes labels.
// What they say is about these Pods alone, for who may change a Pod's labels must not be able to move others.
type stand struct {
	node         *node // nil for none
	zone, region string
	pods         int
}

// place is that of the node; what is not known of that, the labels say.
func (s *stand) place() policy.Place {
	return fill(placeOf(s.node), policy.Place{Zone: s.zone, Region: s.region})
}

// zoneCount is how many endpoints say that their node is in a zone.
type zoneCount struct {
	zone      string
	endpoints int
}

// publish makes what is known of the node what queries see.
func (n *node) publish() {
	place := policy.Place{Node: n.name}
	if n.object != nil {
		place.Zone, place.Region = n.object.Zone, n.object.Region
	}
	place.Zone = cmp.Or(place.Zone, n.zoneOfEndpoints())
	if *n.place.Load() != place {
		n.place.Store(&place)
	}
}

// zoneOfEndpoints is the zone that most endpoints on the node say: while it changes they do not agree.
func (n *node) zoneOfEndpoints() string {
	var most zoneCount
	for _, said := range n.zones {
		if said.endpoints > most.endpoints || said.endpoints == most.endpoints && said.zone < most.zone {
			most = said
		}
	}
	return most.zone
}

// say counts an endpoint that comes (1) or goes (-1), and says that the node is in a zone.
func (n *node) say(zone string, endpoints int) {
	if zone == "" {
		return
	}
	i := slices.IndexFunc(n.zones, func(said zoneCount) bool { return said.zone == zone })
	if i < 0 {
		i = len(n.zones)
		n.zones = append(n.zones, zoneCount{zone: zone})
	}
	n.zones[i].endpoints += endpoints
	if n.zones[i].endpoints == 0 {
		n.zones = slices.Delete(n.zones, i, i+1)
	}
	n.publish()
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

// release takes back a use of a node, which may be nil. With the last one it is forgotten.
func (n names) release(of *node) {
	if of == nil {
		return
	}
	if of.users--; of.users == 0 {
		delete(n, of.name)
	}
}
