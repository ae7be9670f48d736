package headless

import (
	"sync"
	"time"

	"github.com/coredns/coredns/plugin"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/headless-dns/headless/clients"
)

var (
	// policyTierCount counts how near answers are.
	policyTierCount = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "policy_tiers_total",
		Help:      "Counter of answers by how near the endpoints of their first rank are to the client.",
	}, []string{"policy", "mode", "tier"})
	// policyAddressCount counts the endpoints in answers.
	policyAddressCount = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "policy_addresses_total",
		Help:      "Counter of endpoints in answers, by whether they are in the client's zone.",
	}, []string{"policy", "mode", "zone"})
	// clientCount counts clients by what knows their place.
	clientCount = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "clients_total",
		Help:      "Counter of questions that a policy is meant for, by what has told where the client is.",
	}, []string{"source"})
	// unknownClientCount counts clients of which nobody knows where they are.
	unknownClientCount = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "unknown_clients_total",
		Help:      "Counter of questions of clients whose place is not known, by what they were looked for by.",
	}, []string{"source"})
	// clientPodCount, clientNodeCount and contradictionCount say how much is known of where clients are.
	clientPodCount = promauto.NewGauge(prometheus.GaugeOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "client_pods",
		Help:      "Gauge of the Pods that are known as clients.",
	})
	clientNodeCount = promauto.NewGauge(prometheus.GaugeOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "client_nodes",
		Help:      "Gauge of the Nodes that tell where clients are.",
	})
	contradictionCount = promauto.NewGauge(prometheus.GaugeOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "contradicted_pod_cidrs",
		Help:      "Gauge of the endpoints on other nodes than their address says; pod CIDRs are not believed unless it is 0.",
	})
)

// What a client was looked for by.
const (
	byAddress = "address"
	bySubnet  = "ecs"
)

// clientCounters are those of clients.
type clientCounters struct {
	sources map[clients.Source]prometheus.Counter
	unknown map[string]prometheus.Counter
}

var clientsFound = newClientCounters()

func newClientCounters() clientCounters {
	c := clientCounters{sources: map[clients.Source]prometheus.Counter{}, unknown: map[string]prometheus.Counter{}}
	for _, source := range clients.AllSources {
		c.sources[source] = clientCount.WithLabelValues(string(source))
	}
	for _, by := range []string{byAddress, bySubnet} {
		c.unknown[by] = unknownClientCount.WithLabelValues(by)
	}
	return c
}

func (c *clientCounters) count(source clients.Source, by string) {
	c.sources[source].Inc()
	if source == clients.None {
		c.unknown[by].Inc()
	}
}

// reachCounters are those of how near the answers of a policy are.
type reachCounters struct {
	tiers                [tierCount]prometheus.Counter
	same, other, unknown prometheus.Counter
}

func reachCountersOf(policy, mode string) (c reachCounters) {
	for tier, name := range tierNames {
		c.tiers[tier] = policyTierCount.WithLabelValues(policy, mode, name)
	}
	c.same = policyAddressCount.WithLabelValues(policy, mode, "same")
	c.other = policyAddressCount.WithLabelValues(policy, mode, "other")
	c.unknown = policyAddressCount.WithLabelValues(policy, mode, "unknown")
	return c
}

func (c *reachCounters) count(r reach) {
	c.tiers[r.tier].Inc()
	c.same.Add(float64(r.same))
	c.other.Add(float64(r.other))
	c.unknown.Add(float64(r.unknown))
}

// tellOfCIDRs tells of pod CIDRs that begin or cease to be believed.
func tellOfCIDRs(before, after clients.Counts) {
	switch {
	case after.Nodes == 0:
	case before.Contradictions == 0 && after.Contradictions > 0 && toldOfCIDRs.begin(time.Now()):
		log.Warningf("Pod CIDRs of nodes are not believed: %d endpoints are on another node than the one whose CIDR holds "+
			"their address. Clients in them are unknown unless something else tells where they are", after.Contradictions)
	case before.Contradictions > 0 && after.Contradictions == 0 && toldOfCIDRs.end():
		log.Info("Pod CIDRs of nodes are believed: no endpoint is on another node than the one whose CIDR holds its address")
	}
}

// toldOfCIDRs keeps what comes and goes all the time from filling the log. The gauge has it all.
var toldOfCIDRs episode

// episode is something that begins and ends, and is told of once a minute at most.
type episode struct {
	mu   sync.Mutex
	last time.Time
	told bool // that it has begun
}

func (e *episode) begin(now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if now.Sub(e.last) < repeatAfter {
		return false
	}
	e.last, e.told = now, true
	return true
}

// end says whether the beginning was told.
func (e *episode) end() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	told := e.told
	e.told = false
	return told
}
