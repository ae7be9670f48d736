package headless

import (
	"slices"
	"strings"
	"sync"

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
	// labelled are the ready ones that have a label, in its order: they are found by a binary search. unreadyLabelled
	// are those that are not ready.
	labelled, unreadyLabelled []int32
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
	// facts are those of all, in its order; nil where policies look at nothing of them. See factsOf.
	facts []*facts
	// annotation is the name of a policy that the Service asks for, or empty.
	annotation string
	// memo is what policies make of the endpoints: *policies -> *policySets. It is all of the value that ever changes.
	memo sync.Map
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
			e.addUnready(ep)
		}
	}
	e.sortByLabel(e.labelled)
	e.sortByLabel(e.unreadyLabelled)
	e.repeated = e.repeatsNames()
	e.countPorts()
	e.findAddresses()
	return e
}

// repeatsNames says whether several ready endpoints have one name.
func (e *endpoints) repeatsNames() bool {
	for i, at := range e.labelled {
		label := e.all[at].label
		if i > 0 && e.all[e.labelled[i-1]].label == label || len(e.dashed(label, 0, e.ready())) > 0 {
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

func (e *endpoints) addUnready(ep endpoint) {
	if ep.label != "" {
		e.unreadyLabelled = append(e.unreadyLabelled, int32(len(e.all))) // #nosec G115 -- a service has fewer endpoints
	}
	e.all = append(e.all, ep)
}

func (e *endpoints) sortByLabel(list []int32) {
	slices.SortStableFunc(list, func(a, b int32) int { return strings.Compare(e.all[a].label, e.all[b].label) })
}

// ip returns the wire form of the i-th endpoint's address. That of a ready one is shared with every other answer.
func (e *endpoints) ip(i int) []byte {
	switch {
	case i >= e.ready():
		return e.all[i].Address.AsSlice()
	case i < e.ipv4:
		return e.rdata[4*i : 4*i+4 : 4*i+4]
	}
	at := 4*e.ipv4 + 16*(i-e.ipv4)
	return e.rdata[at : at+16 : at+16]
}
