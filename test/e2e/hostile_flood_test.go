package e2e

import (
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/headless-dns/headless/test/e2e/harness"
)

var floodsFor = flag.Duration("floods.for", 3*time.Second, "how long each flood lasts")

// mostHeap is what a flood may add to the heap: what is remembered of clients, 32 MiB, twice for what the collector has not
// taken yet, and what some thousand queries at a time take.
const mostHeap = 128 << 20

// floods are what somebody may send who may send anything. Each makes the i-th message.
var floods = map[string]func(*rand.Rand, int) []byte{
	"random names": func(r *rand.Rand, _ int) []byte {
		below := []string{"", "pin._zone.", "prefer._node.", "_policy.", "_tcp.", "pin._node." + randomLabel(r) + "."}[r.IntN(6)]
		name := randomLabel(r) + "." + below + []string{chainDB.name, randomLabel(r) + ".default.svc.cluster.local.", "cluster.local."}[r.IntN(3)]
		return packed(new(dns.Msg).SetQuestion(name, dns.TypeA))
	},
	"reverse names": func(r *rand.Rand, _ int) []byte {
		name := fmt.Sprintf("%d.%d.%d.10.in-addr.arpa.", r.IntN(256), r.IntN(256), r.IntN(256))
		return packed(new(dns.Msg).SetQuestion(name, dns.TypePTR))
	},
	"all types": func(_ *rand.Rand, i int) []byte {
		return packed(new(dns.Msg).SetQuestion(chainDB.name, uint16(i)))
	},
	"ever new clients": func(r *rand.Rand, _ int) []byte {
		m := new(dns.Msg).SetQuestion(manyEndpoints().name, dns.TypeA)
		m.SetEdns0(harness.UDPSize, false)
		address := make(net.IP, net.IPv6len)
		binary.BigEndian.PutUint64(address, r.Uint64())
		binary.BigEndian.PutUint64(address[8:], r.Uint64())
		m.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_SUBNET{Code: dns.EDNS0SUBNET, Family: 2, SourceNetmask: 128, Address: address}}
		return packed(m)
	},
	"random octets": func(r *rand.Rand, _ int) []byte { return harness.RandomOctets(r, r.IntN(1500)) },
	"large datagrams": func(r *rand.Rand, _ int) []byte {
		return append(packed(new(dns.Msg).SetQuestion(chainDB.name, dns.TypeA)), harness.RandomOctets(r, 60_000)...)
	},
	"broken queries": func(r *rand.Rand, i int) []byte {
		m := new(dns.Msg).SetQuestion(chainDB.name, uint16(i))
		m.SetEdns0(uint16(r.IntN(1<<16)), true)
		wire := packed(m)
		for range 1 + r.IntN(4) {
			wire[2+r.IntN(len(wire)-2)] = byte(r.IntN(256))
		}
		return wire[:len(wire)-r.IntN(2)*r.IntN(len(wire))]
	},
}

func randomLabel(r *rand.Rand) string {
	label := make([]byte, 1+r.IntN(60))
	for i := range label {
		label[i] = "abcdefghijklmnopqrstuvwxyz0123456789-_"[r.IntN(38)]
	}
	return string(label)
}

func packed(m *dns.Msg) []byte {
	wire, err := m.Pack()
	if err != nil {
		panic(err) // it is made here
	}
	return wire
}

// It does not run beside others, which it would slow down.
func TestUnderFloodsMemoryStaysBoundedAndGoodQueriesAreAnswered(t *testing.T) {
	metrics := harness.FreeAddress(t)
	server := startBlocks(t, block("cluster.local in-addr.arpa", "metadata", "prometheus "+metrics, headlessOn(onManifests(t, chainDB, manyEndpoints()),
		"clients {\necs 127.0.0.1\nsubnet 10.0.0.0/8 zone a\n}\npolicy few {\nprefer zone == client.zone\nlimit 20\n}\npolicy near {\nnearest zone\n}\napply few */many\napply near */*")))
	wants := chainDB.wants()[:3]
	check(t, server, wants...)
	for what, message := range floods {
		t.Run(what, func(t *testing.T) {
			w := watchServer(t, server, metrics, wants...)
			var senders sync.WaitGroup
			sent := make([]int, 2)
			ctx, cancel := context.WithTimeout(t.Context(), *floodsFor)
			defer cancel()
			for n := range sent {
				senders.Go(func() { sent[n] = flood(ctx, t, server.Address, uint64(n), message) })
			}
			w.until(ctx)
			senders.Wait()
			w.report(fmt.Sprintf("%d messages", sent[0]+sent[1]))
		})
	}
	t.Run("connections held open", func(t *testing.T) {
		w := watchServer(t, server, metrics, wants...)
		ctx, cancel := context.WithTimeout(t.Context(), *floodsFor)
		defer cancel()
		held := holdConnections(ctx, t, server.Address, 1000)
		w.until(ctx)
		w.report(fmt.Sprintf("%d connections", held))
		harness.Eventually(t, "the connections are given up", func() error {
			if left := metric(t, metrics, "go_goroutines"); left > w.goroutines+50 {
				return fmt.Errorf("%v goroutines are left of %v before", left, w.goroutines)
			}
			return nil
		})
	})
	check(t, server, wants...)
}

// flood sends messages until the context is done, a hundred at a time and then for a moment none, so that the machine does
// something else too. What comes back is thrown away.
func flood(ctx context.Context, t *testing.T, address string, seed uint64, message func(*rand.Rand, int) []byte) int {
	connection, err := net.Dial("udp", address)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer func() { _ = connection.Close() }()
	random, ticker := rand.New(rand.NewPCG(seed, 7)), time.NewTicker(20*time.Millisecond)
	defer ticker.Stop()
	for n := 0; ; {
		select {
		case <-ctx.Done():
			return n
		case <-ticker.C:
		}
		for range 100 {
			_, _ = connection.Write(message(random, n)) // one that is too large for the socket is lost
			n++
		}
	}
}

// holdConnections opens TCP connections, sends a part of a message over each, and holds them until the context is done.
func holdConnections(ctx context.Context, t *testing.T, address string, n int) (held int) {
	t.Helper()
	for i := range n {
		connection, err := net.Dial("tcp", address)
		if err != nil {
			t.Error(err)
			return held
		}
		context.AfterFunc(ctx, func() { _ = connection.Close() })
		if _, err := connection.Write([]byte("\xff\xff\x12\x34")[:i%5]); err == nil {
			held++
		}
	}
	return held
}

// watched is a server under a flood.
type watched struct {
	*testing.T
	server           *harness.CoreDNS
	metrics          string
	wants            []harness.Want
	heap, goroutines float64 // before
	most, resident   float64
	asked, again     int
}

func watchServer(t *testing.T, server *harness.CoreDNS, metrics string, wants ...harness.Want) *watched {
	t.Helper()
	w := &watched{T: t, server: server, metrics: metrics, wants: wants}
	w.heap, w.goroutines = metric(t, metrics, "go_memstats_heap_inuse_bytes"), metric(t, metrics, "go_goroutines")
	return w
}

// until asks good queries until the context is done. Over UDP one may be lost, as anybody's is where a socket is full:
// clients ask again.
func (w *watched) until(ctx context.Context) {
	w.Helper()
	for ctx.Err() == nil {
		for _, want := range w.wants {
			w.ask(want)
		}
		w.most = max(w.most, metric(w.T, w.metrics, "go_memstats_heap_inuse_bytes"))
		w.resident = max(w.resident, metric(w.T, w.metrics, "process_resident_memory_bytes"))
	}
}

func (w *watched) ask(want harness.Want) {
	w.Helper()
	for _, network := range harness.Transports {
		w.asked++
		query, err := harness.Query(want.Question)
		if err != nil {
			w.Fatal(err)
		}
		var reply *dns.Msg
		for range 5 {
			client := harness.Client(nil, network)
			client.Timeout = 2 * time.Second
			if reply, _, err = client.Exchange(query, w.server.Address); err == nil {
				break
			}
			w.again++
		}
		if err == nil {
			err = want.Compare(reply)
		}
		if err != nil {
			w.Errorf("%s over %s: %v", want.Question, network, err)
		}
	}
}

// report tells what was seen, and checks the bound.
func (w *watched) report(sent string) {
	w.Helper()
	const mebi = 1 << 20
	w.Logf("%s; heap %.0f MiB before and %.0f at most, resident %.0f MiB; %d good queries answered, %d of them asked again",
		sent, w.heap/mebi, w.most/mebi, w.resident/mebi, w.asked, w.again)
	if w.most-w.heap > mostHeap {
		w.Errorf("The heap has grown by %.0f MiB", (w.most-w.heap)/mebi)
	}
	if out := w.server.Output(); strings.Contains(out, "panic") {
		w.Errorf("It has panicked:\n%s", w.server.LastLines(20))
	}
}
