package headless

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/miekg/dns"
)

// FuzzSubnet sends any data in the option of the client subnet. A resolver that is believed gets what is near the
// network, or is told of its format error, and a stranger what it gets without the option.
func FuzzSubnet(f *testing.F) {
	for _, data := range []string{
		"\x00\x00\x00\x00", "\x00\x01\x20\x00\xac\x10\x00\x02", "\x00\x01\x20\x00\xac\x10\x00\x02\x00", "\x00\x01\x18\x00\x0a\x09\x07", "\x00\x01\x18\x00\x0a\x09\x07\x01",
		"\x00\x01\x08\x00\x0a", "\x00\x01\x18\x18\x0a\x09\x07", "\x00\x01\x21\x00", "\x00\x02\x38\x00\x20\x01\x0d\xb8", "\x00\x03\x00\x00", "\x00",
		"\x00\x02\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xac\x10\x00\x03", "\x00\x02\x60\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff",
	} {
		f.Add([]byte(data))
	}
	h := nearClients(f, "nodes\nsubnet 10.9.0.0/16 zone c\necs 192.0.2.53", "nearest node zone")
	f.Fuzz(func(t *testing.T, data []byte) {
		m := new(dns.Msg).SetQuestion(ofDB, dns.TypeA)
		m.SetEdns0(1232, false)
		m.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_LOCAL{Code: dns.EDNS0SUBNET, Data: data}}
		wire, err := m.Pack()
		if err != nil || m.Unpack(wire) != nil {
			return
		}
		said := m.IsEdns0().Option[0].(*dns.EDNS0_SUBNET)
		stranger := expectAnswered(t, h, client{address: "192.0.2.54", edns: 1232, subnet: said}, wholeSet...)
		if scopeOf(stranger) != nil {
			t.Errorf("A stranger that says %x is answered for %s", data, scopeOf(stranger))
		}
		network, ok := networkIn(data)
		if !ok {
			if m := ask(t, h, ofDB, dns.TypeA, client{address: "192.0.2.53", edns: 1232, subnet: said}); m.Rcode != dns.RcodeFormatError {
				t.Errorf("%x is answered with %s", data, m)
			}
			return
		}
		want := nearNetwork(network)
		answer := expectAnswered(t, h, client{address: "192.0.2.53", edns: 1232, subnet: said}, want...)
		scope := scopeOf(answer)
		if scope == nil || scope.Family != said.Family || scope.SourceNetmask != said.SourceNetmask || !scope.Address.Equal(said.Address) {
			t.Fatalf("%x is answered for %s", data, scope)
		}
		if scope.SourceScope != 0 && scope.SourceScope != said.SourceNetmask || scope.SourceScope == 0 && !slices.Equal(want, wholeSet) {
			t.Errorf("%x is answered with the scope %d", data, scope.SourceScope)
		}
	})
}

// networkIn reads the data of the option as RFC 7871, 6 has it; ok is false where no resolver may send it.
func networkIn(data []byte) (network netip.Prefix, ok bool) {
	address := make([]byte, map[byte]int{0: 4, 1: 4, 2: 16}[data[1]])
	copy(address, data[4:])
	ip, _ := netip.AddrFromSlice(address)
	network = netip.PrefixFrom(ip, int(data[2]))
	if data[1] == 0 {
		return network, data[3] == 0
	}
	return network, data[3] == 0 && network == network.Masked()
}

// nearNetwork is what is near the clients of a network, all of them.
func nearNetwork(network netip.Prefix) []string {
	if network.Addr().Is4In6() {
		network = netip.PrefixFrom(network.Addr().Unmap(), network.Bits()-96)
	}
	if network.Bits() >= 16 && netip.MustParsePrefix("10.9.0.0/16").Contains(network.Addr()) {
		return []string{"10.0.0.4", "10.0.0.5"}
	}
	if ip := network.Addr(); network.IsSingleIP() && ip.Is4() && ip.Less(netip.MustParseAddr("172.16.0.6")) && !ip.Less(netip.MustParseAddr("172.16.0.0")) {
		return []string{wholeSet[ip.As4()[3]]}
	}
	return wholeSet
}
