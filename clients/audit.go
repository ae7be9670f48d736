package clients

import (
	"net/netip"
	"slices"
	"sync/atomic"

	"github.com/headless-dns/headless/source"
)

// audit holds the pod CIDRs against where endpoints really are. Some network plugins hand out addresses from pools of
// their own, and what stands in the Nodes means nothing then: one endpoint on another node than the one whose CIDR
// holds its address is enough not to believe any. It counts them under the lock of the Directory.
type audit struct{ count atomic.Int64 }

func (a *audit) passed() bool { return a.count.Load() == 0 }

func (a *audit) contradictions() int { return int(a.count.Load()) }

// add counts an endpoint that comes (1) or goes (-1), if it contradicts.
func (a *audit) add(d *Directory, e *source.Packed, n int64) {
	if d.nodes.contradict(e) {
		a.count.Add(n)
	}
}

// around makes a change of Nodes, and counts those endpoints anew that it may make contradict, or no longer.
func (a *audit) around(d *Directory, affected func(e *source.Packed) bool, change func()) {
	before := d.contradicting(affected)
	change()
	if n := d.contradicting(affected) - before; n != 0 {
		a.count.Add(n)
	}
}

func (d *Directory) contradicting(affected func(e *source.Packed) bool) (n int64) {
	for s := range d.endpoints.slices {
		trusted(s, func(e *source.Packed) {
			if affected(e) && d.nodes.contradict(e) {
				n++
			}
		})
	}
	return n
}

// contradict says whether an endpoint stands on another node than the one whose CIDR holds its address. One that is not
// ready says nothing, and one whose Node is gone: they are what is left of a node whose CIDR is another one's now.
func (t *nodeTable) contradict(e *source.Packed) bool {
	if !e.Ready() {
		return false
	}
	c, ok := t.cidrs.Load().Lookup(e.Address())
	if !ok || slices.ContainsFunc(c.nodes, func(n *node) bool { return n.name == e.Node() }) {
		return false
	}
	on := t.names[e.Node()]
	return on != nil && on.object != nil
}

// affects returns which endpoints a change of a Node may affect: those on it, and those in its old or new CIDRs.
func affects(name string, before, after *source.Node) func(e *source.Packed) bool {
	prefixes := slices.Concat(cidrsOf(before), cidrsOf(after))
	return func(e *source.Packed) bool {
		return e.Node() == name || slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(e.Address()) })
	}
}

func everyEndpoint(*source.Packed) bool { return true }
