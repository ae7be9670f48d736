package headless

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/coredns/coredns/plugin/pkg/dnstest"
	"github.com/coredns/coredns/plugin/pkg/edns"
	"github.com/coredns/coredns/plugin/test"

	"github.com/miekg/dns"

	"github.com/headless-dns/headless/source"
)

const dbName = "db.default.svc.cluster.local."

func TestEveryReadyEndpointIsInTheAnswerOnce(t *testing.T) {
	h := withService(newTestHeadless(t), ready("10.0.0.1", "db-0"), ready("10.0.0.2", "db-1"), unready("10.0.0.3", "db-2"), ready("2001:db8::1", "db-0"))
	for qtype, want := range map[uint16][]string{dns.TypeA: {"10.0.0.1", "10.0.0.2"}, dns.TypeAAAA: {"2001:db8::1"}} {
		got := addressesOf(ask(t, h, dbName, qtype, client{}).Answer)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("The answer of type %d holds %q, want %q", qtype, got, want)
		}
	}
}

func TestAnAddressWithSeveralNamesIsInTheAnswerOnce(t *testing.T) {
	h := withService(newTestHeadless(t), ready("10.0.0.1", "a"), ready("10.0.0.1", "b"), ready("10.0.0.2", "a"), ready("10.0.0.2", ""))
	for qname, want := range map[string][]string{
		dbName: {"10.0.0.1", "10.0.0.2"}, "_mysql._tcp." + dbName: {"10.0.0.1", "10.0.0.2"},
		"a." + dbName: {"10.0.0.1", "10.0.0.2"}, "b." + dbName: {"10.0.0.1"}, "10-0-0-2." + dbName: {"10.0.0.2"},
	} {
		got := addressesOf(ask(t, h, qname, dns.TypeA, client{}).Answer)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("A of %s is %q, want %q", qname, got, want)
		}
	}
}

func TestTwoPortsOfOneNumberAreOneSRVRecordAtTheServicesName(t *testing.T) {
	h := newTestHeadless(t)
	h.cache.SetService(headlessService("default", "db"))
	s := sliceWith("default", "db", "dns", ready("10.0.0.1", "a"))
	s.Ports = []source.Port{{Name: "dns", Protocol: "udp", Number: 53}, {Name: "dns-tcp", Protocol: "tcp", Number: 53}}
	h.cache.SetSlice(s)
	for _, qname := range []string{dbName, "a." + dbName, "_dns._udp." + dbName, "_dns-tcp._tcp." + dbName} {
		if m := ask(t, h, qname, dns.TypeSRV, client{}); len(m.Answer) != 1 || len(m.Extra) != 1 {
			t.Errorf("SRV of %s has the records %v and %v", qname, m.Answer, m.Extra)
		}
	}
}

func TestAHostnameThatSpellsAnAddressStandsForBothEndpoints(t *testing.T) {
	h := withService(newTestHeadless(t), ready("10.0.0.1", ""), ready("10.0.0.5", "10-0-0-1"))
	got := addressesOf(ask(t, h, "10-0-0-1."+dbName, dns.TypeA, client{}).Answer)
	slices.Sort(got)
	if !slices.Equal(got, []string{"10.0.0.1", "10.0.0.5"}) {
		t.Errorf("A of the name is %q", got)
	}
	if m := ask(t, h, dbName, dns.TypeSRV, client{}); len(m.Answer) != 1 || len(m.Extra) != 2 {
		t.Errorf("SRV has the records %v and %v", m.Answer, m.Extra)
	}
}

func TestAnAnswerWithoutRoomForAnyRecordIsTruncated(t *testing.T) {
	edns.SetSupportedOption(dns.EDNS0LOCALSTART) // a plugin that CoreDNS copies the option for
	h := withService(newTestHeadless(t), manyReady(3)...)
	for _, qtype := range []uint16{dns.TypeA, dns.TypeSRV} {
		r := new(dns.Msg).SetQuestion(dbName, qtype)
		r.SetEdns0(512, false)
		r.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_LOCAL{Code: dns.EDNS0LOCALSTART, Data: make([]byte, 600)}}
		rec := dnstest.NewRecorder(&test.ResponseWriter{})
		if _, err := h.ServeDNS(t.Context(), rec, r); err != nil || len(rec.Msg.Answer) > 0 || !rec.Msg.Truncated {
			t.Errorf("Type %d with an OPT record that fills the message is %v: %v", qtype, rec.Msg, err)
		}
	}
}

// Each endpoint is as likely as another to come first, of few and of many. Of n endpoints each is first in about 4000
// of 4000 n answers: with the normal approximation a deviation of 6 standard deviations (380) comes about by chance
// once in 500 million.
func TestEveryEndpointComesFirstAsOften(t *testing.T) {
	for _, n := range []int{3, 5} {
		h := withService(newTestHeadless(t), manyReady(n)...)
		h.random = seeded(uint64(n))
		first := map[string]int{}
		for range 4000 * n {
			first[addressesOf(ask(t, h, dbName, dns.TypeA, client{}).Answer)[0]]++
		}
		for address, times := range first {
			if len(first) != n || times < 3620 || times > 4380 {
				t.Errorf("Of %d endpoints %s came first %d times in %d", n, address, times, 4000*n)
			}
		}
	}
}

// clients are those whose limits differ.
var clients = []client{{}, {edns: 512}, {edns: 1232}, {edns: 4096}, {edns: 65535}, {tcp: true}, {tcp: true, edns: 1232}}

// The law of size, for every type, number of endpoints and client: an answer that fits is whole and not truncated;
// one that does not has the TC bit, no duplicates, and no room for another record. CoreDNS has cut nothing: ask would
// fail on a message that is too large, and what Scrub cut would leave room.
func TestAnAnswerHoldsWhatFitsAndSaysWhetherThatIsAll(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 1))
	for _, n := range []int{1, 3, 29, 30, 70, 71, 100, 999, 2500, 4090, 4091, 5000} {
		h := withService(newTestHeadless(t), manyReady(n)...)
		for _, from := range clients {
			for _, qtype := range []uint16{dns.TypeA, dns.TypeSRV} {
				qname := dbName
				if random.IntN(2) == 0 {
					qname = "DB.default.SVC.cluster.LOCAL."
				}
				m := ask(t, h, qname, qtype, from)
				if err := checkSize(m, n, qtype, from); err != nil {
					t.Errorf("%d endpoints, type %d, client %+v: %v", n, qtype, from, err)
				}
			}
		}
	}
}

func checkSize(m *dns.Msg, n int, qtype uint16, from client) error {
	if len(m.Answer) > 0 && m.Answer[0].Header().Name != m.Question[0].Name {
		return fmt.Errorf("the owner is %q", m.Answer[0].Header().Name)
	}
	seen := map[string]bool{}
	for _, rr := range m.Answer {
		seen[rr.String()] = true
	}
	if len(seen) != len(m.Answer) {
		return fmt.Errorf("%d records are %d different ones", len(m.Answer), len(seen))
	}
	if m.Truncated != (len(m.Answer) < n) {
		return fmt.Errorf("it has %d records and TC is %t", len(m.Answer), m.Truncated)
	}
	limit := dns.MaxMsgSize - 1
	if !from.tcp {
		limit = max(dns.MinMsgSize, int(from.edns))
	}
	m.Compress = true
	largest := 16
	if qtype == dns.TypeSRV {
		largest = srvOctets + len("db-9999.db.default.svc.cluster.local.") + 1
	}
	if left := limit - m.Len(); m.Truncated && left >= largest {
		return fmt.Errorf("it is cut off with %d octets left", left)
	}
	return nil
}

func TestAddressesGoAlongWithSRVAsFarAsTheyFit(t *testing.T) {
	h := withService(newTestHeadless(t), manyReady(18)...)
	whole := ask(t, h, "_mysql._tcp."+dbName, dns.TypeSRV, client{edns: 4096})
	if len(whole.Answer) != 18 || len(addressesOf(whole.Extra)) != 18 || whole.Truncated {
		t.Errorf("With room for all there are %d records and %d addresses, TC %t", len(whole.Answer), len(addressesOf(whole.Extra)), whole.Truncated)
	}
	cut := ask(t, h, "_mysql._tcp."+dbName, dns.TypeSRV, client{edns: 1232})
	if n := len(addressesOf(cut.Extra)); len(cut.Answer) != 18 || n == 0 || n == 18 || cut.Truncated {
		t.Errorf("With room for some there are %d records and %d addresses, TC %t", len(cut.Answer), n, cut.Truncated)
	}
}

func TestEveryTargetOfAnSRVRecordResolvesToItsAdditionalAddresses(t *testing.T) {
	h := withService(newTestHeadless(t), ready("10.0.0.1", "db-0"), ready("2001:db8::1", "db-0"), ready("10.0.0.2", ""), ready("2001:db8::2", ""), ready("10.0.0.3", "db-3"))
	m := ask(t, h, "_MYSQL._tcp.DB.default.svc.cluster.LOCAL.", dns.TypeSRV, client{edns: 4096})
	want := map[string][]string{}
	for _, rr := range m.Extra {
		want[rr.Header().Name] = append(want[rr.Header().Name], addressesOf([]dns.RR{rr})...)
	}
	for _, rr := range m.Answer {
		target := rr.(*dns.SRV).Target
		got := append(addressesOf(ask(t, h, target, dns.TypeA, client{}).Answer), addressesOf(ask(t, h, target, dns.TypeAAAA, client{}).Answer)...)
		slices.Sort(got)
		slices.Sort(want[target])
		if len(got) == 0 || !slices.Equal(got, want[target]) {
			t.Errorf("%s resolves to %q, the additional section has %q", target, got, want[target])
		}
	}
	if len(m.Answer) != 4 {
		t.Errorf("There are %d SRV records for 4 names: %v", len(m.Answer), m.Answer)
	}
}

func TestPortsThatOnlySomeEndpointsHaveAreAnsweredForThoseOnly(t *testing.T) {
	h := newTestHeadless(t)
	h.cache.SetService(headlessService("default", "db"))
	with := sliceWith("default", "db", "with", ready("10.0.0.1", "db-0"))
	with.Ports = append(with.Ports, source.Port{Name: "metrics", Protocol: "tcp", Number: 9104}, source.Port{Protocol: "udp", Number: 53})
	h.cache.ReplaceSlices("", []*source.Slice{with, sliceWith("default", "db", "without", ready("10.0.0.2", "db-1"))})
	for qname, want := range map[string]int{"_metrics._tcp." + dbName: 1, "_mysql._tcp." + dbName: 2, dbName: 4, "db-0." + dbName: 3, "db-1." + dbName: 1} {
		if m := ask(t, h, qname, dns.TypeSRV, client{}); len(m.Answer) != want {
			t.Errorf("SRV of %s has %d records, want %d: %v", qname, len(m.Answer), want, m.Answer)
		}
	}
	if got := addressesOf(ask(t, h, "_metrics._tcp."+dbName, dns.TypeA, client{}).Answer); !slices.Equal(got, []string{"10.0.0.1"}) {
		t.Errorf("The addresses of a port are %q", got)
	}
	for qname, want := range map[string]int{
		"_metrics._udp." + dbName: dns.RcodeNameError, "_nope._tcp." + dbName: dns.RcodeNameError, "_sctp." + dbName: dns.RcodeNameError,
		"_tcp." + dbName: dns.RcodeSuccess, "a.b.c." + dbName: dns.RcodeNameError,
	} {
		if m := ask(t, h, qname, dns.TypeSRV, client{}); m.Rcode != want || len(m.Answer) != 0 || len(m.Ns) != 1 {
			t.Errorf("SRV of %s is %s", qname, m)
		}
	}
}

func TestAServiceWithoutReadyEndpointsDoesNotExist(t *testing.T) {
	h := withService(newTestHeadless(t), unready("10.0.0.1", "db-0"))
	for _, qname := range []string{dbName, "db-0." + dbName, "10-0-0-1." + dbName, "_mysql._tcp." + dbName} {
		for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA, dns.TypeSRV, dns.TypeTXT, dns.TypeANY} {
			if m := ask(t, h, qname, qtype, client{}); m.Rcode != dns.RcodeNameError || len(m.Ns) != 1 {
				t.Errorf("Type %d of %s is %s", qtype, qname, m)
			}
		}
	}
}

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

func BenchmarkServeDNS(b *testing.B) {
	for _, n := range []int{3, 100, 1000, 10_000} {
		h := withService(newTestHeadless(b), manyReady(n)...)
		for name, from := range map[string]client{"udp1232": {edns: 1232}, "tcp": {tcp: true}} {
			for qtype, qname := range map[uint16]string{dns.TypeA: dbName, dns.TypeSRV: "_mysql._tcp." + dbName} {
				b.Run(fmt.Sprintf("%s/%s/%d", dns.TypeToString[qtype], name, n), func(b *testing.B) { benchmarkQuery(b, h, qname, qtype, from) })
			}
		}
	}
}
