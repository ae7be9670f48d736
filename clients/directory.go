package clients

import (
	"slices"
	"sync"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/source"
)

// Directory knows where the Pods, nodes and endpoints of a cluster are. Its methods may be called by several
// goroutines; those that find something take no lock.
type Directory struct {
	sources Sources

	mu        sync.Mutex // of those who write
	nodes     nodeTable
	pods      *podTable // nil where Pods are no source
	endpoints endpointTable
	audit     audit
	told      Counts

	// labels are those of Pods where endpoints are a source, and Pods none: NamespacedName -> *source.PodFacts.
	labels sync.Map
	// labelsRead says that those of all Pods were read once.
	labelsRead atomic.Bool
	// changed is told of numbers that are others than before.
	changed func(before, after Counts)
}

// Counts are how much a Directory knows.
type Counts struct {
	// Pods and Nodes are those that are known by their addresses, 0 where they are no source.
	Pods, Nodes int
	// Contradictions are the endpoints that stand on another node than the one whose pod CIDR holds their address. As
	// long as there is one, pod CIDRs are not believed.
	Contradictions int
}

// NewDirectory makes one that knows nothing yet. changed is called whenever the numbers are others than before, by one
// goroutine at a time.
func NewDirectory(sources Sources, changed func(before, after Counts)) *Directory {
	d := &Directory{sources: sources, endpoints: newEndpointTable(sources.Endpoints), changed: changed}
	d.nodes.init()
	if sources.Pods {
		d.pods = newPodTable()
	}
	return d
}

// write makes a change under the lock, and tells of the numbers.
func (d *Directory) write(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
	now := Counts{Contradictions: d.audit.contradictions()}
	if d.sources.Nodes {
		now.Nodes = d.nodes.count
	}
	if d.pods != nil {
		now.Pods = d.pods.count
	}
	if before := d.told; now != before {
		d.told = now
		d.changed(before, now)
	}
}

// Close takes back the numbers that were told.
func (d *Directory) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.changed(d.told, Counts{})
	d.told = Counts{}
}

// SetNode takes over a Node.
func (d *Directory) SetNode(n *source.Node) { d.changeNode(n.Name, n) }

// DeleteNode forgets a Node.
func (d *Directory) DeleteNode(name string) { d.changeNode(name, nil) }

func (d *Directory) changeNode(name string, now *source.Node) {
	if !d.sources.Nodes {
		return
	}
	d.write(func() {
		before := d.object(name)
		if before == now || before != nil && now != nil && before.Equal(now) {
			return // a node's object changes all the time
		}
		set := func() { d.nodes.set(name, now) }
		if before != nil && now != nil && slices.Equal(before.PodCIDRs, now.PodCIDRs) {
			set() // no endpoint stands better or worse for it
			return
		}
		d.audit.around(d, affects(name, before, now), set)
	})
}

// object returns the Node of a name, nil where none is known.
func (d *Directory) object(name string) *source.Node {
	if n := d.nodes.names[name]; n != nil {
		return n.object
	}
	return nil
}

// ReplaceNodes takes over all Nodes that there are.
func (d *Directory) ReplaceNodes(all []*source.Node) {
	if !d.sources.Nodes {
		return
	}
	d.write(func() {
		d.audit.around(d, everyEndpoint, func() {
			gone := map[string]bool{}
			for name, n := range d.nodes.names {
				gone[name] = n.object != nil
			}
			for _, n := range all {
				delete(gone, n.Name)
				d.nodes.set(n.Name, n)
			}
			for name := range gone {
				d.nodes.set(name, nil)
			}
		})
	})
}

// SetPod takes over a Pod.
func (d *Directory) SetPod(p *source.Pod) {
	d.setLabels(p.NamespacedName, p.Facts)
	if d.pods != nil {
		d.write(func() { d.setPod(p) })
	}
}

// DeletePod forgets a Pod.
func (d *Directory) DeletePod(name types.NamespacedName) {
	d.setLabels(name, nil)
	if d.pods != nil {
		d.write(func() { d.removePod(d.pods.find(name), name) })
	}
}

// ReplacePods takes over all Pods of a scope: a namespace, or all of them where it is empty.
func (d *Directory) ReplacePods(scope string, all []*source.Pod) {
	d.replaceLabels(scope, all)
	if d.pods == nil {
		return
	}
	d.write(func() {
		listed := make(map[types.NamespacedName]bool, len(all))
		for _, p := range all {
			listed[p.NamespacedName] = true
			d.setPod(p)
		}
		for _, name := range d.pods.names(scope) {
			if !listed[name] {
				d.removePod(d.pods.find(name), name)
			}
		}
	})
}

func (d *Directory) setPod(p *source.Pod) {
	stand, known := d.nodes.enter(&p.Client), d.pods.find(p.NamespacedName)
	if known != nil && known.equal(p, stand) {
		d.nodes.leave(stand)
		return
	}
	d.pods.put(p, stand) // before the old one goes: it is never missing
	d.removePod(known, p.NamespacedName)
}

// removePod forgets a Pod, which may be nil.
func (d *Directory) removePod(p *pod, name types.NamespacedName) {
	if p != nil {
		d.pods.remove(p, name)
		d.nodes.leave(p.stand)
	}
}

// Enter takes over slices of a headless service with a selector.
func (d *Directory) Enter(all ...*source.Slice) {
	d.write(func() {
		for _, s := range all {
			d.endpoints.slices[s] = struct{}{}
			trusted(s, func(e *source.Packed) {
				var on *node
				if e.Node() != "" {
					on = d.nodes.names.use(e.Node())
					on.say(e.Zone(), 1)
				}
				d.endpoints.enter(e, on)
				d.audit.add(d, e, 1)
			})
		}
	})
}

// Leave takes back what Enter did, of the same slices.
func (d *Directory) Leave(all ...*source.Slice) {
	d.write(func() {
		for _, s := range all {
			delete(d.endpoints.slices, s)
			trusted(s, func(e *source.Packed) {
				d.audit.add(d, e, -1)
				d.endpoints.leave(e)
				if on := d.nodes.names[e.Node()]; on != nil {
					on.say(e.Zone(), -1)
					d.nodes.names.release(on)
				}
			})
		}
	})
}

// LostPods forgets all Pods, for nobody tells any more where they are.
func (d *Directory) LostPods() { d.ReplacePods("", nil) }

// LostNodes forgets all Nodes, for nobody tells any more where they are.
func (d *Directory) LostNodes() { d.ReplaceNodes(nil) }

// node returns the node of a name, which is kept from then on, whatever is known of it.
func (d *Directory) node(name string) *node {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.nodes.names.use(name)
	if n.pinned {
		n.users--
	}
	n.pinned = true
	return n
}
