package headless

import (
	"context"
	"sync"
	"time"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/plugin"
)

// block is the plugin in a server block, from its start to its end.
type block struct {
	*Headless
	conf *config
	from follower
	// look looks at the other plugins of the server block.
	look func() error

	ctx    context.Context // until the end
	cancel context.CancelFunc

	mu   sync.Mutex // a signal ends what is about to begin
	ends []func()
}

func newBlock(h *Headless, conf *config, from follower, look func() error) *block {
	b := &block{Headless: h, conf: conf, from: from, look: look}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	return b
}

// begin lets the source deliver, and does not wait for it.
func (b *block) begin() {
	b.mu.Lock()
	defer b.mu.Unlock()
	cache, leave := allFeeds.join(b.conf.sourceKey(), b.conf.cacheShape(), b.from)
	b.cache, b.finder = cache, b.conf.newFinder(cache.clients)
	b.started.Store(true)
	b.ends = []func(){allKeepers.join(b.conf, cache), func() { b.policies.forget(cache) }, leave}
}

// end may be called again, and where nothing has begun.
func (b *block) end() {
	b.cancel()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, end := range b.ends {
		end()
	}
}

// blocks are those of one Corefile. They start together: all of them begin before any waits, so that while API servers are
// away the start takes as long as one block waits, and not as long as all of them do one after the other.
type blocks struct{ all []*block }

// blocksKey is where an instance of CoreDNS keeps them.
type blocksKey struct{}

// addBlock adds one to those of the instance, which starts them all when it comes to the first.
func addBlock(in *caddy.Controller, b *block) {
	known, ok := in.Get(blocksKey{}).(*blocks)
	if !ok {
		known = new(blocks)
		in.Set(blocksKey{}, known)
		in.OnStartup(known.start)
	}
	known.all = append(known.all, b)
}

func (b *blocks) end() {
	for _, each := range b.all {
		each.end()
	}
}

func (b *blocks) start() error {
	for _, each := range b.all {
		if err := each.look(); err != nil {
			return plugin.Error(pluginName, err)
		}
	}
	restarting.add(b)
	begun := time.Now()
	for _, each := range b.all {
		each.begin()
	}
	for _, each := range b.all {
		if err := each.waitForSync(each.ctx, each.conf, begun); err != nil {
			return plugin.Error(pluginName, err)
		}
	}
	return nil
}
