package headless

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// subnet is the option by which a resolver says for whom it asks.
func subnet(t *testing.T, network string) *dns.EDNS0_SUBNET {
	t.Helper()
	address, parsed, err := net.ParseCIDR(network)
	if err != nil {
		t.Fatal(err)
	}
	ones, bits := parsed.Mask.Size()
	return &dns.EDNS0_SUBNET{Code: dns.EDNS0SUBNET, Family: map[int]uint16{32: 1, 128: 2}[bits], SourceNetmask: uint8(ones), Address: address}
}

// scopeOf returns the option of an answer, nil for none.
func scopeOf(m *dns.Msg) *dns.EDNS0_SUBNET {
	if opt := m.IsEdns0(); opt != nil {
		for _, option := range opt.Option {
			if said, ok := option.(*dns.EDNS0_SUBNET); ok {
				return said
			}
		}
	}
	return nil
}

func TestAResolverIsBelievedOnWhomItAsksForOnlyWhereTheCorefileSaysSo(t *testing.T) {
	h := nearClients(t, "nodes\nsubnet 10.9.0.0/16 zone c\necs 192.0.2.53", "nearest node zone")
	for _, each := range []struct {
		resolver, network string
		scope             int // -1 for no option
		want              []string
	}{
		{"192.0.2.53", "172.16.0.2/32", 32, []string{"10.0.0.2"}},
		{"192.0.2.53", "10.9.7.0/24", 24, []string{"10.0.0.4", "10.0.0.5"}},
		{"192.0.2.53", "10.0.0.0/8", 8, wholeSet},
		{"192.0.2.53", "0.0.0.0/0", 0, wholeSet},
		{"192.0.2.53", "2001:db8::/56", 56, wholeSet},
		{"192.0.2.54", "172.16.0.2/32", -1, wholeSet},
		{"172.16.0.2", "172.16.0.4/32", -1, []string{"10.0.0.2"}},
	} {
		for _, tcp := range []bool{false, true} {
			said := subnet(t, each.network)
			m := expectAnswered(t, h, client{address: each.resolver, edns: 1232, tcp: tcp, subnet: said}, each.want...)
			scope := scopeOf(m)
			switch {
			case (scope == nil) != (each.scope < 0):
				t.Errorf("%s asks for %s, and the answer's option is %v", each.resolver, each.network, scope)
			case scope != nil && (int(scope.SourceScope) != each.scope || scope.SourceNetmask != said.SourceNetmask || scope.Family != said.Family || !scope.Address.Equal(said.Address)):
				t.Errorf("%s asks for %s, and the answer is for %v, want the scope %d", each.resolver, each.network, scope, each.scope)
			}
		}
	}
}

// Peers must find all their peers, also where a resolver hides which of its clients asks.
func TestANetworkThatAMemberIsInGetsTheFullSet(t *testing.T) {
	h := nearClients(t, "subnet 10.0.0.0/8 zone b\necs 192.0.2.53", "nearest zone")
	for network, want := range map[string][]string{
		"10.0.0.3/32": wholeSet, "10.0.0.9/32": {"10.0.0.2", "10.0.0.3"}, "10.0.0.0/24": wholeSet, "10.0.0.0/23": {"10.0.0.2", "10.0.0.3"},
		"10.0.0.64/26": {"10.0.0.2", "10.0.0.3"}, "::ffff:10.0.0.3/128": wholeSet,
	} {
		said := subnet(t, strings.TrimPrefix(strings.Replace(network, "/128", "/32", 1), "::ffff:"))
		if strings.HasPrefix(network, "::ffff:") { // an IPv4 address in an IPv6 one
			said.Family, said.SourceNetmask = 2, 128
		}
		expectAnswered(t, h, client{address: "192.0.2.53", edns: 1232, subnet: said}, want...)
	}
}

func TestAPartOfTheClientsIsAPartOfTheNetworksThatResolversSay(t *testing.T) {
	h := withService(withBlock(t, "clients {\necs 192.0.2.53\n}\npolicy one {\nlimit 1\n}\napply one 50% */*"), manyReady(3)...)
	in := 0
	for i := range 200 {
		m := ask(t, h, ofDB, dns.TypeA, client{address: "192.0.2.53", edns: 1232, subnet: subnet(t, fmt.Sprintf("172.16.%d.0/24", i))})
		if len(m.Answer) == 1 {
			in++
		}
	}
	if in < 60 || in > 140 {
		t.Errorf("Of 200 networks %d are among the half", in)
	}
}

func TestAnAnswerThatIsOnlyObservedIsForEverybody(t *testing.T) {
	h := withService(withBlock(t, "clients {\nsubnet 172.16.0.0/16 zone a\necs 192.0.2.53\n}\npolicy near {\nnearest zone\n}\napply near observe */*"), zoned("10.0.0.1", "a", "a"))
	m := ask(t, h, ofDB, dns.TypeA, client{address: "192.0.2.53", edns: 1232, subnet: subnet(t, "172.16.0.0/24")})
	if scope := scopeOf(m); scope == nil || scope.SourceScope != 0 {
		t.Errorf("The answer is for %v", scope)
	}
}

func TestAnAnswerThatDoesNotLookAtTheClientIsForEverybody(t *testing.T) {
	h := nearClients(t, "nodes\necs 192.0.2.53", "nearest node zone")
	for _, qname := range []string{"db-0." + ofDB, "a.pin._zone." + ofDB, "none._policy." + ofDB, "missing." + ofDB} {
		m := ask(t, h, qname, dns.TypeA, client{address: "192.0.2.53", edns: 1232, subnet: subnet(t, "172.16.0.2/32")})
		if scope := scopeOf(m); scope == nil || scope.SourceScope != 0 || scope.SourceNetmask != 32 {
			t.Errorf("The answer for %s is for %v", qname, scope)
		}
	}
}

func TestAMalformedSubnetIsAFormatErrorFromWhomItIsBelieved(t *testing.T) {
	h := nearClients(t, "nodes\necs 192.0.2.53", "nearest node zone")
	behind := subnet(t, "172.16.0.2/24")
	scoped := subnet(t, "172.16.0.0/24")
	scoped.SourceScope = 24
	for _, malformed := range []*dns.EDNS0_SUBNET{behind, scoped} {
		m := ask(t, h, ofDB, dns.TypeA, client{address: "192.0.2.53", edns: 1232, subnet: malformed})
		if m.Rcode != dns.RcodeFormatError {
			t.Errorf("%v is answered with %s", malformed, dns.RcodeToString[m.Rcode])
		}
		expectAnswered(t, h, client{address: "192.0.2.54", edns: 1232, subnet: malformed}, wholeSet...)
	}
}

// Room must be left for the option: CoreDNS would cut what is too long, and the answer would have no TC bit.
func TestAnAnswerToAResolverFitsWithTheOption(t *testing.T) {
	h := withService(withBlock(t, "clients {\necs 192.0.2.53\n}\npolicy some {\nlimit fit\n}\napply some */*"), manyReady(1000)...)
	for _, network := range []string{"172.16.0.2/32", "2001:db8::1/128", "0.0.0.0/0"} {
		for _, size := range []uint16{512, 513, 520, 530, 1232} {
			m := ask(t, h, ofDB, dns.TypeA, client{address: "192.0.2.53", edns: size, subnet: subnet(t, network)})
			m.Compress = true
			if n := m.Len(); n > int(size) || n < int(size)-17 || m.Truncated || scopeOf(m) == nil {
				t.Errorf("For %s an answer of up to %d octets has %d (truncated: %t)", network, size, n, m.Truncated)
			}
		}
	}
}
