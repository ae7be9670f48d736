package headless

import (
	"time"

	"github.com/coredns/coredns/plugin"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var (
	// staleAnswerCount counts answers that nobody knows to be true any more.
	staleAnswerCount = promauto.NewCounter(prometheus.CounterOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "stale_answers_total",
		Help:      "Counter of answers given from a snapshot, or long after the API server was heard last.",
	})
	// silence is for how long changes are not heard of.
	_ = promauto.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "api_silence_seconds",
		Help:      "Gauge of the seconds since the API server was heard last, 0 while Services and EndpointSlices are watched.",
	}, func() float64 { return allFeeds.silence().Seconds() })
	// snapshotErrorCount counts snapshots that could not be written, and such that could not be used.
	snapshotErrorCount = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "snapshot_errors_total",
		Help:      "Counter of snapshots that could not be written, or at a start not be used.",
	}, []string{"operation"})
	// snapshotTime is of the snapshot that was read or written last, snapshotOctets of the one that was written last.
	snapshotTime = promauto.NewGauge(prometheus.GaugeOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "snapshot_timestamp_seconds",
		Help:      "Gauge of the time at which the snapshot that was served or written last was true, in seconds since 1970.",
	})
	snapshotOctets = promauto.NewGauge(prometheus.GaugeOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "snapshot_bytes",
		Help:      "Gauge of the size of the snapshot that was written last.",
	})
	// servedSnapshots counts the blocks that are answered from a snapshot.
	servedSnapshots = promauto.NewGauge(prometheus.GaugeOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "served_snapshots",
		Help:      "Gauge of the server blocks that are answered from a snapshot, as the API server was not heard since the start.",
	})
)

// silence is how long a source was not heard of changes, the longest of all.
func (f *feeds) silence() (longest time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fed := range f.running {
		longest = max(longest, fed.silence())
	}
	return longest
}

func (f *feed) silence() (longest time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.caches {
		if lost := c.lost.Load(); lost != nil {
			longest = max(longest, time.Since(*lost))
		}
	}
	return longest
}
