package headless

import (
	"github.com/coredns/coredns/plugin"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var (
	// serviceCount is the number of headless services, by whether they have a ready endpoint.
	serviceCount = promauto.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "services",
		Help:      "Gauge of the headless services that are answered for, by whether they have ready endpoints.",
	}, []string{"endpoints"})
	// sliceCount is the number of EndpointSlices, by whether their service is headless.
	sliceCount = promauto.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "endpointslices",
		Help:      "Gauge of the EndpointSlices that are kept, by whether they belong to a headless service.",
	}, []string{"service"})
	// endpointCount is the number of endpoints of the headless services.
	endpointCount = promauto.NewGauge(prometheus.GaugeOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "endpoints",
		Help:      "Gauge of the addresses of headless services, ready or not.",
	})
	// malformedCount counts what sources left out.
	malformedCount = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "malformed_total",
		Help:      "Counter of objects, and of parts of objects, that were left out because they are malformed.",
	}, []string{"kind", "reason"})
	// sourceErrorCount counts the failures to read from a source.
	sourceErrorCount = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "source_errors_total",
		Help:      "Counter of failures to read from the API server or from manifests.",
	}, []string{"operation"})

	// policyAnswerCount counts the answers of policies.
	policyAnswerCount = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "policy_answers_total",
		Help:      "Counter of answers that a policy chose, or with mode observed would have chosen.",
	}, []string{"policy", "mode"})
	// policyEndpointCount counts what policies leave and leave out.
	policyEndpointCount = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "policy_endpoints_total",
		Help:      "Counter of endpoints that policies left for clients, or with outcome withheld left out.",
	}, []string{"policy", "mode", "outcome"})
	// unknownPolicyCount counts annotations that name no policy.
	unknownPolicyCount = promauto.NewCounter(prometheus.CounterOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "unknown_policies_total",
		Help:      "Counter of Services whose annotation names a policy that is not defined.",
	})
	// expressionErrorCount counts expressions that failed for an endpoint.
	expressionErrorCount = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "expression_errors_total",
		Help:      "Counter of endpoints that lost their place in a policy because an expression failed for them.",
	}, []string{"policy"})
)

// policyCounters are those of one policy in one mode.
type policyCounters struct {
	answers, left, withheld prometheus.Counter
	reach                   reachCounters
}

func countersOf(policy, mode string) policyCounters {
	return policyCounters{
		answers:  policyAnswerCount.WithLabelValues(policy, mode),
		left:     policyEndpointCount.WithLabelValues(policy, mode, "left"),
		withheld: policyEndpointCount.WithLabelValues(policy, mode, "withheld"),
		reach:    reachCountersOf(policy, mode),
	}
}

// count counts an answer. What a policy begins with is what clients would get without the rest of it.
func (p *policyCounters) count(c chosen) {
	p.answers.Inc()
	p.left.Add(float64(c.Len()))
	p.withheld.Add(float64(c.Began() - c.Len()))
}

// counts are the numbers behind the gauges.
type counts struct {
	services, empty int // headless services, and how many of them have no ready endpoint
	slices, claimed int // EndpointSlices, and how many of them belong to a headless service
	endpoints       int
}

// show brings the gauges from what they were last shown to the counts.
func (c *counts) show(shown *counts) {
	serviceCount.WithLabelValues("ready").Add(float64(c.services - c.empty - shown.services + shown.empty))
	serviceCount.WithLabelValues("none").Add(float64(c.empty - shown.empty))
	sliceCount.WithLabelValues("headless").Add(float64(c.claimed - shown.claimed))
	sliceCount.WithLabelValues("other").Add(float64(c.slices - c.claimed - shown.slices + shown.claimed))
	endpointCount.Add(float64(c.endpoints - shown.endpoints))
	*shown = *c
}
