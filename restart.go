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
	synced  bool              // one of its blocks has its endpoints
}

// restarting is of the process, as instances are.
var restarting restarts

// begin is for OnRestart of the instance that runs. With several blocks it is called several times, each with whether the
// block has its endpoints.
func (r *restarts) begin(synced bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running, r.started, r.synced = slices.Clone(caddy.Instances()), nil, r.synced || synced
}

// fromSynced says whether an instance that has its endpoints is being replaced.
func (r *restarts) fromSynced() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.synced
}

// done is for OnShutdown of the instance that ran before.
func (r *restarts) done() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.synced = false
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
	r.synced = false
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
