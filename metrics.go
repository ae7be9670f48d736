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
)

// counts are the numbers behind the gauges.
type counts struct {
	services, empty int // headless services, and how many of them have no ready endpoint
	slices, claimed int // EndpointSlices, and how many of them belong to a headless service
	endpoints       int
}

// show brings the gauges from what they were last shown to the counts. Several instances of the plugin add up: blocks
// of one Corefile, and the old and the new one during a reload.
func (c *counts) show(shown *counts) {
	serviceCount.WithLabelValues("ready").Add(float64(c.services - c.empty - shown.services + shown.empty))
	serviceCount.WithLabelValues("none").Add(float64(c.empty - shown.empty))
	sliceCount.WithLabelValues("headless").Add(float64(c.claimed - shown.claimed))
	sliceCount.WithLabelValues("other").Add(float64(c.slices - c.claimed - shown.slices + shown.claimed))
	endpointCount.Add(float64(c.endpoints - shown.endpoints))
	*shown = *c
}
