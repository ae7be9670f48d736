package headless

import (
	"fmt"
	"slices"
	"testing"

	"github.com/miekg/dns"
)

func TestReverseNamesNameEveryReadyEndpointWithTheAddress(t *testing.T) {
	h := withService(newTestHeadless(t), ready("10.0.0.1", "db-0"), unready("10.0.0.2", "db-1"), ready("2001:db8::1", ""))
	h.cache.SetService(headlessService("default", "all"))
	h.cache.SetSlice(sliceWith("default", "all", "all-1", ready("10.0.0.1", "")))
	ptr := func(address string) []string {
		reverse, err := dns.ReverseAddr(address)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, rr := range ask(t, h, reverse, dns.TypePTR, client{}).Answer {
			names = append(names, rr.(*dns.PTR).Ptr)
		}
		slices.Sort(names)
		return names
	}
	for address, want := range map[string][]string{
		"10.0.0.1":    {"10-0-0-1.all.default.svc.cluster.local.", "db-0.db.default.svc.cluster.local."},
		"10.0.0.2":    nil,
		"2001:db8::1": {"2001-db8--1.db.default.svc.cluster.local."},
	} {
		if got := ptr(address); !slices.Equal(got, want) {
			t.Errorf("PTR of %s is %q, want %q", address, got, want)
		}
	}
	h.cache.DeleteService(nsName("default", "db"))
	if got := ptr("10.0.0.1"); !slices.Equal(got, []string{"10-0-0-1.all.default.svc.cluster.local."}) {
		t.Errorf("After its service is gone PTR is still %q", got)
	}
}

// The law of size holds for PTR as well, whose targets are compressed, and who is left out is left to chance.
func TestManyNamesOfOneAddressFillTheAnswer(t *testing.T) {
	h := newTestHeadless(t)
	for i := range 3000 {
		namespace, name := fmt.Sprintf("namespace-%d", i%20), fmt.Sprintf("service-%d", i)
		h.cache.SetService(headlessService(namespace, name))
		h.cache.SetSlice(sliceWith(namespace, name, name, ready("10.0.0.1", "node")))
		if i != 8 && i != 12 && i != 40 && i != 2999 {
			continue
		}
		for _, from := range limitedClients {
			m := ask(t, h, "1.0.0.10.in-addr.arpa.", dns.TypePTR, from)
			if err := checkSize(m, i+1, dns.TypePTR, from); err != nil {
				t.Errorf("%d names, client %+v: %v", i+1, from, err)
			}
		}
	}
	first := map[string]bool{}
	for range 50 {
		first[ask(t, h, "1.0.0.10.in-addr.arpa.", dns.TypePTR, client{}).Answer[0].String()] = true
	}
	if len(first) < 10 {
		t.Errorf("In 50 answers only %d names came first", len(first))
	}
}

func TestPartsOfReverseNamesAreNotDenied(t *testing.T) {
	h := withService(newTestHeadless(t), ready("10.0.0.1", "db-0"))
	for qname, want := range map[string]int{
		"10.in-addr.arpa.": dns.RcodeSuccess, "0.0.10.in-addr.arpa.": dns.RcodeSuccess, "8.b.d.0.1.0.0.2.ip6.arpa.": dns.RcodeSuccess, "in-addr.arpa.": dns.RcodeSuccess,
		"9.0.0.10.in-addr.arpa.": dns.RcodeNameError, "1.1.0.0.10.in-addr.arpa.": dns.RcodeNameError, "x.10.in-addr.arpa.": dns.RcodeNameError, "fg.ip6.arpa.": dns.RcodeNameError,
	} {
		if m := ask(t, h, qname, dns.TypePTR, client{}); m.Rcode != want || len(m.Ns) != 1 {
			t.Errorf("PTR of %s is %s", qname, m)
		}
	}
}
