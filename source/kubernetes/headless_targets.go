package kubernetes

import (
	"context"
	"time"

	"github.com/headless-dns/headless/source"
)

// target is a watch that has all slices of a service, or of the scope. Others may be ahead of it.
type target struct {
	synced bool
	stop   context.CancelFunc
}

const (
	// maxSuspects bounds how many services of a scope have a watch of their own. With more of them the label means
	// nothing here, as where a controller does not put it on.
	maxSuspects = 50
	// suspectFor is how long a service keeps its watch at least.
	suspectFor = 10 * time.Minute
	// lateness is more than one watch is behind another.
	lateness = time.Minute
)

// suspect makes a service one with a watch of its own, which followSuspects begins.
func (c *headlessScope) suspect(h *headlessService) {
	if !h.suspect {
		h.suspect = true
		c.suspects++
	}
	h.trusted = time.Now().Add(suspectFor)
	h.next = h.trusted
}

// trust ends that.
func (c *headlessScope) trust(h *headlessService) {
	if h.suspect {
		h.suspect = false
		c.suspects--
	}
	if h.target != nil {
		h.target.stop()
		h.target = nil
	}
}

// followSuspects begins the watches that are to be.
func (c *headlessScope) followSuspects(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.wide != nil {
		return
	}
	if c.suspects > maxSuspects {
		c.widened(c.scope, c.suspects)
		c.wide = c.begin(ctx, c.scope, "", c.wideSynced)
		return
	}
	if c.suspects == 0 {
		return
	}
	for _, h := range c.services {
		if h.suspect && h.target == nil {
			h.target = c.begin(ctx, h.Namespace, ofService(h), func(t *target) { c.targetSynced(h, t) })
		}
	}
}

// begin begins a watch.
func (c *headlessScope) begin(ctx context.Context, namespace, labels string, synced func(*target)) *target {
	own, stop := context.WithCancel(ctx)
	t := &target{stop: stop}
	c.running.Go(func() {
		defer stop()
		c.stream(ctx, own, namespace, labels, func() { synced(t) })
	})
	return t
}

// targetSynced hands the service on, now that all its slices are there.
func (c *headlessScope) targetSynced(h *headlessService, t *target) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if h.target != t {
		return // it has ended
	}
	t.synced = true
	c.show(h)
	c.tellSynced()
}

// wideSynced hands all services on, now that all slices are there.
func (c *headlessScope) wideSynced(t *target) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t.synced = true
	for _, h := range c.services {
		h.shown = true
	}
	c.showShown()
	c.tellSynced()
	// What another watch has told already comes from this one too, but may be late.
	time.AfterFunc(lateness, func() { c.slices.Forget(c.endOthers()) })
}

// endOthers ends all watches but the wide one. It returns the slices that stayed.
func (c *headlessScope) endOthers() (lost []*source.Slice) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.alone = true
	c.stopNarrow()
	for _, h := range c.services {
		c.trust(h)
		lost, h.lost = append(lost, h.lost...), nil
	}
	return lost
}
