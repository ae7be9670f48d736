package headless

import (
	"net/netip"

	"github.com/coredns/coredns/request"

	"github.com/miekg/dns"
)

// believedSubnet returns whom a query is asked for (EDNS client subnet, RFC 7871), where the resolver that says so is
// one that is believed; of all others it is as if they had said nothing. ok is false where the option is malformed.
func (h *Headless) believedSubnet(state *request.Request) (subnet *dns.EDNS0_SUBNET, ok bool) {
	opt := state.Req.IsEdns0()
	if h.finder == nil || opt == nil {
		return nil, true
	}
	for _, option := range opt.Option {
		said, isSubnet := option.(*dns.EDNS0_SUBNET)
		if !isSubnet {
			continue
		}
		if !h.finder.Believes(clientAddress(state.W.RemoteAddr())) {
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
	if option.Family == 1 {
		address = address.Unmap()
	}
	return netip.PrefixFrom(address, int(option.SourceNetmask))
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
