package headless

import (
	"context"
	"fmt"
	"time"
)

// waitForSync waits until all endpoints are there, and what policies look at beside them, but no longer than
// startup_timeout since the start has begun. The server then starts without: a snapshot is answered from, and without one
// the next plugin is asked, until the endpoints are there. Only where it is to replace one that has them, it does not: the
// old one goes on.
func (h *Headless) waitForSync(ctx context.Context, c *config, begun time.Time) error {
	wait, cancel := context.WithDeadline(ctx, begun.Add(c.startupTimeout))
	defer cancel()
	select {
	case <-h.cache.firstSync:
	case <-wait.Done():
	}
	if !h.cache.synced.Load() {
		return h.startWithout(ctx, c)
	}
	select {
	case <-h.cache.factsSync:
	case <-wait.Done():
	}
	if !h.cache.factsSynced.Load() {
		log.Warningf("Starting the server without what policies look at of Pods and Nodes: it is not synced after %s", c.startupTimeout)
	}
	return nil
}

// waitForAll waits until all endpoints were delivered, and what policies look at beside them, for which it waits no longer
// than that. It returns false where the context was done before.
func (c *endpointsCache) waitForAll(ctx context.Context, facts time.Duration) bool {
	select {
	case <-c.firstSync:
	case <-ctx.Done():
		return false
	}
	select {
	case <-c.factsSync:
	case <-time.After(facts):
	case <-ctx.Done():
		return false
	}
	return true
}

// startWithout starts the server without the endpoints.
func (h *Headless) startWithout(ctx context.Context, c *config) error {
	ready, synced := restarting.from()
	if !synced && c.snapshot != "" && h.serveKept(ctx, c) {
		return nil
	}
	if ready {
		return fmt.Errorf("the endpoints are not synced after %s, so the old Corefile stays in use", c.startupTimeout)
	}
	log.Warningf("Starting the server without the endpoints: they are not synced after %s", c.startupTimeout)
	go logSync(ctx, h.cache)
	return nil
}

// logSync says when the endpoints are there after all.
func logSync(ctx context.Context, cache *endpointsCache) {
	select {
	case <-cache.firstSync:
		log.Info("The endpoints are synced now")
	case <-ctx.Done():
	}
}
