package main

import (
	"slices"
	"time"
)

// median is the middle of the values, or 0 where there are none.
func median(values []float64) float64 { return quantile(values, 0.5) }

// quantile is the value that a part of all values do not exceed.
func quantile(values []float64, part float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(int(part*float64(len(sorted))), len(sorted)-1)]
}

// microseconds are what all times of queries are told in.
func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
