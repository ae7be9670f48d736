package clients

import (
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"testing"

	"github.com/headless-dns/headless/policy"
	"github.com/headless-dns/headless/source"
)

// largeCluster is a Directory with so many Pods, 30 to a node and 15 to a ReplicaSet that is spread over nodes, in one
// address family or two.
func largeCluster(tb testing.TB, pods int, dualStack bool) *Directory {
	tb.Helper()
	d := directory(tb, Sources{Nodes: true, Pods: true})
	for i := range pods {
		p := &source.Pod{NamespacedName: name(fmt.Sprintf("web-frontend-%d-7d9c6b5f4d-%05x", i/15, i))}
		p.Namespace = fmt.Sprintf("team-%d", i/3000)
		node := i % (pods / 30)
		p.Client = source.PodClient{Node: fmt.Sprintf("worker-%d.example.com", node), Zone: fmt.Sprintf("zone-%d", node%3)}
		p.Client.Addresses = append(p.Client.Addresses, netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}))
		p.Client.HostAddresses = append(p.Client.HostAddresses, netip.AddrFrom4([4]byte{172, 16, byte(node >> 8), byte(node)}))
		if dualStack {
			p.Client.Addresses = append(p.Client.Addresses, netip.AddrFrom16([16]byte{0x20, 1, 13: byte(i >> 16), 14: byte(i >> 8), 15: byte(i)}))
		}
		d.SetPod(p)
	}
	return d
}

func heap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

const manyPods = 150_000

func TestAPodOfALargeClusterTakesAHundredOctetsOfHeapAtMost(t *testing.T) {
	if testing.Short() {
		t.Skip("150,000 Pods are not short")
	}
	before := heap()
	d := largeCluster(t, manyPods, false)
	if each := float64(heap()-before) / manyPods; each > 100 {
		t.Errorf("A Pod takes %.0f octets", each)
	}
	runtime.KeepAlive(d)
}

func BenchmarkHeapOfPods(b *testing.B) {
	for _, dualStack := range []bool{false, true} {
		b.Run(fmt.Sprintf("dualStack=%t", dualStack), func(b *testing.B) {
			for b.Loop() {
				before := heap()
				d := largeCluster(b, manyPods, dualStack)
				b.ReportMetric(float64(heap()-before)/manyPods, "heap-B/pod")
				runtime.KeepAlive(d)
			}
		})
	}
}

func BenchmarkFind(b *testing.B) {
	d := largeCluster(b, manyPods, false)
	for i := range 5000 {
		d.SetNode(aNode(fmt.Sprintf("worker-%d.example.com", i), "a", fmt.Sprintf("172.16.%d.%d", i>>8, i&255), fmt.Sprintf("100.%d.%d.0/24", 64+i>>8, i&255)))
	}
	f := NewFinder(&Config{Subnets: []Subnet{{netip.MustParsePrefix("192.0.2.0/24"), policy.Place{Zone: "a"}}}}, d)
	for what, address := range map[string]string{
		"pod": "10.1.2.3", "node": "172.16.3.4", "cidr": "100.65.2.3", "subnet": "192.0.2.1", "unknown": "203.0.113.1",
	} {
		b.Run(what, func(b *testing.B) {
			of := netip.MustParseAddr(address)
			b.ReportAllocs()
			for b.Loop() {
				f.Find(of, false)
			}
		})
	}
}

func BenchmarkPodThatMoves(b *testing.B) {
	d := largeCluster(b, manyPods, false)
	one, other := aPod("web", "worker-1.example.com", "10.200.0.1"), aPod("web", "worker-2.example.com", "10.200.0.2")
	b.ReportAllocs()
	for b.Loop() {
		d.SetPod(one)
		d.SetPod(other)
	}
}

// Whoever asks while everything changes gets one state or another, never a mixture, and never nothing.
func TestAClientIsNeverUnknownWhileWhatIsKnownOfItChanges(t *testing.T) {
	d := directory(t, all)
	f := NewFinder(&Config{}, d)
	address := netip.MustParseAddr("10.0.0.1")
	here, there := aPod("web", "a", "10.0.0.1"), aPod("web", "b", "10.0.0.1")
	here.Client.Zone, there.Client.Zone = "zone-of-a", "zone-of-b"
	d.SetPod(here)
	var running sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		running.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				client, _ := f.Find(address, true)
				if client.Zone != zoneOf(client.Node) || client.Pod != "web" {
					t.Errorf("The client is %+v", client)
					return
				}
			}
		})
	}
	for range 2000 {
		d.SetPod(there)
		d.SetPod(here)
	}
	close(done)
	running.Wait()
}
