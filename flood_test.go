package headless

import (
	"net/netip"
	"runtime"
	"testing"

	"github.com/coredns/coredns/plugin/test"

	"github.com/miekg/dns"

	"github.com/headless-dns/headless/policy"
)

// What is left for each client is its own list, of which a thousand endpoints take some KiB. The limit of a process is
// 32 MiB; with a lower one the test takes less time.
func TestHoweverManyClientsAskNoMoreThanTheLimitIsRememberedOfThem(t *testing.T) {
	if testing.Short() {
		t.Skip("what fills the memory is not short")
	}
	const clients, limit, slack = 4_000, 4 << 20, 2 << 20
	before := remembered
	remembered = policy.NewMemory(limit)
	defer func() { remembered = before }()
	h := withService(withBlock(t, "policy own {\nprefer address != client.address\n}\napply own */*"), manyReady(1000)...)
	r := new(dns.Msg).SetQuestion(ofDB, dns.TypeA)
	heap := heldHeap()
	for i := range uint32(clients) {
		address := netip.AddrFrom4([4]byte{172, byte(i >> 16), byte(i >> 8), byte(i)}).String()
		w := &discardWriter{ResponseWriter: test.ResponseWriter{}, remote: client{address: address}.writer().RemoteAddr()}
		if _, err := h.ServeDNS(t.Context(), w, r); err != nil {
			t.Fatal(err)
		}
	}
	grown := int64(heldHeap()) - int64(heap)
	t.Logf("%d clients take %.1f MiB", clients, float64(grown)/(1<<20))
	if grown > limit+slack || grown < limit/2 {
		t.Errorf("%d octets are held, and %d may be remembered", grown, limit)
	}
	runtime.KeepAlive(h)
}

// heldHeap is what is in use when all garbage is gone.
func heldHeap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
