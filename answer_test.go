package headless

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
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

func TestOurOwnAddressesAreGivenAsFarAsTheyFit(t *testing.T) {
	h := newTestHeadless(t)
	for i := range byte(60) {
		h.addressesOfServer = append(h.addressesOfServer, netip.AddrFrom4([4]byte{10, 0, 0, i}))
	}
	if m := ask(t, h, "cluster.local.", dns.TypeNS, client{}); m.Truncated || len(m.Answer) != 1 || len(m.Extra) < 20 {
		t.Errorf("NS is %s", m)
	}
	if m := ask(t, h, "ns.dns.cluster.local.", dns.TypeA, client{}); !m.Truncated || len(m.Answer) < 25 {
		t.Errorf("A of the name server is %s", m)
	}
}

func TestTheEndpointsOfAZoneHaveNames(t *testing.T) {
	in := func(zone string, e source.Endpoint) source.Endpoint {
		e.Zone = zone
		return e
	}
	h := withService(newTestHeadless(t), in("West-1a", ready("10.0.0.1", "a")), in("West-1a", ready("2001:db8::1", "a")), in("corp.example", ready("10.0.0.2", "b")),
		in("drained", unready("10.0.0.3", "c")), ready("10.0.0.4", "d"))
	for qname, want := range map[string][]string{
		"west-1a.pin._zone." + dbName:               {"10.0.0.1"},
		"corp.example.pin._zone." + dbName:          {"10.0.0.2"},
		"corp.example.prefer._zone." + dbName:       {"10.0.0.2"},
		"_mysql._tcp.west-1a.pin._zone." + dbName:   {"10.0.0.1"},
		"drained.pin._zone." + dbName:               nil,
		"mistyped.pin._zone." + dbName:              nil,
		"_nope._tcp.west-1a.prefer._zone." + dbName: nil,
		"drained.prefer._zone." + dbName:            {"10.0.0.1", "10.0.0.2", "10.0.0.4"},
		"_zone." + dbName:                           nil,
		"pin._zone." + dbName:                       nil,
	} {
		m := ask(t, h, qname, dns.TypeA, client{})
		got := addressesOf(m.Answer)
		slices.Sort(got)
		if m.Rcode != dns.RcodeSuccess || !slices.Equal(got, want) {
			t.Errorf("A of %s is %q with rcode %d, want %q", qname, got, m.Rcode, want)
		}
	}
	if m := ask(t, h, "WEST-1A.pin._zone."+dbName, dns.TypeSRV, client{}); len(m.Answer) != 1 || len(m.Extra) != 2 || m.Answer[0].(*dns.SRV).Weight != 50 {
		t.Errorf("SRV of a zone has the records %v and %v", m.Answer, m.Extra)
	}
}

func TestTheEndpointsOfANodeHaveNames(t *testing.T) {
	on := func(node string, e source.Endpoint) source.Endpoint {
		e.Node, e.Zone = node, "zone-a"
		return e
	}
	h := withService(newTestHeadless(t), on("worker-1", ready("10.0.0.1", "a")), on("worker-1", ready("2001:db8::1", "a")), on("worker-2.example.com", ready("10.0.0.2", "b")),
		on("worker-3", unready("10.0.0.3", "c")), ready("10.0.0.4", "d"))
	for qname, want := range map[string][]string{
		"worker-1.pin._node." + dbName:                {"10.0.0.1"},
		"WORKER-2.Example.com.pin._node." + dbName:    {"10.0.0.2"},
		"_mysql._tcp.worker-1.prefer._node." + dbName: {"10.0.0.1"},
		"_nope._tcp.worker-1.prefer._node." + dbName:  nil,
		"worker-2.pin._node." + dbName:                nil,
		"worker-3.pin._node." + dbName:                nil,
		"worker-3.prefer._node." + dbName:             {"10.0.0.1", "10.0.0.2", "10.0.0.4"},
		"zone-a.pin._node." + dbName:                  nil,
		"worker-1.pin._zone." + dbName:                nil,
		"_node." + dbName:                             nil,
		"pin._node." + dbName:                         nil,
		"prefer._node." + dbName:                      nil,
	} {
		m := ask(t, h, qname, dns.TypeA, client{})
		got := addressesOf(m.Answer)
		slices.Sort(got)
		if m.Rcode != dns.RcodeSuccess || !slices.Equal(got, want) {
			t.Errorf("A of %s is %q with rcode %d, want %q", qname, got, m.Rcode, want)
		}
	}
	for _, qname := range []string{"worker-1._node.", "worker-1.nope._node.", "worker-1.pin._nodes."} {
		if m := ask(t, h, qname+dbName, dns.TypeA, client{}); m.Rcode != dns.RcodeNameError {
			t.Errorf("A of %s has rcode %d, want NXDOMAIN", qname+dbName, m.Rcode)
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

// limitedClients are those whose limits differ.
var limitedClients = []client{{}, {edns: 512}, {edns: 1232}, {edns: 4096}, {edns: 65535}, {tcp: true}, {tcp: true, edns: 1232}}

// The law of size, for every type, number of endpoints and client: an answer that fits is whole and not truncated;
// one that does not has the TC bit, no duplicates, and no room for another record. CoreDNS has cut nothing: ask would
// fail on a message that is too large, and what Scrub cut would leave room.
func TestAnAnswerHoldsWhatFitsAndSaysWhetherThatIsAll(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 1))
	for _, n := range []int{1, 3, 29, 30, 70, 71, 100, 999, 2500, 4090, 4091, 5000} {
		h := withService(newTestHeadless(t), manyReady(n)...)
		for _, from := range limitedClients {
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
	switch qtype {
	case dns.TypePTR:
		largest = recordOctets + len("node.service-9999.namespace-99.") + 2
	case dns.TypeSRV:
		largest = srvOctets + len("db-9999.db.default.svc.cluster.local.") + 1
	}
	if left := limit - m.Len(); m.Truncated && left >= largest {
		return fmt.Errorf("it is cut off with %d octets left", left)
	}
	return nil
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
