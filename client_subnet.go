package headless

import (
	"net/netip"

	"github.com/coredns/coredns/request"

	"github.com/miekg/dns"

	"github.com/headless-dns/headless/policy"
)

// believedSubnet returns whom a query is asked for (EDNS client subnet, RFC 7871), where the resolver that says so is
// one that is believed; of all others it is as if they had said nothing. ok is false where the option is malformed.
func (k knowledge) believedSubnet(state *request.Request) (subnet *dns.EDNS0_SUBNET, ok bool) {
	opt := state.Req.IsEdns0()
	if k.finder == nil || opt == nil {
		return nil, true
	}
	for _, option := range opt.Option {
		said, isSubnet := option.(*dns.EDNS0_SUBNET)
		if !isSubnet {
			continue
		}
		if !k.finder.Believes(clientAddress(state.W.RemoteAddr())) {
			return nil, true
		}
		// Bits of the address behind its length, and a scope in a query, are what RFC 7871, 6 and 7.1.1 forbid.
		network := subnetOf(said)
		return said, said.SourceScope == 0 && (said.Family == 0 || network.IsValid() && network == network.Masked())
	}
	return nil, true
}

// subnetOf returns the network of the option.
func subnetOf(option *dns.EDNS0_SUBNET) netip.Prefix {
	address, _ := netip.AddrFromSlice(option.Address)
	bits := int(option.SourceNetmask)
	const mapped = 96 // bits before an IPv4 address in an IPv6 one (RFC 4291, 2.5.5.2)
	if option.Family == 2 && bits >= mapped && address.Is4In6() {
		bits -= mapped
	} else if option.Family == 2 {
		return netip.PrefixFrom(address, bits)
	}
	return netip.PrefixFrom(address.Unmap(), bits)
}

// asksFrom is the network that a query comes from: one address, save where a resolver says a wider one.
func (a *asking) asksFrom(client *policy.Client) netip.Prefix {
	if a.subnet != nil {
		return subnetOf(a.subnet)
	}
	return netip.PrefixFrom(client.Address, client.Address.BitLen())
}

// Resolvers that hide who asks say as much as this of the address (RFC 7871, 11.1). What is wider says nothing of whether
// the client is one of a few.
const shortest4, shortest6 = 24, 56

// mayBeMember says whether the client may be one of the endpoints: it has the address of one, or all that is known of it is
// a narrow network that one is in.
func mayBeMember(e *endpoints, from netip.Prefix) bool {
	if !from.IsValid() || from.Bits() < shortest4 || from.Addr().Is6() && from.Bits() < shortest6 {
		return false
	}
	return e.hasIn(from)
}

// scopedSubnet is the option of the answer: the same network, and for how much of it the answer holds. One that does not
// look at the client is for everybody.
func (a *asking) scopedSubnet() *dns.EDNS0_SUBNET {
	scoped := *a.subnet
	scoped.SourceScope = 0
	if a.tailored {
		scoped.SourceScope = a.subnet.SourceNetmask
	}
	return &scoped
}
