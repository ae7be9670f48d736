package headless

import (
	"net/netip"
	"slices"
	"sort"
	"strings"

	"github.com/headless-dns/headless/source"
)

// endpoint is one address of a service. What the source decoded is shared with the slice that it came in.
type endpoint struct {
	*source.Endpoint
	// label is the first label of the endpoint's own name where it has one: its hostname, else (with
	// endpoint_pod_names) its pod's name. An endpoint without is called by its address; see appendLabel.
	label string
	// ports are shared with the other endpoints of the slice.
	ports []source.Port
}

// appendLabel appends the first label of the endpoint's name to b: its label, else its address with dashes in the
// place of dots and colons. A label must not end in a dash, so an IPv6 address that ends in "::" gets a zero.
func (e *endpoint) appendLabel(b []byte) []byte {
	if e.label != "" {
		return append(b, e.label...)
	}
	from := len(b)
	b = e.Address.AppendTo(b)
	for i, c := range b[from:] {
		if c == '.' || c == ':' {
			b[from+i] = '-'
		}
	}
	if b[len(b)-1] == '-' {
		b = append(b, '0')
	}
	return b
}

// endpoints are all endpoints of one service. The value is immutable: it is published as a whole and read by many.
type endpoints struct {
	// all begins with the ready IPv4 ones, then the ready IPv6 ones, then those that are not ready; each part is in
	// the order of the addresses.
	all []endpoint
	// ipv4 and ipv6 count the ready ones.
	ipv4, ipv6 int
	// rdata holds the ready addresses as they go on the wire, in the order of all.
	rdata []byte
	// labelled are the ready ones that have a label, in its order: they are found by a binary search.
	labelled []int32
	// ports are the distinct ports of ready endpoints; portLists groups these endpoints by their ports where not all
	// have the same ones.
	ports     []portCount
	portLists []portList
	// repeated says that several ports of ready endpoints may make the same SRV record: where one name stands for
	// several endpoints, as it does for every pod with two addresses, or where two ports have one number.
	repeated bool
	// addresses has one ready endpoint for each address, where one address stands for several of different names;
	// else it is nil.
	addresses []int32
}

// portCount is a port, and how many ready endpoints have it.
type portCount struct {
	source.Port
	endpoints int
}

// portList are the ready endpoints that share a list of ports, those of a slice, in their order.
type portList struct {
	ports     []source.Port
	endpoints []int32
}

// ready is the number of ready endpoints; they are the first of all.
func (e *endpoints) ready() int { return e.ipv4 + e.ipv6 }

// newEndpoints builds the value from endpoints without duplicates in the order of their addresses (see join).
func newEndpoints(joined []endpoint) *endpoints {
	e := &endpoints{all: make([]endpoint, 0, len(joined))}
	for _, ep := range joined {
		if ep.Ready {
			e.addReady(ep)
		}
	}
	for _, ep := range joined {
		if !ep.Ready {
			e.all = append(e.all, ep)
		}
	}
	slices.SortStableFunc(e.labelled, func(a, b int32) int { return strings.Compare(e.all[a].label, e.all[b].label) })
	e.repeated = e.repeatsNames()
	e.countPorts()
	e.findAddresses()
	return e
}

// repeatsNames says whether several ready endpoints have one name.
func (e *endpoints) repeatsNames() bool {
	for i, at := range e.labelled {
		label := e.all[at].label
		if i > 0 && e.all[e.labelled[i-1]].label == label || len(e.dashed(label)) > 0 {
			return true
		}
	}
	return false
}

// findAddresses notes one endpoint for each address, where there are more endpoints than addresses.
func (e *endpoints) findAddresses() {
	for i := 1; i < e.ready() && e.addresses == nil; i++ {
		if e.all[i].Address != e.all[i-1].Address {
			continue
		}
		list := make([]int32, e.ready())
		for at := range list {
			list[at] = int32(at) // #nosec G115 -- a service has fewer endpoints
		}
		e.addresses = e.oneForEachAddress(list)
	}
}

func (e *endpoints) addReady(ep endpoint) {
	if ep.label != "" {
		e.labelled = append(e.labelled, int32(len(e.all))) // #nosec G115 -- a service has fewer endpoints
	}
	if ep.Address.Is4() {
		e.ipv4++
	} else {
		e.ipv6++
	}
	e.rdata = append(e.rdata, ep.Address.AsSlice()...)
	e.all = append(e.all, ep)
}

// ip returns the wire form of the i-th ready endpoint's address. It is shared with every other answer.
func (e *endpoints) ip(i int) []byte {
	if i < e.ipv4 {
		return e.rdata[4*i : 4*i+4 : 4*i+4]
	}
	at := 4*e.ipv4 + 16*(i-e.ipv4)
	return e.rdata[at : at+16 : at+16]
}

// named returns the ready endpoints whose name begins with the label, in their order: those that have the label, and
// the one that is called by the address that the label spells.
func (e *endpoints) named(label string) []int32 {
	from := sort.Search(len(e.labelled), func(i int) bool { return e.all[e.labelled[i]].label >= label })
	to := from
	for to < len(e.labelled) && e.all[e.labelled[to]].label == label {
		to++
	}
	dashed := e.dashed(label)
	if len(dashed) == 0 {
		return e.labelled[from:to]
	}
	both := slices.Concat(dashed, e.labelled[from:to])
	slices.Sort(both)
	return both
}

// dashed returns the ready endpoint without a label that is called by its address, as the label has it.
func (e *endpoints) dashed(label string) []int32 {
	// An address has two dashes at least, and ends in a digit: most labels are not looked at any further.
	if strings.Count(label, "-") < 2 || strings.IndexByte("0123456789abcdef", label[len(label)-1]) < 0 {
		return nil
	}
	address, err := netip.ParseAddr(strings.ReplaceAll(label, "-", "."))
	if err != nil {
		address, err = netip.ParseAddr(strings.ReplaceAll(label, "-", ":"))
	}
	if err != nil {
		return nil
	}
	for _, i := range e.at(address) {
		var name [64]byte
		// There are many ways to write an IPv6 address; one of them is the name.
		if e.all[i].label == "" && string(e.all[i].appendLabel(name[:0])) == label {
			return []int32{i}
		}
	}
	return nil
}

// at returns the ready endpoints that have the address: one, or one for each name that it has.
func (e *endpoints) at(address netip.Addr) []int32 {
	ready := e.all[:e.ready()]
	first := sort.Search(len(ready), func(i int) bool { return !ready[i].Address.Less(address) })
	var found []int32
	for i := first; i < len(ready) && ready[i].Address == address; i++ {
		found = append(found, int32(i)) // #nosec G115 -- a service has fewer endpoints
	}
	return found
}
