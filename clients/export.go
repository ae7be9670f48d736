package clients

import (
	"iter"
	"net/netip"

	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/source"
)

// Nodes returns the Nodes that are known, if they are a source.
func (d *Directory) Nodes() (all []*source.Node) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, n := range d.nodes.names {
		if n.object != nil {
			all = append(all, n.object)
		}
	}
	return all
}

// Pods returns the Pods that are known at the moment, as they were delivered. They are made one by one, for they are held
// in a fifth of the room that they take then.
func (d *Directory) Pods() iter.Seq[*source.Pod] {
	if d.pods == nil {
		return d.labelledPods
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	hosts := make(map[*node][]netip.Addr, len(d.nodes.names))
	for _, n := range d.nodes.names {
		for _, h := range n.hosts {
			hosts[n] = append(hosts[n], h.address)
		}
	}
	all := make([]*pod, 0, d.pods.count)
	for i := range d.pods.named { // which is not copied so
		all = append(all, d.pods.named[i]...)
	}
	return func(yield func(*source.Pod) bool) {
		for _, p := range all {
			if !yield(p.export(hosts[p.stand.node])) {
				return
			}
		}
	}
}

// export is the Pod as it was delivered, with what is known of the addresses of its node.
func (p *pod) export(hosts []netip.Addr) *source.Pod {
	client := source.PodClient{
		Zone: p.stand.zone, Region: p.stand.region,
		Addresses: p.all(), HostAddresses: hosts, Terminating: p.kin.terminating,
	}
	if p.stand.node != nil {
		client.Node = p.stand.node.name
	}
	return &source.Pod{
		NamespacedName: types.NamespacedName{Namespace: p.kin.namespace, Name: p.name()}, Facts: p.kin.facts, Client: client,
	}
}

// labelledPods are those of which labels are known alone.
func (d *Directory) labelledPods(yield func(*source.Pod) bool) {
	for name, facts := range d.labels.Range {
		if !yield(&source.Pod{NamespacedName: name.(types.NamespacedName), Facts: facts.(*source.PodFacts)}) {
			return
		}
	}
}
