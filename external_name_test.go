package headless

import (
	"testing"
	"time"

	"github.com/coredns/coredns/plugin/test"

	"github.com/miekg/dns"
)

const aliasName = "another-name-that-is-much-longer-than-the-one-it-stands-for.default.svc.cluster.local."

// withAlias puts a plugin behind that knows an ExternalName service which points to the name, and its addresses not.
func withAlias(h *Headless, target string) *Headless {
	h.behind = zonesBehind{"cluster.local."}
	h.Next = &nextPlugin{reply: func(r *dns.Msg) *dns.Msg {
		m := new(dns.Msg).SetReply(r)
		if q := r.Question[0]; q.Qtype == dns.TypeCNAME && q.Name == aliasName {
			m.Answer = []dns.RR{test.CNAME(aliasName + " 5 IN CNAME " + target)}
		}
		return m
	}}
	return h
}

func TestAnExternalNameOfAHeadlessServiceIsAsStaleAsThat(t *testing.T) {
	h := withAlias(withService(newTestHeadless(t), ready("10.0.0.1", "db-0")), dbName)
	h.staleAfter = time.Minute
	for lost, want := range map[time.Duration]bool{30 * time.Second: false, time.Hour: true} {
		h.cache.Contact(time.Now().Add(-lost))
		m := ask(t, h, aliasName, dns.TypeA, client{edns: 1232})
		if stale := extendedError(m) == dns.ExtendedErrorCodeStaleAnswer; stale != want || len(m.Answer) != 2 {
			t.Errorf("%s after the last contact the answer is %s", lost, m)
		}
	}
}

func TestWhatSaysThatAnExternalNameIsStaleFitsIntoTheAnswer(t *testing.T) {
	h := withAlias(withService(withBlock(t, "policy some {\nlimit fit\n}\napply some */*"), manyReady(1000)...), dbName)
	h.staleAfter = time.Minute
	h.cache.Contact(time.Now().Add(-time.Hour))
	for size := uint16(512); size < 700; size++ {
		m := ask(t, h, aliasName, dns.TypeA, client{edns: size}) // which CoreDNS would cut
		m.Compress = true
		if m.Truncated || extendedError(m) != dns.ExtendedErrorCodeStaleAnswer || m.Len() < int(size)-48 {
			t.Fatalf("With %d octets the answer has %d: %s", size, m.Len(), m)
		}
	}
}

func TestAnExternalNameOfAHeadlessServiceIsAnsweredForWhomTheResolverAsks(t *testing.T) {
	h := withAlias(nearClients(t, "nodes\nsubnet 10.9.0.0/16 zone c\necs 192.0.2.53", "nearest node zone"), dbName)
	for network, want := range map[string][]string{
		"172.16.0.2/32": {"10.0.0.2"},
		"10.9.7.0/24":   {"10.0.0.4", "10.0.0.5"},
		"10.0.0.0/8":    wholeSet,
	} {
		said := subnet(t, network)
		m := ask(t, h, aliasName, dns.TypeA, client{address: "192.0.2.53", edns: 1232, subnet: said})
		if !sameAddresses(m, want...) || len(m.Answer) != 1+len(want) {
			t.Errorf("For %s the answer is %s", network, m)
		}
		if scope := scopeOf(m); scope == nil || scope.SourceScope != said.SourceNetmask {
			t.Errorf("For %s the answer is for %v", network, scope)
		}
	}
}

func TestAnExternalNameIsForEverybodyWhereTheClientDoesNotMatter(t *testing.T) {
	h := withAlias(nearClients(t, "nodes\necs 192.0.2.53", "nearest node zone"), "db-0."+dbName)
	m := ask(t, h, aliasName, dns.TypeA, client{address: "192.0.2.53", edns: 1232, subnet: subnet(t, "172.16.0.2/32")})
	if scope := scopeOf(m); len(m.Answer) != 2 || scope == nil || scope.SourceScope != 0 {
		t.Errorf("The answer is %s", m)
	}
}

// A resolver keeps an answer without the option for all its clients (RFC 7871, 7.3).
func TestThatAPolicyLeavesAnExternalNameNothingIsForTheClientAlone(t *testing.T) {
	h := withAlias(nearClients(t, "subnet 10.9.0.0/16 zone x\necs 192.0.2.53", "keep zone == client.zone\nttl 3"), dbName)
	m := ask(t, h, aliasName, dns.TypeA, client{address: "192.0.2.53", edns: 1232, subnet: subnet(t, "10.9.7.0/24")})
	scope := scopeOf(m)
	if m.Rcode != dns.RcodeSuccess || len(m.Answer) != 0 || extendedError(m) != dns.ExtendedErrorCodeFiltered || scope == nil || scope.SourceScope != 24 {
		t.Errorf("The answer is %s", m)
	}
	if len(m.Ns) != 1 || m.Ns[0].Header().Ttl != 3 {
		t.Errorf("It is kept as long as %v says", m.Ns)
	}
}
