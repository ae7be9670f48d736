package kubernetes

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/source"
)

// seenService is a headless Service, and what it tells of its past.
type seenService struct {
	*source.Service
	changed time.Time // the last time, by the clock of the API server
	// untouched says that it seems to be as it was created, so it was headless all the time.
	untouched bool
}

// seen reduces a Service. Who changed it is told by its managed fields, in whole seconds: a service that one program has
// created and changed at once may seem untouched.
func (s *Source) seen(in *corev1.Service) *seenService {
	kept := s.decoder.Service(in)
	if kept == nil {
		return nil
	}
	created := in.CreationTimestamp.Time
	seen := &seenService{Service: kept, changed: created, untouched: len(in.ManagedFields) == 1}
	for _, field := range in.ManagedFields {
		if field.Time != nil && field.Time.After(seen.changed) {
			seen.changed = field.Time.Time
		}
	}
	seen.untouched = seen.untouched && seen.changed.Sub(created) <= time.Second
	return seen
}

// newTo is how long ago a change of a service may be that the controller has not noticed yet.
const newTo = 10 * time.Minute

// maxFlipped bounds the watches for services that may have been something else before they were headless. Beyond it they
// are looked at like others.
const maxFlipped = 20

func (c *headlessScope) setService(s *seenService) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.services[s.NamespacedName]
	if h != nil {
		h.Service = s.Service
		if h.shown {
			c.sink.SetService(h.Service)
		}
		return
	}
	now := time.Now()
	h = &headlessService{Service: s.Service, since: now, next: now}
	c.services[s.NamespacedName] = h
	switch {
	case c.covered():
		c.show(h)
	case !s.untouched && c.suspects < maxFlipped:
		c.suspect(h)
	}
	c.poke()
}

func (c *headlessScope) deleteService(name types.NamespacedName) {
	c.slices.Forget(c.removeService(name))
}

// removeService returns the slices that stayed for the service.
func (c *headlessScope) removeService(name types.NamespacedName) []*source.Slice {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sink.DeleteService(name)
	h := c.services[name]
	if h == nil {
		return nil
	}
	return c.end(h)
}

// end follows a service no more, and returns the slices that stayed for it.
func (c *headlessScope) end(h *headlessService) []*source.Slice {
	delete(c.services, h.NamespacedName)
	c.trust(h)
	return h.lost
}

// replaceServices takes all Services of the scope. Those that are new are handed on when they were looked at.
func (c *headlessScope) replaceServices(all []*seenService) {
	c.slices.Forget(c.takeServices(all))
}

// takeServices returns the slices that stayed for services that are gone.
func (c *headlessScope) takeServices(all []*seenService) (lost []*source.Slice) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	named := make(map[types.NamespacedName]bool, len(all))
	for _, s := range all {
		named[s.NamespacedName] = true
		h := c.services[s.NamespacedName]
		if h == nil {
			h = &headlessService{shown: c.covered()}
			c.services[s.NamespacedName] = h
		}
		// It may have been something else between two lists.
		if h.Service = s.Service; now.Sub(s.changed) < newTo {
			h.since = now
		}
	}
	for name, h := range c.services {
		if !named[name] {
			lost = append(lost, c.end(h)...)
		}
	}
	c.showShown()
	c.lookAtAll = true
	c.poke()
	return lost
}

// show hands a service on.
func (c *headlessScope) show(h *headlessService) {
	if !h.shown {
		h.shown = true
		c.sink.SetService(h.Service)
	}
}

// showShown hands on all services of the scope that were handed on or may be now.
func (c *headlessScope) showShown() {
	var all []*source.Service
	for _, h := range c.services {
		if h.shown {
			all = append(all, h.Service)
		}
	}
	c.sink.ReplaceServices(c.scope, all)
}
