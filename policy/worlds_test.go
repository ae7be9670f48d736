package policy

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
)

// world is what a policy is tried on: the endpoints of a service, the nodes of the cluster, and who asks.
type world struct {
	endpoints []Endpoint
	nodes     map[string]int
	clients   []Client
}

// dice make random worlds. There are few names of each sort, so that much meets by chance, and none is among them.
type dice struct{ *rand.Rand }

func roll(seed uint64) dice { return dice{rand.New(rand.NewPCG(seed, 0))} }

// oneOf picks a word; an empty one stands for what is not known.
func (d dice) oneOf(words ...string) string { return words[d.IntN(len(words))] }

// often is true so many times of ten.
func (d dice) often(tenths int) bool { return d.IntN(10) < tenths }

func (d dice) place() Place {
	return Place{
		Node:   d.oneOf("", "n1", "n2", "n3", "n4"),
		Zone:   d.oneOf("", "a", "b", "c"),
		Region: d.oneOf("", "east", "west"),
	}
}

// world makes one of up to size endpoints.
func (d dice) world(size int) world {
	w := world{endpoints: make([]Endpoint, d.IntN(size+1))}
	zoneHints, nodeHints, known, healthy := d.IntN(3)*5, d.IntN(3)*5, d.IntN(11), 5+d.IntN(6)
	addresses := d.Perm(256)
	for i := range w.endpoints {
		e := &w.endpoints[i]
		*e = d.endpoint(addresses[i], known, healthy)
		if d.often(zoneHints) {
			e.HintZones = d.some("", "a", "b", "c", "d")
		}
		if d.often(nodeHints) {
			e.HintNodes = d.some("n1", "n2", "n3", "n5")
		}
	}
	if d.often(8) {
		w.nodes = map[string]int{}
		for _, zone := range d.some("a", "b", "c", "d") {
			w.nodes[zone] = d.IntN(4)
		}
	}
	for range 4 {
		w.clients = append(w.clients, d.client())
	}
	w.clients = append(w.clients, Client{})
	return w
}

// some picks up to three of the words, each once.
func (d dice) some(words ...string) []string {
	d.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
	return slices.Clone(words[:d.IntN(4)])
}

func (d dice) endpoint(number, known, healthy int) Endpoint {
	e := Endpoint{
		Address:     netip.AddrFrom4([4]byte{10, 0, 0, byte(number)}),
		Hostname:    d.oneOf("", "", "web-0", "web-1", "web-10", "web-2", "db-1", "db-02", "plain"),
		Ready:       d.often(healthy),
		Serving:     d.often(healthy),
		Terminating: !d.often(healthy),
		NodeReady:   d.often(healthy),
		PortNames:   d.some("http", "grpc", "metrics", ""),
		Labels:      map[string]string{"tier": d.oneOf("db", "web"), "weight": d.oneOf("", "0", "1", "2.5", "many")},
		Annotations: map[string]string{"role": d.oneOf("primary", "replica")},
	}
	if d.often(3) {
		e.Address = netip.AddrFrom16([16]byte{0: 0xfd, 15: byte(number)})
	}
	if d.often(7) {
		e.Namespace, e.Pod = "default", fmt.Sprintf("web-%d", d.IntN(2*(1+number)))
	}
	if d.often(known) {
		p := d.place()
		e.Node, e.Zone, e.Region = p.Node, p.Zone, p.Region
	}
	return e
}

// tiers are the labels of clients' Pods: those of a Pod are the same wherever it asks from.
var tiers = map[string]map[string]string{
	"default/web-0": {"tier": "web"}, "default/cart": {}, "shop/web-0": {"tier": "db"}, "shop/cart": {"tier": "web"},
}

func (d dice) client() Client {
	c := Client{Address: netip.AddrFrom4([4]byte{10, 1, 0, byte(d.IntN(8))}), Shared: d.often(1), Place: d.place()}
	if d.often(2) {
		c.Node, c.Zone = "n9", d.oneOf("a", "z")
	}
	if d.often(6) {
		c.Namespace, c.Pod = d.oneOf("default", "shop"), d.oneOf("web-0", "cart")
		c.Labels = tiers[c.Namespace+"/"+c.Pod]
	}
	return c
}

// settings makes random ones, that of overload only if it may.
func (d dice) settings(overload bool) Settings {
	var s Settings
	switch d.IntN(3) {
	case 0:
		s.Min = d.IntN(4)
	case 1:
		s.MinPercent = d.IntN(101)
	}
	if d.often(3) {
		s.Spare = 1 + d.IntN(3)
	}
	if overload && d.often(3) {
		s.Overload = 100 + d.IntN(300)
	}
	return s
}

// ranks divides some of n endpoints into ranks. They lie one behind the other in memory, so that whoever appends to
// one writes into the next.
func (d dice) ranks(n int) Ranks {
	divided := make(Ranks, 1+d.IntN(3))
	keep := 1 + d.IntN(10)
	for i := range n {
		if d.often(keep) {
			r := d.IntN(len(divided))
			divided[r] = append(divided[r], int32(i))
		}
	}
	divided = slices.DeleteFunc(divided, func(rank []int32) bool { return len(rank) == 0 })
	memory := slices.Concat(divided...)
	for r, rank := range divided {
		divided[r], memory = memory[:len(rank)], memory[len(rank):]
	}
	return divided
}

// weights are random ones of n endpoints, or none.
func (d dice) weights(n int) []float64 {
	if d.often(5) {
		return nil
	}
	weights := make([]float64, n)
	for i := range weights {
		weights[i] = float64(d.IntN(4))
	}
	return weights
}
