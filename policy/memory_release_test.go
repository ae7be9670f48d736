package policy

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"
)

func TestWhatBelongsToEndpointsThatAreGoneIsReleased(t *testing.T) {
	m := NewMemory(1 << 20)
	living, runs := remembering(t, m, 10)
	dead, _ := remembering(t, m, 10)
	for n := range 100 {
		living.Choose(&Client{Address: address4(n)})
		dead.Choose(&Client{Address: address4(n)})
	}
	both := m.Used()
	runtime.KeepAlive(dead)
	for end := time.Now().Add(10 * time.Second); m.Used() > both/2; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("Of %d octets %d are remembered, although half of it is of nobody", both, m.Used())
		}
		runtime.GC()
	}
	m.check(t, living)
	for n := range 100 {
		living.Choose(&Client{Address: address4(n)})
	}
	if runs.Load() != 100 {
		t.Errorf("What belongs to living ones went with it: %d computations", runs.Load())
	}
}

// Endpoints of one service change all the time, and those of another never: what is remembered of the dead makes no
// difference to it.
func TestEndpointsThatChangeAllTheTimeDoNotStarveOthers(t *testing.T) {
	m := NewMemory(1 << 20)
	living, runs := remembering(t, m, 10)
	for n := range 100 {
		living.Choose(&Client{Address: address4(n)})
	}
	for range 200 {
		dead, _ := remembering(t, m, 10)
		for n := range 100 {
			dead.Choose(&Client{Address: address4(n)})
		}
		before := m.Used()
		runtime.KeepAlive(dead)
		for end := time.Now().Add(10 * time.Second); m.Used() >= before; runtime.Gosched() {
			if time.Now().After(end) {
				t.Fatal("The dead are not released")
			}
			runtime.GC()
		}
	}
	for n := range 100 {
		living.Choose(&Client{Address: address4(n)})
	}
	if runs.Load() != 100 {
		t.Errorf("100 clients that nothing changed for were computed %d times", runs.Load())
	}
	m.check(t, living)
}

// heapInUse is what the heap holds when nothing is left to collect: a cleanup may let go of more.
func heapInUse() int64 {
	var stats runtime.MemStats
	for range 4 {
		runtime.GC()
		runtime.Gosched()
	}
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// What is counted is an estimate: here it is held against what the heap grows by, which is measured and no test.
func BenchmarkWhatIsCountedAgainstTheHeap(b *testing.B) {
	for _, c := range []struct {
		services, endpoints, clients int
		lines                        string
	}{
		{1, 3, 10_000, "order sticky"},
		{1_000, 20, 10, "order sticky"},
		{50, 20, 200, "order sticky"},
		{10, 1_000, 50, "order sticky"},
		{10, 100, 200, "weight client.address == '' ? 1 : 2"},
		{10, 100, 200, "weight ordinal"},
		{10, 100, 200, "rank zone == client.zone\nrank node == 'node-1'\nrank ordinal == 5 or client.address == ''"},
	} {
		b.Run(fmt.Sprintf("%dx%dx%d_%.6s", c.services, c.endpoints, c.clients, c.lines), func(b *testing.B) {
			for b.Loop() {
				m := NewMemory(1 << 30)
				var services []*Prepared
				for range c.services {
					p, _ := withCounting(b, OnClient, c.lines)
					services = append(services, Prepare(p, podsView(c.endpoints).Endpoints, nil, m, rand.Uint32N))
				}
				before := heapInUse()
				for _, p := range services {
					for n := range c.clients {
						p.Choose(&Client{Address: address4(n), Place: Place{Zone: "zone-1"}})
					}
				}
				b.ReportMetric(float64(heapInUse()-before)/float64(m.Used()), "heap/counted")
				runtime.KeepAlive(services)
			}
		})
	}
}
