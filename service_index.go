package headless

import (
	"net/netip"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/source"
)

// serviceIndex is the immutable list of headless services.
type serviceIndex struct {
	services   map[string]*service // by SERVICE.NAMESPACE
	namespaces map[string]int      // how many services each has
}

// service is a headless service: its name never changes, its endpoints do.
type service struct {
	name      types.NamespacedName
	key       string // SERVICE.NAMESPACE
	endpoints atomic.Pointer[endpoints]

	// Under the cache's lock.
	policy   string // that its annotation names
	selected bool   // it has a selector
	counted  counts // what it adds to those of the cache
	// crowded has what stands in the slices at addresses that stand there more than once. See joiner.
	crowded map[netip.Addr][]*source.Packed
}

// lookup returns the endpoints of a headless service; ok is false where there is no such service. The key is
// SERVICE.NAMESPACE.
func (c *endpointsCache) lookup(key string) (e *endpoints, ok bool) {
	s, ok := c.index.Load().services[key]
	if !ok {
		return nil, false
	}
	return s.endpoints.Load(), true
}

// hasNamespace says whether there is a headless service in the namespace.
func (c *endpointsCache) hasNamespace(namespace string) bool {
	return c.index.Load().namespaces[namespace] > 0
}

// publishIndex makes the services those that queries see. Their endpoints are set before: a service that a query
// finds has them.
func (c *endpointsCache) publishIndex() {
	next := &serviceIndex{
		services:   make(map[string]*service, len(c.services)),
		namespaces: make(map[string]int),
	}
	for _, s := range c.services {
		next.services[s.key] = s
		next.namespaces[s.name.Namespace]++
	}
	c.index.Store(next)
	c.serials.changed()
}
