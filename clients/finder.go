package clients

import (
	"net/netip"
	"slices"

	"github.com/gaissmai/bart"

	"k8s.io/apimachinery/pkg/types"

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
	subnets           bart.Table[policy.Place]
	shared, resolvers bart.Lite
	sharedNodes       bool
	directory         *Directory
}

// NewFinder makes a finder that looks into a directory, which may be nil where the sources are none. It keeps nothing
// of the configuration.
func NewFinder(c *Config, directory *Directory) *Finder {
	f := &Finder{sharedNodes: c.SharedNodes, directory: directory}
	// Wide networks first: what a narrow one leaves open is that of the one around it.
	byLength := slices.SortedStableFunc(slices.Values(c.Subnets), func(a, b Subnet) int { return a.Prefix.Bits() - b.Prefix.Bits() })
	for _, s := range byLength {
		around, _ := f.subnets.LookupPrefix(s.Prefix)
		f.subnets.Insert(s.Prefix, fill(s.Place, around))
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
	return client, f.locate(&client, subnet, &known)
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
	client := policy.Client{Shared: true}
	return client, f.locate(&client, subnet, &known)
}

// locate puts together where a client is, and returns what has told it.
func (f *Finder) locate(client *policy.Client, subnet policy.Place, known *found) Source {
	client.Place = subnet
	if subnet.Node != "" && f.directory != nil {
		if n, ok := f.directory.nodes.find(subnet.Node); ok {
			client.Place = fill(client.Place, *n.place.Load())
		}
	}
	if subnet.Node == "" {
		client.Place = fill(client.Place, known.place)
	}
	switch {
	case known.place != policy.Place{} && subnet.Node == "":
		return known.source
	case subnet != policy.Place{}:
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
		name := types.NamespacedName(known.endpoint.Pod)
		client.Namespace, client.Pod, client.Labels = name.Namespace, name.Name, f.directory.labelsOf(name)
	}
}
