package headless

import (
	"net/netip"

	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/source"
)

// SetService implements source.Sink.
func (c *endpointsCache) SetService(s *source.Service) {
	c.write(func() {
		if c.addService(s) {
			c.publishIndex()
		}
	})
}

// DeleteService implements source.Sink.
func (c *endpointsCache) DeleteService(name types.NamespacedName) {
	c.write(func() {
		if c.removeService(name) {
			c.publishIndex()
		}
	})
}

// ReplaceServices implements source.Sink.
func (c *endpointsCache) ReplaceServices(scope string, all []*source.Service) {
	c.write(func() {
		gone := inScope(c.services, scope)
		changed := false
		for _, s := range all {
			delete(gone, s.NamespacedName)
			changed = c.addService(s) || changed
		}
		for name := range gone {
			changed = c.removeService(name) || changed
		}
		if changed {
			c.publishIndex()
		}
	})
}

// addService reports whether it is new.
func (c *endpointsCache) addService(in *source.Service) bool {
	name := in.NamespacedName
	s, known := c.services[name]
	var all change
	if !known {
		for _, in := range c.joined[name] {
			all.added = append(all.added, in.Endpoints...)
		}
		s = &service{name: name, key: name.Name + "." + name.Namespace, crowded: make(map[netip.Addr][]*source.Packed)}
		c.services[name] = s
		c.known.enter(c.joined[name]...)
	}
	c.setSelected(s, in.Selected)
	if !known || s.policy != in.Policy {
		s.policy = in.Policy
		c.publish(s, all)
	}
	return !known
}

// removeService reports whether it was there.
func (c *endpointsCache) removeService(name types.NamespacedName) bool {
	s, ok := c.services[name]
	if !ok {
		return false
	}
	delete(c.services, name)
	c.known.leave(c.joined[name]...)
	c.setSelected(s, false)
	c.recount(s, counts{})
	if c.reverse != nil {
		c.reverse.update(s, nil, s.endpoints.Load().readyAddresses())
	}
	return true
}
