package headless

import (
	"maps"

	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/clients"
	"github.com/headless-dns/headless/source"
)

// SetPod implements source.Sink.
func (c *endpointsCache) SetPod(p *source.Pod) {
	c.tellClients(func(d *clients.Directory) { d.SetPod(p) })
	c.changePods(func() { c.setPod(p.NamespacedName, p.Facts) })
}

// DeletePod implements source.Sink.
func (c *endpointsCache) DeletePod(name types.NamespacedName) {
	c.tellClients(func(d *clients.Directory) { d.DeletePod(name) })
	c.changePods(func() { c.setPod(name, nil) })
}

// ReplacePods implements source.Sink.
func (c *endpointsCache) ReplacePods(scope string, all []*source.Pod) {
	c.tellClients(func(d *clients.Directory) { d.ReplacePods(scope, all) })
	c.changePods(func() {
		gone := inScope(c.known.pods, scope)
		for _, p := range all {
			delete(gone, p.NamespacedName)
			c.setPod(p.NamespacedName, p.Facts)
		}
		for name := range gone {
			c.setPod(name, nil)
		}
	})
}

func (c *endpointsCache) changePods(change func()) {
	if c.shape.clientPodsOnly {
		return
	}
	c.write(func() {
		if c.known.pods == nil {
			c.known.pods = make(known[types.NamespacedName, source.PodFacts])
			c.enterAll()
		}
		change()
	})
}

// setPod takes note of the facts of a Pod, nil for none, and of the services that they change. Equal facts are one
// value.
func (c *endpointsCache) setPod(name types.NamespacedName, now *source.PodFacts) {
	if c.known.pods[name].value != now {
		c.touchServices(c.known.pods.set(name, now))
	}
}

// SetNode implements source.Sink.
func (c *endpointsCache) SetNode(n *source.Node) {
	c.tellClients(func(d *clients.Directory) { d.SetNode(n) })
	c.changeNodes(func() bool { return c.setNode(n.Name, n) })
}

// DeleteNode implements source.Sink.
func (c *endpointsCache) DeleteNode(name string) {
	c.tellClients(func(d *clients.Directory) { d.DeleteNode(name) })
	c.changeNodes(func() bool { return c.setNode(name, nil) })
}

// ReplaceNodes implements source.Sink.
func (c *endpointsCache) ReplaceNodes(all []*source.Node) {
	c.tellClients(func(d *clients.Directory) { d.ReplaceNodes(all) })
	c.changeNodes(func() (changed bool) {
		gone := make(map[string]bool, len(c.known.nodes))
		for name := range c.known.nodes {
			gone[name] = true
		}
		for _, n := range all {
			delete(gone, n.Name)
			changed = c.setNode(n.Name, n) || changed
		}
		for name := range gone {
			changed = c.setNode(name, nil) || changed
		}
		return changed
	})
}

// changeNodes publishes the numbers of nodes too, where they are others than before.
func (c *endpointsCache) changeNodes(change func() bool) {
	if c.shape.clientNodesOnly {
		return
	}
	c.write(func() {
		if c.known.nodes == nil {
			c.known.nodes = make(known[string, source.Node])
			c.enterAll()
			c.nodesByZone.Store(&map[string]int{})
		}
		if !change() {
			return
		}
		if count := c.known.countNodes(); !maps.Equal(*c.nodesByZone.Load(), count) {
			c.nodesByZone.Store(&count)
		}
	})
}

// setNode takes note of a node, nil where it is gone, and of the services of which endpoints see the change. It
// reports whether there is one: a node's object changes all the time.
func (c *endpointsCache) setNode(name string, now *source.Node) bool {
	before := c.known.nodes[name].value
	if before == now || before != nil && now != nil && before.Equal(now) {
		return false
	}
	of := c.known.nodes.set(name, now)
	if nodeFactsOf(before) != nodeFactsOf(now) {
		c.touchServices(of)
	}
	return true
}

// enterAll takes note of what stands in all slices of headless services, when it begins to matter.
func (c *endpointsCache) enterAll() {
	for name := range c.services {
		c.known.enter(c.joined[name]...)
	}
}

// touchServices takes note of the services of slices.
func (c *endpointsCache) touchServices(of []*source.Slice) {
	for _, s := range of {
		c.touch(serviceOf(s))
	}
}

// FactsSynced implements source.Sink.
func (c *endpointsCache) FactsSynced() {
	if !c.factsSynced.Swap(true) {
		close(c.factsSync)
	}
}
