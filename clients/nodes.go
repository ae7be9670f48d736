package clients

import (
	"net/netip"
	"slices"
	"sync/atomic"

	"github.com/gaissmai/bart"

	"github.com/headless-dns/headless/internal/addresses"
	"github.com/headless-dns/headless/policy"
	"github.com/headless-dns/headless/source"
)

// nodeTable finds nodes by their own addresses, and by the networks of their Pods.
type nodeTable struct {
	names names
	hosts *addresses.Table[*host]
	cidrs atomic.Pointer[bart.Table[*cidr]]
	count int // of Nodes
}

// host is an address of a node. The same address may be there twice, as its Node and its Pods tell it.
type host struct {
	address netip.Addr
	node    *node
}

// cidr is the network of the Pods of a node, or of several where they claim the same one. It is immutable.
type cidr struct {
	prefix netip.Prefix
	nodes  []*node
}

func (t *nodeTable) init() {
	t.names = names{}
	t.hosts = addresses.New(func(h *host, address netip.Addr) bool { return h.address == address })
	t.cidrs.Store(new(bart.Table[*cidr]))
}

// set takes over a Node, nil where it is gone.
func (t *nodeTable) set(name string, now *source.Node) {
	var before *source.Node
	n := t.names[name]
	if n != nil {
		before = n.object
	}
	switch {
	case before == nil && now == nil:
		return
	case before == nil:
		n = t.names.use(name)
		t.count++
	case now == nil:
		t.count--
	}
	n.object = now
	n.publish()
	t.replaceAddresses(n, before, now)
	t.replaceCIDRs(n, before, now)
	if now == nil {
		t.names.release(n)
	}
}

func (t *nodeTable) replaceAddresses(n *node, before, now *source.Node) {
	was, is := addressesOf(before), addressesOf(now)
	if slices.Equal(was, is) {
		return
	}
	for _, address := range is { // before those that go: who asks meanwhile is never unknown
		if !slices.Contains(was, address) {
			t.hosts.Add(address, &host{address: address, node: n})
		}
	}
	for _, address := range was {
		if !slices.Contains(is, address) {
			t.removeHost(n, address)
		}
	}
}

// removeHost takes away an address that the Node told of, not those that its Pods did.
func (t *nodeTable) removeHost(n *node, address netip.Addr) {
	for h := range t.hosts.At(address) {
		if h.node == n && !slices.Contains(n.hosts, h) {
			t.hosts.Remove(address, h)
			return
		}
	}
}

// tellHosts takes over the addresses of a node that one of its Pods tells.
func (t *nodeTable) tellHosts(n *node, addresses []netip.Addr) {
	same := slices.EqualFunc(n.hosts, addresses, func(h *host, address netip.Addr) bool { return h.address == address })
	if same || len(addresses) == 0 {
		return
	}
	before := n.hosts
	n.hosts = nil
	for _, address := range addresses {
		h := &host{address: address, node: n}
		n.hosts = append(n.hosts, h)
		t.hosts.Add(address, h)
	}
	t.forgetHosts(before)
}

func (t *nodeTable) forgetHosts(gone []*host) {
	for _, h := range gone {
		t.hosts.Remove(h.address, h)
	}
}

// enter returns where a Pod stands, until it leaves.
func (t *nodeTable) enter(p *source.PodClient) *stand {
	if p.Node == "" {
		return &stand{zone: p.Zone, region: p.Region, pods: 1}
	}
	n := t.names.use(p.Node)
	i := slices.IndexFunc(n.stands, func(s *stand) bool { return s.zone == p.Zone && s.region == p.Region })
	if i < 0 {
		i = len(n.stands)
		n.stands = append(n.stands, &stand{node: n, zone: p.Zone, region: p.Region})
	}
	n.stands[i].pods++
	t.tellHosts(n, p.HostAddresses)
	return n.stands[i]
}

// leave takes back what enter did. With the last Pod goes what Pods told of their node.
func (t *nodeTable) leave(s *stand) {
	n := s.node
	if n == nil {
		return
	}
	if s.pods--; s.pods == 0 {
		n.stands = slices.DeleteFunc(n.stands, func(other *stand) bool { return other == s })
	}
	if len(n.stands) == 0 {
		t.forgetHosts(n.hosts)
		n.hosts = nil
	}
	t.names.release(n)
}

func (t *nodeTable) replaceCIDRs(n *node, before, now *source.Node) {
	was, is := cidrsOf(before), cidrsOf(now)
	if slices.Equal(was, is) {
		return
	}
	table := t.cidrs.Load()
	for _, prefix := range was {
		table = table.ModifyPersist(prefix, func(old *cidr, _ bool) (*cidr, bool) {
			rest := slices.DeleteFunc(slices.Clone(old.nodes), func(other *node) bool { return other == n })
			return &cidr{prefix: prefix, nodes: rest}, len(rest) == 0
		})
	}
	for _, prefix := range is {
		table = table.ModifyPersist(prefix, func(old *cidr, known bool) (*cidr, bool) {
			next := &cidr{prefix: prefix, nodes: []*node{n}}
			if known {
				next.nodes = append(next.nodes, old.nodes...)
			}
			return next, false
		})
	}
	t.cidrs.Store(table)
}

// withAddress returns the place of the nodes that have an address of their own: what they agree on, where two claim
// it.
func (t *nodeTable) withAddress(address netip.Addr) (place policy.Place, ok bool) {
	for h := range t.hosts.At(address) {
		at := *h.node.place.Load()
		if ok {
			at = common(place, at)
		}
		place, ok = at, true
	}
	return place, ok
}

// place is what the nodes of a network agree on.
func (c *cidr) place() policy.Place {
	place := *c.nodes[0].place.Load()
	for _, other := range c.nodes[1:] {
		place = common(place, *other.place.Load())
	}
	return place
}

// isHost says whether an address of the network is one that a network plugin gives to the node itself: the first one
// (flannel, blocks of Calico), or the one behind it (bridges).
func (c *cidr) isHost(address netip.Addr) bool {
	first := c.prefix.Addr()
	return address == first || address == first.Next()
}

func addressesOf(n *source.Node) []netip.Addr {
	if n == nil {
		return nil
	}
	return n.Addresses
}

func cidrsOf(n *source.Node) []netip.Prefix {
	if n == nil {
		return nil
	}
	return n.PodCIDRs
}
