package clients

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/policy"
	"github.com/headless-dns/headless/source"
)

// model is what a Directory should know, computed from the objects as they are, slowly.
type model struct {
	nodes  map[string]*source.Node
	pods   map[types.NamespacedName]*source.Pod
	slices []*source.Slice
}

// zoneOf is the zone of a node as slices and the labels of its Pods tell it; its Node says another one.
func zoneOf(node string) string { return "zone-of-" + node }

func (m *model) place(node string) policy.Place {
	switch n := m.nodes[node]; {
	case node == "":
		return policy.Place{}
	case n != nil:
		return policy.Place{Node: node, Zone: n.Zone}
	}
	place := policy.Place{Node: node}
	m.each(func(e *source.Packed) {
		if e.Node() == node {
			place.Zone = zoneOf(node)
		}
	})
	return place
}

// placeOfPod is that of its node; what is not known of that, its own labels say.
func (m *model) placeOfPod(p *source.Pod) policy.Place {
	return fill(m.place(p.Client.Node), policy.Place{Zone: p.Client.Zone})
}

func agree(places []policy.Place) policy.Place {
	for _, other := range places {
		places[0] = common(places[0], other)
	}
	return places[0]
}

// find says where an address is, by what, and which Pod has it where that is known.
func (m *model) find(address netip.Addr) (place policy.Place, from Source, pod string) {
	var running, ending []*source.Pod
	for _, p := range m.pods {
		if slices.Contains(p.Client.Addresses, address) {
			if p.Client.Terminating {
				ending = append(ending, p)
			} else {
				running = append(running, p)
			}
		}
	}
	if len(running) == 0 {
		running = ending
	}
	if len(running) > 0 {
		var places []policy.Place
		for _, p := range running {
			places = append(places, m.placeOfPod(p))
		}
		if len(running) == 1 {
			pod = running[0].Name
		}
		return agree(places), FromPod, pod
	}
	return m.findElsewhere(address)
}

func (m *model) findElsewhere(address netip.Addr) (place policy.Place, from Source, pod string) {
	var hosts, members []policy.Place
	for _, n := range m.nodes {
		if slices.Contains(n.Addresses, address) {
			hosts = append(hosts, m.place(n.Name))
		}
	}
	for _, p := range m.pods {
		if slices.Contains(p.Client.HostAddresses, address) {
			hosts = append(hosts, m.place(p.Client.Node))
		}
	}
	if len(hosts) > 0 {
		return agree(hosts), FromNode, ""
	}
	if cidr := m.cidrs(address); len(cidr) > 0 && m.contradictions() == 0 {
		var places []policy.Place
		for _, node := range cidr {
			places = append(places, m.place(node))
		}
		return agree(places), FromPodCIDR, ""
	}
	pods := map[string]bool{}
	ending := map[bool]bool{}
	m.each(func(e *source.Packed) {
		if e.Address() == address {
			ending[e.Terminating()] = true
		}
	})
	m.each(func(e *source.Packed) {
		if e.Address() == address && (!e.Terminating() || !ending[false]) {
			members, pods[e.Pod().Name] = append(members, m.place(e.Node())), true
		}
	})
	switch len(members) {
	case 0:
		return policy.Place{}, None, ""
	default:
		if len(pods) == 1 {
			pod = slices.Collect(maps.Keys(pods))[0]
		}
		return agree(members), FromEndpoint, pod
	}
}

// cidrs are the nodes of the longest CIDR that holds the address.
func (m *model) cidrs(address netip.Addr) (nodes []string) {
	longest := -1
	for _, n := range m.nodes {
		for _, cidr := range n.PodCIDRs {
			switch {
			case !cidr.Contains(address) || cidr.Bits() < longest:
			case cidr.Bits() > longest:
				longest, nodes = cidr.Bits(), []string{n.Name}
			default:
				nodes = append(nodes, n.Name)
			}
		}
	}
	return nodes
}

func (m *model) contradictions() (n int) {
	m.each(func(e *source.Packed) {
		cidr := m.cidrs(e.Address())
		if len(cidr) > 0 && e.Ready() && m.nodes[e.Node()] != nil && !slices.Contains(cidr, e.Node()) {
			n++
		}
	})
	return n
}

func (m *model) each(do func(e *source.Packed)) {
	for _, s := range m.slices {
		for _, e := range s.Endpoints {
			if s.Controlled && e.Pod().Name != "" && e.Pod().Namespace == s.Namespace {
				do(e)
			}
		}
	}
}

func (m *model) check(directory *Directory) error {
	if got, want := directory.told.Contradictions, m.contradictions(); got != want {
		return fmt.Errorf("%d endpoints contradict, want %d", got, want)
	}
	finder := NewFinder(&Config{}, directory)
	for i := range 36 {
		address := netip.MustParseAddr(fmt.Sprintf("10.0.0.%d", i))
		if i >= 24 {
			address = netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", i-24))
		}
		client, from := finder.Find(address, true)
		place, wantFrom, pod := m.find(address)
		if place == nowhere {
			wantFrom = None // several claim it, in different places
		}
		if client.Place != place || from != wantFrom || client.Pod != pod {
			return fmt.Errorf("%s is %q at %+v by %s, want %q at %+v by %s", address, client.Pod, client.Place, from, pod, place, wantFrom)
		}
	}
	return nil
}

func TestAfterAnySequenceOfChangesClientsAreWhereTheObjectsSay(t *testing.T) {
	rounds := 400
	if testing.Short() {
		rounds /= 10
	}
	for round := range rounds {
		d := drawn{rand.New(rand.NewPCG(uint64(round), 5))}
		directory, m := directory(t, all), &model{nodes: map[string]*source.Node{}, pods: map[types.NamespacedName]*source.Pod{}}
		var steps []string
		for range 30 {
			steps = append(steps, d.step(directory, m))
			if err := m.check(directory); err != nil {
				t.Fatalf("In round %d, after\n%s\n%v", round, strings.Join(steps, "\n"), err)
			}
		}
		directory.Leave(m.slices...)
		directory.ReplaceNodes(nil)
		directory.ReplacePods("", nil)
		if left := directory.left(); left != "" {
			t.Fatalf("In round %d, when everything is gone, there is left %s, after\n%s", round, left, strings.Join(steps, "\n"))
		}
	}
}

// left says what a Directory holds on to, empty for nothing.
func (d *Directory) left() string {
	var left []string
	for name := range d.nodes.names {
		left = append(left, "node "+name)
	}
	if n := d.nodes.cidrs.Load().Size(); n > 0 {
		left = append(left, fmt.Sprintf("%d CIDRs", n))
	}
	if len(d.pods.kins)+len(d.pods.names("")) > 0 {
		left = append(left, fmt.Sprintf("%d kins of %d pods", len(d.pods.kins), len(d.pods.names(""))))
	}
	if n := d.pods.addresses.Len() + d.nodes.hosts.Len() + d.endpoints.addresses.Len(); n > 0 {
		left = append(left, fmt.Sprintf("%d addresses", n))
	}
	if d.told != (Counts{}) || len(d.endpoints.slices) > 0 {
		left = append(left, fmt.Sprintf("counts %+v and %d slices", d.told, len(d.endpoints.slices)))
	}
	return strings.Join(left, ", ")
}
