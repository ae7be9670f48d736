package headless

import (
	"slices"
	"testing"

	"github.com/miekg/dns"

	"github.com/headless-dns/headless/source"
)

func TestTwoPortsOfOneNumberAreOneSRVRecordAtTheServicesName(t *testing.T) {
	h := newTestHeadless(t)
	h.cache.SetService(headlessService("default", "db"))
	ports := []source.Port{{Name: "dns", Protocol: "udp", Number: 53}, {Name: "dns-tcp", Protocol: "tcp", Number: 53}}
	h.cache.SetSlice(sliceWithPorts("default", "db", "dns", ports, ready("10.0.0.1", "a")))
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

// While the number of a port changes, slices with the old one stand beside slices with the new one, and pods of both
// families in each; some share their node's address.
func TestPortsThatDifferBetweenSlicesAreAnsweredForEachEndpoint(t *testing.T) {
	h := newTestHeadless(t)
	h.cache.SetService(headlessService("default", "db"))
	older := sliceWith("default", "db", "a", ready("10.0.0.1", "a"), ready("10.0.0.3", "c"))
	ports := []source.Port{{Name: "mysql", Protocol: "tcp", Number: 3307}}
	newer := sliceWithPorts("default", "db", "b", ports, ready("10.0.0.1", "b"), ready("10.0.0.2", "d"))
	newer6 := sliceWithPorts("default", "db", "c", ports, ready("2001:db8::1", "d"))
	other := sliceWithPorts("default", "db", "d", nil, ready("10.0.0.9", "e"))
	h.cache.ReplaceSlices("", []*source.Slice{older, newer, newer6, other})
	for qtype, want := range map[uint16][]string{dns.TypeA: {"10.0.0.1", "10.0.0.2", "10.0.0.3"}, dns.TypeAAAA: {"2001:db8::1"}} {
		got := addressesOf(ask(t, h, "_mysql._tcp."+dbName, qtype, client{}).Answer)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("Type %d of the port is %q, want %q", qtype, got, want)
		}
	}
	if m := ask(t, h, "_mysql._tcp."+dbName, dns.TypeSRV, client{}); len(m.Answer) != 4 || len(m.Extra) != 5 {
		t.Errorf("SRV has the records %v and %v", m.Answer, m.Extra)
	}
	if m := ask(t, h, "e."+dbName, dns.TypeSRV, client{}); m.Rcode != dns.RcodeSuccess || len(m.Answer) != 0 {
		t.Errorf("SRV of an endpoint without ports is %s", m)
	}
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
	ports := []source.Port{mysql, {Name: "metrics", Protocol: "tcp", Number: 9104}, {Protocol: "udp", Number: 53}}
	with := sliceWithPorts("default", "db", "with", ports, ready("10.0.0.1", "db-0"))
	h.cache.ReplaceSlices("", []*source.Slice{with, sliceWith("default", "db", "without", ready("10.0.0.2", "db-1"))})
	for qname, want := range map[string]int{"_metrics._tcp." + dbName: 1, "_mysql._tcp." + dbName: 2, dbName: 4, "db-0." + dbName: 3, "db-1." + dbName: 1} {
		if m := ask(t, h, qname, dns.TypeSRV, client{}); len(m.Answer) != want {
			t.Errorf("SRV of %s has %d records, want %d: %v", qname, len(m.Answer), want, m.Answer)
		}
	}
	if got := addressesOf(ask(t, h, "_metrics._tcp."+dbName, dns.TypeA, client{}).Answer); !slices.Equal(got, []string{"10.0.0.1"}) {
		t.Errorf("The addresses of a port are %q", got)
	}
	if got := addressesOf(ask(t, h, "_metrics._tcp."+dbName, dns.TypeAAAA, client{}).Answer); got != nil {
		t.Errorf("The IPv6 addresses of a port are %q", got)
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
