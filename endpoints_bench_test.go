package headless

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/headless-dns/headless/source"
)

// bigService is a cache with a service of n endpoints in slices of 100, of which each has its endpoints all over the
// network, as Pods on all nodes are.
func bigService(b *testing.B, n int) (*endpointsCache, []*source.Slice) {
	b.Helper()
	c := newEndpointsCache(cacheShape{reverse: true})
	b.Cleanup(c.close)
	all := make([][]source.Endpoint, n/100)
	for i, e := range manyReady(n) {
		e.Pod, e.Node, e.Zone = nsName("default", e.Hostname), fmt.Sprintf("node-%d", i%500), fmt.Sprintf("zone-%d", i%3)
		all[i%len(all)] = append(all[i%len(all)], e)
	}
	of := make([]*source.Slice, len(all))
	for i := range all {
		of[i] = sliceWith("default", "db", fmt.Sprintf("db-%d", i), all[i]...)
	}
	c.ReplaceSlices("", of)
	c.SetService(headlessService("default", "db"))
	return c, of
}

// withUnready is the next state of a slice, as a source delivers it: every n-th endpoint has become unready.
func withUnready(s *source.Slice, n int) *source.Slice {
	endpoints := make([]source.Endpoint, len(s.Endpoints))
	for i, p := range s.Endpoints {
		endpoints[i] = p.Unpack()
		if i%n == n/2 {
			endpoints[i].Ready = false
		}
	}
	next := sliceWith(s.Namespace, s.Service, s.Name, endpoints...)
	next.TakeOver(s)
	return next
}

// BenchmarkChangeOfOneSlice changes some of a slice's 100 endpoints and, in the next operation, changes them back.
func BenchmarkChangeOfOneSlice(b *testing.B) {
	for _, changed := range []int{1, 10, 100} {
		for _, n := range []int{100, 1000, 10_000} {
			b.Run(fmt.Sprintf("%dof%d", changed, n), func(b *testing.B) {
				c, of := bigService(b, n)
				states := [2]*source.Slice{withUnready(of[0], 100/changed), of[0]}
				b.ReportAllocs()
				at := 0
				for b.Loop() {
					c.SetSlice(states[at])
					at = 1 - at
				}
			})
		}
	}
}

// BenchmarkBurst changes an endpoint in each of 100 slices of a service of 10,000, one change after the other, as a
// watch delivers them. Each is published at once.
func BenchmarkBurst(b *testing.B) {
	c, of := bigService(b, 10_000)
	var states [2][]*source.Slice
	for _, s := range of {
		states[0], states[1] = append(states[0], withUnready(s, 100)), append(states[1], s)
	}
	b.ReportAllocs()
	at := 0
	for b.Loop() {
		for _, s := range states[at] {
			c.SetSlice(s)
		}
		at = 1 - at
	}
}

// BenchmarkFirstJoin is a service that appears when all of its slices are there.
func BenchmarkFirstJoin(b *testing.B) {
	for _, n := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c, _ := bigService(b, n)
			b.ReportAllocs()
			for b.Loop() {
				c.DeleteService(nsName("default", "db"))
				c.SetService(headlessService("default", "db"))
			}
		})
	}
}

// BenchmarkHeapOfEndpoints reports what an endpoint takes: the slices as decoded, the joined values and the reverse
// index.
func BenchmarkHeapOfEndpoints(b *testing.B) {
	const services, each = 1000, 100
	kinds := map[string]struct {
		reverse bool
		address func(i, j int) string
	}{
		"ipv4/reverse": {true, func(i, j int) string { return fmt.Sprintf("10.%d.%d.%d", i/256, i%256, j) }},
		"ipv4":         {false, func(i, j int) string { return fmt.Sprintf("10.%d.%d.%d", i/256, i%256, j) }},
		"ipv6/reverse": {true, func(i, j int) string { return fmt.Sprintf("2001:db8::%x:%x", i, j) }},
		"ipv6":         {false, func(i, j int) string { return fmt.Sprintf("2001:db8::%x:%x", i, j) }},
	}
	for kind, of := range kinds {
		b.Run(kind, func(b *testing.B) {
			for b.Loop() {
				before := heap()
				c := newEndpointsCache(cacheShape{reverse: of.reverse})
				for i := range services {
					name := fmt.Sprintf("db-%d", i)
					all := make([]source.Endpoint, 0, each)
					for j := range each {
						e := ready(of.address(i, j), fmt.Sprintf("%s-%d", name, j))
						e.Pod, e.Node, e.Zone = nsName("default", e.Hostname), fmt.Sprintf("node-%d", j%500), "zone-a"
						all = append(all, e)
					}
					c.SetSlice(sliceWith("default", name, name, all...))
					c.SetService(headlessService("default", name))
				}
				b.ReportMetric(float64(heap()-before)/(services*each), "B/endpoint")
				c.close()
			}
		})
	}
}

func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
