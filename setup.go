package headless

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"

	"github.com/headless-dns/headless/source"
	"github.com/headless-dns/headless/source/kubernetes"
	"github.com/headless-dns/headless/source/manifests"
)

func init() { plugin.Register(pluginName, setup) }

// follower is a source of endpoints: it delivers them to the sink, and every change of them, until the context is done.
type follower interface {
	Run(ctx context.Context, sink source.Sink)
}

func setup(c *caddy.Controller) error {
	cfg := dnsserver.GetConfig(c)
	conf, err := parse(c, cfg.Root)
	if err != nil {
		return plugin.Error(pluginName, err)
	}
	from, err := conf.open()
	if err != nil {
		return plugin.Error(pluginName, err)
	}
	h := conf.handler()

	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	end := func() {
		stop()
		running.Wait()
	}
	c.OnRestart(restarting.begin)
	c.OnRestartFailed(restarting.failed)
	c.OnStartup(func() error {
		restarting.add(end)
		h.behind = findBehind(cfg)
		h.transfers = cfg.Handler("transfer") != nil
		h.addressesOfServer = boundAddresses(cfg)
		running.Go(func() {
			defer h.cache.close()
			from.Run(ctx, h.cache)
		})
		waitForSync(ctx, h.cache, conf.startupTimeout)
		return nil
	})
	c.OnShutdown(func() error {
		end()
		return nil
	})
	cfg.AddPlugin(func(next plugin.Handler) plugin.Handler {
		h.Next = next
		return h
	})
	return nil
}

// handler makes the plugin from its configuration.
func (c *config) handler() *Headless {
	return &Headless{
		Zones:        c.zones,
		unreadyNames: c.unreadyNames,
		Fall:         c.fall,
		ttl:          c.ttl,
		negativeTTL:  c.negativeTTL,
		soaTTL:       c.soaTTL,
		forwardZone:  c.forwardZone(),
		cache:        newEndpointsCache(c.podNames, c.hasReverse()),
		random:       rand.Uint32N,
	}
}

// open makes the source of endpoints; mistakes that can be seen without asking an API server are errors here.
func (c *config) open() (follower, error) {
	decoder := source.Decoder{Namespaces: c.namespaces, Labels: c.labels, Report: new(problems).report}
	failed := new(failures).report
	if c.manifests != nil {
		return manifests.New(c.manifests, decoder, func(err error) { failed("read manifests", err) })
	}
	return kubernetes.New(c.api, decoder, failed)
}

// waitForSync waits until all endpoints are there, but no longer than the timeout: the server then starts without, and
// the next plugin is asked until they are.
func waitForSync(ctx context.Context, cache *endpointsCache, timeout time.Duration) {
	select {
	case <-cache.firstSync:
	case <-time.After(timeout):
		log.Warningf("Starting the server without the endpoints: they are not synced after %s", timeout)
		go func() {
			select {
			case <-cache.firstSync:
				log.Info("The endpoints are synced now")
			case <-ctx.Done():
			}
		}()
	}
}
