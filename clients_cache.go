package headless

import (
	"github.com/headless-dns/headless/clients"
	"github.com/headless-dns/headless/source"
)

// What tells where clients are comes by the same way as endpoints do, and is handed on to a directory of clients.

// tellClients hands something on, where somebody asks for clients.
func (c *endpointsCache) tellClients(what func(d *clients.Directory)) {
	if c.clients != nil {
		what(c.clients)
		c.revision.Add(1)
	}
}

// showClients is told how much the directory knows.
func (c *endpointsCache) showClients(before, after clients.Counts) {
	c.gauged.setClients(after)
	tellOfCIDRs(before, after)
}

// setSelected takes note of whether a service has a selector: then its slices are trusted to say where their endpoints
// are.
func (c *endpointsCache) setSelected(s *service, selected bool) {
	if s.selected == selected {
		return
	}
	all := c.joined[s.name]
	c.leaveClients(s, all...)
	s.selected = selected
	c.enterClients(s, all...)
}

// enterClients hands slices of a service on that are trusted.
func (c *endpointsCache) enterClients(s *service, all ...*source.Slice) {
	if s.selected {
		c.tellClients(func(d *clients.Directory) { d.Enter(all...) })
	}
}

// leaveClients takes back what enterClients did.
func (c *endpointsCache) leaveClients(s *service, all ...*source.Slice) {
	if s.selected {
		c.tellClients(func(d *clients.Directory) { d.Leave(all...) })
	}
}

// LostPods implements source.Sink. Endpoints keep what is known of their Pods, for an answer that does without is no
// better; but an address may be another Pod's by now, and then its client would stand in the wrong place.
func (c *endpointsCache) LostPods() { c.tellClients((*clients.Directory).LostPods) }

// LostNodes implements source.Sink.
func (c *endpointsCache) LostNodes() { c.tellClients((*clients.Directory).LostNodes) }
