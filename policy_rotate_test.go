package headless

import (
	"fmt"
	"sync"
	"testing"

	"github.com/miekg/dns"

	"github.com/headless-dns/headless/source"
)

// Clients that ask for A and AAAA in turns, several at a time, would see every other address first if the types or the
// clients shared their turns.
func TestEachAddressIsEquallyOftenFirst(t *testing.T) {
	const ipv4, ipv6, workers, each = 6, 4, 8, 6 * 4 * 10
	var endpoints []source.Endpoint
	for i := range ipv4 {
		endpoints = append(endpoints, ready(fmt.Sprintf("10.0.0.%d", i), fmt.Sprintf("db-%d", i)))
	}
	for i := range ipv6 {
		endpoints = append(endpoints, ready(fmt.Sprintf("fd00::%x", i), fmt.Sprintf("db-%d", i)))
	}
	for _, lines := range []string{
		"order rotate", "order rotate\nspread zone", "order rotate\nlimit 1", "rank not terminating\norder rotate",
	} {
		h := withService(withBlock(t, policyForAll(lines)), endpoints...)
		var mu sync.Mutex
		first := map[string]int{}
		var all sync.WaitGroup
		for worker := range workers {
			all.Go(func() {
				from := fmt.Sprintf("192.0.2.%d", worker)
				for range each {
					for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA} {
						addresses := addressesOf(askFrom(t, h, from, ofDB, qtype, client{edns: 1232}).Answer)
						mu.Lock()
						first[addresses[0]]++
						mu.Unlock()
					}
				}
			})
		}
		all.Wait()
		for _, e := range endpoints {
			want := workers * each / ipv4
			if e.Address.Is6() {
				want = workers * each / ipv6
			}
			if got := first[e.Address.String()]; got != want {
				t.Errorf("By %q %s was %d times the first, not %d", lines, e.Address, got, want)
			}
		}
	}
}
