package headless

import (
	"slices"
	"sync"

	"github.com/coredns/caddy"
)

// restarts ends the sources that were started for an instance of CoreDNS that then failed to start. Caddy discards such
// an instance without calling its OnShutdown functions; only the one that runs on is told.
type restarts struct {
	mu      sync.Mutex
	running []*caddy.Instance // before the restart
	started []func()          // since then; each ends what was started
}

// restarting is of the process, as instances are.
var restarting restarts

// begin is for OnRestart of the instance that runs. With several blocks it is called several times.
func (r *restarts) begin() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running, r.started = slices.Clone(caddy.Instances()), nil
	return nil
}

// add is for OnStartup.
func (r *restarts) add(stop func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.started = append(r.started, stop)
}

// failed is for OnRestartFailed of the instance that ran before. A restart also counts as failed where only the end of
// the old instance was not in order: then there is a new one, and it keeps its sources.
func (r *restarts) failed() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, instance := range caddy.Instances() {
		if !slices.Contains(r.running, instance) {
			return nil
		}
	}
	for _, stop := range r.started {
		stop()
	}
	r.started = nil
	return nil
}
