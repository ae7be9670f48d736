package clients

import (
	"net/netip"
	"slices"

	"github.com/gaissmai/bart"

	"github.com/headless-dns/headless/policy"
)

// Subnet says where the clients of a network are.
type Subnet struct {
	Prefix netip.Prefix
	Place  policy.Place
}

// Config is what a block of the Corefile says of clients.
type Config struct {
	Sources Sources
	Subnets []Subnet
	// Shared are networks of addresses that many clients share, and SharedNodes says that addresses of nodes are such.
	Shared      []netip.Prefix
	SharedNodes bool
	// Resolvers are those whose word is believed on whom they ask for (EDNS client subnet).
	Resolvers []netip.Prefix
}

// Finder finds clients, as a block of the Corefile says. It is for concurrent use.
type Finder struct {
	subnets           bart.Table[subnetPlace]
	shared, resolvers bart.Lite
	sharedNodes       bool
	directory         *Directory
}

// subnetPlace is where the clients of a subnet are.
type subnetPlace struct {
	policy.Place
	node *node // nil where it names none, or nobody knows more of it
}

// NewFinder makes a finder that looks into a directory, which may be nil where the sources are none. It keeps nothing
// of the configuration.
func NewFinder(c *Config, directory *Directory) *Finder {
	f := &Finder{sharedNodes: c.SharedNodes, directory: directory}
	// Wide networks first: what a narrow one leaves open is that of the one around it.
	byLength := slices.SortedStableFunc(slices.Values(c.Subnets), func(a, b Subnet) int { return a.Prefix.Bits() - b.Prefix.Bits() })
	for _, s := range byLength {
		around, _ := f.subnets.LookupPrefix(s.Prefix)
		at := subnetPlace{Place: fill(s.Place, around.Place)}
		if directory != nil && at.Node != "" {
			at.node = directory.node(at.Node)
		}
		f.subnets.Insert(s.Prefix, at)
	}
	for _, prefix := range c.Shared {
		f.shared.Insert(prefix)
	}
	for _, prefix := range c.Resolvers {
		f.resolvers.Insert(prefix)
	}
	return f
}

// Believes says whether a resolver is believed on whom it asks for.
func (f *Finder) Believes(resolver netip.Addr) bool { return f.resolvers.Contains(resolver) }

// Find returns what is known of the client with an address, and what has told where it is. Of whom nothing is known
// only the address is there. identity says whether to find out which Pod it is too.
func (f *Finder) Find(address netip.Addr, identity bool) (policy.Client, Source) {
	client := policy.Client{Address: address}
	known := found{source: None}
	if f.directory != nil {
		known = f.directory.find(address)
	}
	subnet, _ := f.subnets.Lookup(address)
	client.Shared = f.shared.Contains(address) || f.sharedNodes && known.shared
	if identity && !client.Shared {
		f.identify(&client, &known)
	}
	return client, locate(&client, &subnet, &known)
}

// FindPrefix returns what is known of all clients of a network together: a place at the most.
func (f *Finder) FindPrefix(prefix netip.Prefix) (policy.Client, Source) {
	if prefix.IsSingleIP() {
		return f.Find(prefix.Addr(), true)
	}
	known := found{source: None}
	if f.directory != nil {
		known = f.directory.findPrefix(prefix)
	}
	subnet, _ := f.subnets.LookupPrefix(prefix)
	for _, narrower := range f.subnets.Subnets(prefix) {
		subnet = subnetPlace{Place: common(subnet.Place, narrower.Place)}
	}
	client := policy.Client{Shared: true}
	return client, locate(&client, &subnet, &known)
}

// locate puts together where a client is, and returns what has told it.
func locate(client *policy.Client, subnet *subnetPlace, known *found) Source {
	if subnet.Node != "" { // what the cluster knows of the address is about another node
		client.Place = fill(subnet.Place, placeOf(subnet.node))
		return FromSubnet
	}
	client.Place = fill(subnet.Place, known.place)
	switch {
	case known.place != policy.Place{}:
		return known.source
	case subnet.Place != policy.Place{}:
		return FromSubnet
	}
	return None
}

// identify says which Pod a client is.
func (f *Finder) identify(client *policy.Client, known *found) {
	switch {
	case known.pod != nil:
		client.Namespace, client.Pod = known.pod.kin.namespace, known.pod.name()
		if facts := known.pod.kin.facts; facts != nil {
			client.Labels = facts.Labels
		}
	case known.endpoint != nil:
		name := known.endpoint.Pod()
		client.Namespace, client.Pod, client.Labels = name.Namespace, name.Name, f.directory.labelsOf(name)
		client.LabelsUnknown = !f.directory.labelsRead.Load()
	}
}
