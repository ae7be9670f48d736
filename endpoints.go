package headless

import (
	"net/netip"
	"sync"

	"github.com/headless-dns/headless/internal/sorted"
	"github.com/headless-dns/headless/source"
)

// list is some endpoints in an order. A changed list shares nearly everything with the one before.
type list = sorted.List[*source.Packed]

// endpoints are all endpoints of one service. The value is immutable: it is published as a whole and read by many.
type endpoints struct {
	content
	// facts are those of all endpoints, in their order; nil where policies look at nothing of them. See factsOf.
	facts []*facts
	// annotation is the name of a policy that the Service asks for, or empty.
	annotation string
	// onDemand and memo are all of the value that ever changes. memo is what policies make of the endpoints: *policies ->
	// *policySets.
	onDemand onDemand
	memo     sync.Map
}

// content is what the slices of a service say. The endpoints are numbered: first come the ready IPv4 ones, then the
// ready IPv6 ones, then those that are not ready; each part is in the order of the addresses.
type content struct {
	naming
	readyPart, unreadyPart part
	// ipv4 counts the ready ones with such an address.
	ipv4 int
	// portLists are the different lists of ports, ports the distinct ports of ready endpoints.
	portLists []portList
	ports     []portCount
	// repeatedPort says that two ports have one number, repeatedName that one name stands for several ready endpoints,
	// as it does for every pod with two addresses, and name is one of these.
	repeatedPort, repeatedName bool
	name                       string
	// shared counts the addresses that stand for several ready endpoints, of different names.
	shared int
}

// part are the endpoints that are ready, or those that are not. Each is there once for an address and a label, so that
// both orders are strict.
type part struct {
	byAddress list
	byLabel   list // those that have a label
}

// ready is the number of ready endpoints; they are the first ones.
func (c *content) ready() int { return c.readyPart.byAddress.Len() }

// len is the number of all endpoints.
func (c *content) len() int { return c.ready() + c.unreadyPart.byAddress.Len() }

// at returns the i-th of all endpoints.
func (c *content) at(i int) *source.Packed {
	if n := c.ready(); i >= n {
		return c.unreadyPart.byAddress.At(i - n)
	}
	return c.readyPart.byAddress.At(i)
}

// withAddress returns the endpoints that have the address: one, or one for each name that it has.
func (p *part) withAddress(address netip.Addr) []*source.Packed { return p.appendWith(nil, address) }

// appendWith appends them to a list.
func (p *part) appendWith(to []*source.Packed, address netip.Addr) []*source.Packed {
	for i := p.find(address); i < p.byAddress.Len() && p.byAddress.At(i).CompareTo(address) == 0; i++ {
		to = append(to, p.byAddress.At(i))
	}
	return to
}

// hasIn says whether there is one whose address is in the network.
func (p *part) hasIn(network netip.Prefix) bool {
	i := p.find(network.Masked().Addr())
	return i < p.byAddress.Len() && network.Contains(p.byAddress.At(i).Address())
}

// find returns where those stand that have the address, or the next ones.
func (p *part) find(address netip.Addr) int {
	return p.byAddress.Search(func(e *source.Packed) bool { return e.CompareTo(address) < 0 })
}

// readyAddresses returns the addresses of all that are ready, each once.
func (c *content) readyAddresses() []netip.Addr {
	var all []netip.Addr
	for p := range c.readyPart.byAddress.All() {
		if address := p.Address(); len(all) == 0 || all[len(all)-1] != address {
			all = append(all, address)
		}
	}
	return all
}

// repeated says that several ports of ready endpoints may make the same SRV record.
func (c *content) repeated() bool { return c.repeatedPort || c.repeatedName }

// onDemand are lists that few services need, made when a query first needs them.
type onDemand struct {
	addressesOnce, groupsOnce sync.Once
	addresses                 []*source.Packed
	groups                    map[source.PortsKey][]*source.Packed
}

// addresses returns one ready endpoint for each address.
func (e *endpoints) addresses() []*source.Packed {
	e.onDemand.addressesOnce.Do(func() {
		all := make([]*source.Packed, 0, e.ready())
		for p := range e.readyPart.byAddress.All() {
			all = append(all, p)
		}
		e.onDemand.addresses = oneForEachAddress(all)
	})
	return e.onDemand.addresses
}

// group returns the ready endpoints that have the list of ports.
func (e *endpoints) group(of source.PortsKey) []*source.Packed {
	e.onDemand.groupsOnce.Do(func() {
		e.onDemand.groups = make(map[source.PortsKey][]*source.Packed)
		for p := range e.readyPart.byAddress.All() {
			e.onDemand.groups[p.PortsKey()] = append(e.onDemand.groups[p.PortsKey()], p)
		}
	})
	return e.onDemand.groups[of]
}
