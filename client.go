package headless

import (
	"net"
	"net/netip"

	"github.com/coredns/coredns/request"

	"github.com/miekg/dns"

	"github.com/headless-dns/headless/clients"
	"github.com/headless-dns/headless/policy"
)

// findClient says who asks, as far as it is known, and counts it.
func (a *asking) findClient() policy.Client {
	client, source := a.whoAsks(a.state, a.subnet, a.policies.identify)
	by := byAddress
	if a.subnet != nil {
		by = bySubnet
	}
	if a.finder != nil {
		clientsFound.count(source, by)
	}
	return client
}

// whoAsks says who asks, or for whom a resolver says that it asks. identify says whether to find out which Pod it is.
func (k knowledge) whoAsks(state *request.Request, subnet *dns.EDNS0_SUBNET, identify bool) (policy.Client, clients.Source) {
	address := clientAddress(state.W.RemoteAddr())
	switch {
	case k.finder == nil:
		return policy.Client{Address: address}, clients.None
	case subnet == nil:
		return k.finder.Find(address, identify)
	case subnet.SourceNetmask == 0: // the client wants nobody to know (RFC 7871, 7.1.2)
		return policy.Client{Shared: true}, clients.None
	}
	return k.finder.FindPrefix(subnetOf(subnet))
}

// clientPlace says where the client is that a query comes from, for metadata.
func (k knowledge) clientPlace(state *request.Request) policy.Place {
	subnet, ok := k.believedSubnet(state)
	if !ok {
		return policy.Place{}
	}
	client, _ := k.whoAsks(state, subnet, false)
	return client.Place
}

// clientAddress returns where a query came from.
func clientAddress(remote net.Addr) netip.Addr {
	switch remote := remote.(type) {
	case *net.UDPAddr:
		return remote.AddrPort().Addr().Unmap().WithZone("")
	case *net.TCPAddr:
		return remote.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// What an answer to clients behind a shared address may take, whatever it comes over: a cache of a node asks over TCP,
// and hands the answer on over UDP, to clients without EDNS (RFC 1035, 4.2.1) or with the size that resolvers announce.
const (
	plainOctets    = 512
	resolverOctets = 1232
)

// sharedOctets is how long an answer to a shared address is at most that is to fit.
func sharedOctets(query *dns.Msg) int {
	if opt := query.IsEdns0(); opt != nil {
		return max(plainOctets, min(resolverOctets, int(opt.UDPSize())))
	}
	return plainOctets
}
