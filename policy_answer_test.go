package headless

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/coredns/caddy"

	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/headless-dns/headless/source"
)

// withBlock is a plugin for cluster.local with a block of a Corefile, synced and empty.
func withBlock(tb testing.TB, block string) *Headless {
	tb.Helper()
	conf, err := parse(caddy.NewTestController("dns", "headless cluster.local {\n"+block+"\n}"), "")
	if err != nil {
		tb.Fatal(err)
	}
	return synced(tb, conf)
}

// askFrom asks from an address.
func askFrom(tb testing.TB, h *Headless, address, qname string, qtype uint16, from client) *dns.Msg {
	tb.Helper()
	from.address = address
	return ask(tb, h, qname, qtype, from)
}

const ofDB = "db.default.svc.cluster.local."

// zoned is a ready endpoint in a zone.
func zoned(address, hostname, zone string) source.Endpoint {
	e := ready(address, hostname)
	e.Zone = zone
	return e
}

func TestAPolicyIsAppliedToTheServicesThatItIsMeantFor(t *testing.T) {
	h := withService(withBlock(t, `policy first {
			order address
			limit 1
		}
		policy last {
			keep hostname == 'c'
		}
		apply first other/* default/d?
		apply last */*`), ready("10.0.0.1", "a"), ready("10.0.0.2", "b"), ready("10.0.0.3", "c"))
	tests := []struct{ annotation, qname, want string }{
		{"", ofDB, "10.0.0.1"},
		{"last", ofDB, "10.0.0.3"},
		{"none", ofDB, "10.0.0.1 10.0.0.2 10.0.0.3"},
		{"nonsense", ofDB, "10.0.0.1"},
		{"", "last._policy." + ofDB, "10.0.0.3"},
		{"last", "first._policy." + ofDB, "10.0.0.1"},
		{"last", "none._policy." + ofDB, "10.0.0.1 10.0.0.2 10.0.0.3"},
		{"", "nonsense._policy." + ofDB, "NXDOMAIN"},
		{"", "_policy." + ofDB, ""},
		{"", "b.first._policy." + ofDB, "NXDOMAIN"},
		{"", "_tcp.last._policy." + ofDB, ""},
		{"", "_mysql._tcp.last._policy." + ofDB, "10.0.0.3"},
		{"", "_none._tcp.last._policy." + ofDB, "NXDOMAIN"},
		{"", "b." + ofDB, "10.0.0.2"},
	}
	for _, tt := range tests {
		h.cache.SetService(&source.Service{NamespacedName: nsName("default", "db"), Policy: tt.annotation})
		m := askFrom(t, h, "192.0.2.1", tt.qname, dns.TypeA, client{})
		got := addressesOf(m.Answer)
		slices.Sort(got)
		text := strings.Join(got, " ")
		if m.Rcode != dns.RcodeSuccess {
			text = dns.RcodeToString[m.Rcode]
		}
		if text != tt.want {
			t.Errorf("With the annotation %q %s is answered with %q, want %q", tt.annotation, tt.qname, text, tt.want)
		}
	}
}

func TestAnnotationsAreBelievedWhereTheCorefileSays(t *testing.T) {
	const policies = "policy one {\nlimit 1\n}\n"
	for rule, believed := range map[string]bool{"": true, "annotations off": false, "annotations other": false, "annotations default x": true} {
		h := withService(withBlock(t, policies+rule), ready("10.0.0.1", "a"), ready("10.0.0.2", "b"))
		h.cache.SetService(&source.Service{NamespacedName: nsName("default", "db"), Policy: "one"})
		if got := len(askFrom(t, h, "192.0.2.1", ofDB, dns.TypeA, client{}).Answer); (got == 1) != believed {
			t.Errorf("With %q the answer has %d records", rule, got)
		}
	}
}

func TestAnAnnotationChoosesOnlyAmongThePoliciesThatAreDefined(t *testing.T) {
	h := withService(withBlock(t, "policy one {\nlimit 1\n}\npolicy two {\nlimit 2\n}\napply two */*"), manyReady(3)...)
	for annotation, want := range map[string]int{
		"one": 1, "none": 3, "": 2, "One": 2, "one,none": 2, "one none": 2, "*": 2, "o?e": 2, "limit 1": 2, "NONE": 2, "one\x00": 2, "one\nnone": 2,
		"{\nlimit 1\n}": 2, "/one": 2, strings.Repeat("one", 1000): 2,
	} {
		h.cache.SetService(&source.Service{NamespacedName: nsName("default", "db"), Policy: annotation})
		if got := len(askFrom(t, h, "192.0.2.1", ofDB, dns.TypeA, client{}).Answer); got != want {
			t.Errorf("With the annotation %.20q the answer has %d records, want %d", annotation, got, want)
		}
	}
}

func TestWhatAPolicyFiltersIsSaidToClientsThatSpeakEDNS(t *testing.T) {
	h := withService(withBlock(t, "policy primary {\nkeep labels['role'] == 'primary'\n}\napply primary */*"), ready("10.0.0.1", "a"))
	for _, edns := range []uint16{0, 1232} {
		m := askFrom(t, h, "192.0.2.1", ofDB, dns.TypeA, client{edns: edns})
		if m.Rcode != dns.RcodeSuccess || len(m.Answer) > 0 || len(m.Ns) != 1 {
			t.Errorf("The answer is no NODATA:\n%v", m)
		}
		opt := m.IsEdns0()
		if edns == 0 {
			if opt != nil {
				t.Errorf("A client without EDNS got %v", opt)
			}
			continue
		}
		if len(opt.Option) != 1 || opt.Option[0].(*dns.EDNS0_EDE).InfoCode != dns.ExtendedErrorCodeFiltered {
			t.Errorf("The options are %v, want the extended error 17", opt.Option)
		}
	}
}

func TestANameWithNothingToBeginWithIsDeniedAsWithoutAPolicy(t *testing.T) {
	h := withService(withBlock(t, "policy all {\nlimit 3\n}\napply all */*"), ready("10.0.0.1", "a"))
	if m := askFrom(t, h, "192.0.2.1", ofDB, dns.TypeAAAA, client{}); m.Rcode != dns.RcodeSuccess || len(m.Answer) > 0 {
		t.Errorf("Without IPv6 addresses the answer is no NODATA:\n%v", m)
	}
	withService(h, unready("10.0.0.1", "a"))
	for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA, dns.TypeSRV} {
		if m := askFrom(t, h, "192.0.2.1", ofDB, qtype, client{}); m.Rcode != dns.RcodeNameError {
			t.Errorf("Without ready endpoints type %d is answered with\n%v", qtype, m)
		}
	}
}

func TestMembersGetTheFullSetUnlessThePolicySaysOtherwise(t *testing.T) {
	for setting, want := range map[string]int{"": 3, "members same": 1} {
		h := withService(withBlock(t, "policy one {\nlimit 1\n"+setting+"\n}\napply one */*"),
			ready("10.0.0.1", "a"), ready("10.0.0.2", "b"), ready("10.0.0.3", "c"), unready("10.0.0.4", "d"))
		for _, member := range []string{"10.0.0.2", "10.0.0.4"} {
			if got := len(askFrom(t, h, member, ofDB, dns.TypeA, client{}).Answer); got != want {
				t.Errorf("With %q the member %s gets %d addresses, want %d", setting, member, got, want)
			}
		}
		if got := len(askFrom(t, h, "10.0.0.9", ofDB, dns.TypeA, client{}).Answer); got != 1 {
			t.Errorf("With %q another client gets %d addresses, want 1", setting, got)
		}
	}
}

func TestAPolicyThatIsObservedChangesNoAnswerAndIsCounted(t *testing.T) {
	h := withService(withBlock(t, "policy watched-only {\nlimit 1\n}\napply watched-only observe */*"), ready("10.0.0.1", "a"), ready("10.0.0.2", "b"))
	observed := &h.policies.byName["watched-only"].observed
	before := testutil.ToFloat64(observed.withheld)
	if got := len(askFrom(t, h, "192.0.2.1", ofDB, dns.TypeA, client{}).Answer); got != 2 {
		t.Errorf("The answer has %d records, want 2", got)
	}
	if got := testutil.ToFloat64(observed.withheld) - before; got != 1 {
		t.Errorf("%v endpoints are counted as withheld, want 1", got)
	}
}

// Of 10,000 clients with a share of 10% 1,000 are expected, with a standard deviation of 30: the bounds are five of
// them away.
func TestAPolicyForAPartOfTheClientsKeepsThoseThatItHadAsThePartGrows(t *testing.T) {
	reached := func(share string) map[string]bool {
		h := withService(withBlock(t, "policy one {\nlimit 1\n}\napply one "+share+" */*"), ready("10.0.0.1", "a"), ready("10.0.0.2", "b"))
		all := map[string]bool{}
		for i := range 10_000 {
			address := fmt.Sprintf("172.16.%d.%d", i>>8, i&255)
			all[address] = len(askFrom(t, h, address, ofDB, dns.TypeA, client{}).Answer) == 1
		}
		return all
	}
	tenth, half := reached("10%"), reached("50%")
	n := 0
	for address, in := range tenth {
		if in {
			n++
			if !half[address] {
				t.Errorf("Client %s is among a tenth, and not among the half", address)
			}
		}
	}
	if n < 850 || n > 1150 {
		t.Errorf("Of 10,000 clients %d are a tenth", n)
	}
}

func TestRanksArePrioritiesAndWeightsAreWeightsOfSRVRecords(t *testing.T) {
	h := withService(withBlock(t, `policy near {
			rank zone == 'a'
			weight hostname == 'x' ? 300 : 1
			order address
		}
		apply near */*`), zoned("10.0.0.1", "x", "b"), zoned("10.0.0.2", "y", "a"), zoned("10.0.0.3", "z", "b"))
	m := askFrom(t, h, "192.0.2.1", "_mysql._tcp."+ofDB, dns.TypeSRV, client{edns: 1232})
	want := []string{"0 1 y." + ofDB, "10 300 x." + ofDB, "10 1 z." + ofDB}
	var got []string
	for _, rr := range m.Answer {
		srv := rr.(*dns.SRV)
		got = append(got, fmt.Sprintf("%d %d %s", srv.Priority, srv.Weight, srv.Target))
	}
	if !slices.Equal(got, want) {
		t.Errorf("The records are %q, want %q", got, want)
	}
}

func TestForSRVAPodWithTwoAddressesIsOne(t *testing.T) {
	pod := func(e source.Endpoint, name string) source.Endpoint {
		e.Pod = nsName("default", name)
		return e
	}
	h := withService(withBlock(t, "policy one {\norder ordinal\nlimit 1\n}\napply one */*"),
		pod(ready("10.0.0.1", "db-0"), "db-0"), pod(ready("10.0.0.2", "db-1"), "db-1"), pod(ready("fd00::1", "db-0"), "db-0"))
	m := askFrom(t, h, "192.0.2.1", ofDB, dns.TypeSRV, client{edns: 1232})
	if got := addressesOf(m.Extra); len(m.Answer) != 1 || !slices.Equal(got, []string{"10.0.0.1", "fd00::1"}) {
		t.Errorf("The answer is\n%v\nwant one record and both addresses of its target", m)
	}
}

func TestLimitFitIsNeverTruncatedAndUsesWhatTheClientTakes(t *testing.T) {
	h := withService(withBlock(t, "policy fit {\nlimit fit\n}\napply fit */*"), manyReady(5000)...)
	for _, qtype := range []uint16{dns.TypeA, dns.TypeSRV} {
		for _, from := range []client{{}, {edns: 512}, {edns: 1232}, {edns: 4096}, {tcp: true}} {
			m := askFrom(t, h, "192.0.2.1", ofDB, qtype, from)
			m.Compress = true
			limit := dns.MaxMsgSize
			if !from.tcp {
				limit = max(int(from.edns), dns.MinMsgSize)
			}
			if size := m.Len(); m.Truncated || size > limit || size < limit-100 {
				t.Errorf("For type %d and %+v the answer takes %d of %d octets, truncated: %t", qtype, from, size, limit, m.Truncated)
			}
		}
	}
}

func TestAFixedLimitThatDoesNotFitIsTruncated(t *testing.T) {
	h := withService(withBlock(t, "policy many {\norder address\nlimit 100\n}\napply many */*"), manyReady(200)...)
	cut := askFrom(t, h, "192.0.2.1", ofDB, dns.TypeA, client{edns: 512})
	whole := askFrom(t, h, "192.0.2.1", ofDB, dns.TypeA, client{tcp: true})
	if !cut.Truncated || whole.Truncated || len(whole.Answer) != 100 {
		t.Errorf("Over UDP TC is %t, over TCP %t with %d records", cut.Truncated, whole.Truncated, len(whole.Answer))
	}
	if got, want := addressesOf(cut.Answer), addressesOf(whole.Answer)[:len(cut.Answer)]; !slices.Equal(got, want) {
		t.Errorf("What is cut are not the last of the order: %v", got)
	}
}

func TestTheTimeToLiveOfAPolicyIsThatOfItsAnswersAlone(t *testing.T) {
	h := withService(withBlock(t, "ttl 30\npolicy brief {\nttl 1\n}\napply brief */*"), ready("10.0.0.1", "a"))
	for qname, want := range map[string]uint32{ofDB: 1, "a." + ofDB: 30, "none._policy." + ofDB: 30} {
		if got := askFrom(t, h, "192.0.2.1", qname, dns.TypeA, client{}).Answer[0].Header().Ttl; got != want {
			t.Errorf("The TTL of %s is %d, want %d", qname, got, want)
		}
	}
}
