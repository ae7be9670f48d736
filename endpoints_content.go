package headless

import (
	"slices"

	"github.com/headless-dns/headless/source"
	"github.com/headless-dns/headless/source/snapshot"
)

// content returns what the source has delivered, as far as it is of headless services.
func (c *endpointsCache) content() snapshot.Content {
	c.mu.Lock()
	defer c.mu.Unlock()
	content := snapshot.Content{Services: c.listServices()}
	for name := range c.services {
		content.Slices = append(content.Slices, c.joined[name]...)
	}
	if d := c.clients; d != nil {
		content.Pods, content.Nodes = d.Pods(), d.Nodes()
	}
	// Policies may look at what is not needed to know clients.
	if !c.shape.clients.Pods && !c.shape.clients.Endpoints {
		content.Pods = c.podsWithFacts()
	}
	if !c.shape.clients.Nodes {
		for _, n := range c.known.nodes {
			if n.value != nil {
				content.Nodes = append(content.Nodes, n.value)
			}
		}
	}
	return content
}

// listServices returns the services as they were delivered.
func (c *endpointsCache) listServices() []*source.Service {
	all := make([]*source.Service, 0, len(c.services))
	for name, s := range c.services {
		all = append(all, &source.Service{NamespacedName: name, Policy: s.policy, Selected: s.selected})
	}
	return all
}

// podsWithFacts returns the Pods of which policies look at something.
func (c *endpointsCache) podsWithFacts() func(yield func(*source.Pod) bool) {
	var all []*source.Pod
	for name, p := range c.known.pods {
		if p.value != nil {
			all = append(all, &source.Pod{NamespacedName: name, Facts: p.value})
		}
	}
	return slices.Values(all)
}
