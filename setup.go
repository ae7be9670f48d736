package headless

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"

	corev1 "k8s.io/api/core/v1"

	"github.com/headless-dns/headless/source"
	"github.com/headless-dns/headless/source/kubernetes"
	"github.com/headless-dns/headless/source/manifests"
)

func init() { plugin.Register(pluginName, setup) }

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
	if err := conf.claimSnapshot(c); err != nil {
		return plugin.Error(pluginName, err)
	}
	h := conf.handler()
	b := newBlock(h, conf, from, func() error { return h.lookAround(cfg) })
	c.OnRestart(func() error {
		restarting.begin(h.Ready(), h.started.Load() && h.cache.synced.Load())
		return nil
	})
	c.OnRestartFailed(restarting.failed)
	addBlock(c, b)
	c.OnShutdown(func() error {
		restarting.done()
		b.end()
		return nil
	})
	cfg.AddPlugin(func(next plugin.Handler) plugin.Handler {
		h.Next = next
		return h
	})
	return nil
}

// lookAround takes note of the other plugins of the server block, and of where it listens. It refuses a block in which we
// would not be asked, or our answers not be kept as they are.
func (h *Headless) lookAround(cfg *dnsserver.Config) error {
	if err := checkOrder(cfg, h.Zones); err != nil {
		return err
	}
	if err := h.checkPolicies(cfg); err != nil {
		return err
	}
	if h.keptByCache(cfg) {
		log.Warningf("The cache stands before %s in this build of CoreDNS and keeps its answers: %s", pluginName, remedy)
	}
	h.behind = findBehind(cfg)
	h.findTransfers(cfg)
	h.mayBeSigned = cfg.Handler("tsig") != nil
	h.tellsServer = cfg.Handler("nsid") != nil
	h.tellsMetadata = cfg.Handler("metadata") != nil
	h.addressesOfServer = boundAddresses(cfg)
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
		policies:     newPolicies(c, rand.Uint32N),
		random:       rand.Uint32N,
		staleAfter:   c.stale,
		started:      new(atomic.Bool),
		kept:         new(atomic.Pointer[knowledge]),

		serialsBehind: new(sync.Map),
	}
}

// cacheShape is that of the cache that answers come from.
func (c *config) cacheShape() cacheShape {
	uses := c.sourceUses()
	shape := cacheShape{
		podNames: c.podNames, reverse: c.hasReverse(), facts: fmt.Sprintf("%+v", uses),
		clientPodsOnly: uses.ClientPods && !uses.Facts(), clientNodesOnly: uses.ClientNodes && !uses.Nodes,
	}
	if c.clients != nil {
		shape.clients = c.clients.Sources
	}
	return shape
}

// sourceKey tells sources apart: two of the same key deliver the same endpoints. Manifests are read as a whole, with
// what else a cache is to have.
func (c *config) sourceKey() string {
	from := c.api.Identity()
	if c.manifests != nil {
		from = fmt.Sprintf("%q %+v", c.manifests, c.cacheShape())
	}
	return fmt.Sprintf("%s %q %q %q", from, slices.Sorted(slices.Values(c.namespaces)), c.labels, c.namespaceLabels)
}

// sourceUses is what policies look at of Pods and Nodes.
func (c *config) sourceUses() source.Uses {
	labels := maps.Clone(c.uses.Labels)
	if labels == nil {
		labels = map[string]bool{}
	}
	maps.Copy(labels, c.uses.ClientLabels)
	uses := source.Uses{
		Labels: slices.Sorted(maps.Keys(labels)), Annotations: slices.Sorted(maps.Keys(c.uses.Annotations)), Nodes: c.uses.Nodes,
	}
	if c.clients != nil {
		uses.ClientPods, uses.ClientNodes = c.clients.Sources.Pods, c.clients.Sources.Nodes
	}
	return uses
}

// open makes the source of endpoints; mistakes that can be seen without asking an API server are errors here.
func (c *config) open() (follower, error) {
	decoder := source.Decoder{
		Namespaces: c.namespaces, Labels: c.labels, NamespaceLabels: c.namespaceLabels, Uses: c.sourceUses(),
		Report: new(problems).report,
	}
	failed := new(failures).report
	if c.manifests != nil {
		return manifests.New(c.manifests, decoder, func(err error) { failed("read manifests", err) })
	}
	return kubernetes.New(c.api, decoder, failed, logWidened)
}

// logWidened says that all slices are watched after all.
func logWidened(scope string, services int) {
	if scope == "" {
		scope = "all namespaces"
	}
	log.Warningf("%d headless services have EndpointSlices without the label %s: from now on all EndpointSlices are watched (%s)",
		services, corev1.IsHeadlessService, scope)
}
