package headless

import (
	"slices"
	"sync"

	"github.com/coredns/caddy"
)

// restarts ends the sources that were started for an instance of CoreDNS that then failed to start. Caddy discards such
// an instance without calling its OnShutdown functions; only the one that runs on is told, if headless is in it. Else it is
// found at the next start.
type restarts struct {
	mu      sync.Mutex
	started []*blocks // since the instance that runs was asked to restart
	ready   bool      // one of its blocks has endpoints to answer with
	synced  bool      // and has them from its source, not from a snapshot
}

// restarting is of the process, as instances are.
var restarting restarts

// begin is for OnRestart of the instance that runs. With several blocks it is called several times, each with whether the
// block has its endpoints, and has them from its source.
func (r *restarts) begin(ready, synced bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.endLost()
	r.started = nil // it is told of its own end
	r.ready, r.synced = r.ready || ready, r.synced || synced
}

// from says whether an instance that has its endpoints is being replaced, and whether it has them from its source.
func (r *restarts) from() (ready, synced bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ready, r.synced
}

// done is for OnShutdown of the instance that ran before.
func (r *restarts) done() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ready, r.synced = false, false
}

// add is for OnStartup.
func (r *restarts) add(b *blocks) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.endLost()
	r.started = append(r.started, b)
}

// endLost ends what was started for instances that there are not any more.
func (r *restarts) endLost() {
	r.started = slices.DeleteFunc(r.started, func(b *blocks) bool {
		lost := !slices.ContainsFunc(caddy.Instances(), func(i *caddy.Instance) bool { return i.Storage[blocksKey{}] == b })
		if lost {
			b.end()
		}
		return lost
	})
}

// failed is for OnRestartFailed of the instance that ran before. A restart also counts as failed where only the end of
// the old instance was not in order: then there is a new one, which is not lost.
func (r *restarts) failed() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ready, r.synced = false, false
	r.endLost()
	return nil
}
