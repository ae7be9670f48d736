package policy

import (
	"cmp"
	"slices"
	"strings"
)

func (m *model) nearest(words string) {
	near := m.near(words)
	for n, group := range near {
		before := m.ranks
		m.narrow(group.has)
		if m.count() >= m.least() && !m.overloaded(group, m.count(), count(before)) {
			m.spare(before, near, n)
			return
		}
		m.ranks = before
	}
}

// place is somewhere near the client.
type place struct {
	level, name string
	has         func(i int) bool
}

// near returns where the client is, as far as it is known and asked for, the closest first.
func (m *model) near(words string) []place {
	if words == "" {
		words = "node zone region"
	}
	var near []place
	e := m.world.endpoints
	for _, p := range []place{
		{"node", m.client.Node, func(i int) bool { return e[i].Node == m.client.Node }},
		{"zone", m.client.Zone, func(i int) bool { return e[i].Zone == m.client.Zone }},
		{"region", m.client.Region, func(i int) bool { return e[i].Region == m.client.Region }},
	} {
		if slices.Contains(strings.Fields(words), p.level) && p.name != "" {
			near = append(near, p)
		}
	}
	return near
}

// overloaded: the share of the endpoints times the percentage is below the share of the nodes.
func (m *model) overloaded(p place, size, of int) bool {
	all := 0
	for _, n := range m.world.nodes {
		all += n
	}
	if m.setting("overload") == 0 || all == 0 || p.level == "region" {
		return false
	}
	nodes := 1
	if p.level == "zone" {
		nodes = m.world.nodes[p.name]
	}
	return size*m.setting("overload")*all < nodes*100*of
}

// hints: node before zone, if all ready endpoints have them, and one is for here.
func (m *model) hints() {
	var near []place
	for _, level := range []string{"node", "zone"} {
		client := map[string]string{"node": m.client.Node, "zone": m.client.Zone}[level]
		hintsOf := func(i int) []string {
			return map[string][]string{
				"node": m.world.endpoints[i].HintNodes, "zone": m.world.endpoints[i].HintZones,
			}[level]
		}
		without, here := 0, 0
		for i := range m.world.endpoints {
			if m.world.endpoints[i].Ready && len(hintsOf(i)) == 0 {
				without++
			}
			if m.world.endpoints[i].Ready && client != "" && slices.Contains(hintsOf(i), client) {
				here++
			}
		}
		if without == 0 && here > 0 {
			has := func(i int) bool { return slices.Contains(hintsOf(i), client) }
			near = append(near, place{level: "hint", name: client, has: has})
		}
	}
	if len(near) == 0 {
		return
	}
	before := m.ranks
	if m.narrow(near[0].has); m.count() < m.least() {
		m.ranks = before
		return
	}
	m.spare(before, near, 0)
}

// spare: some of the next closest, of which the hashes choose, ranked last.
func (m *model) spare(before [][]int, near []place, chosen int) {
	var hashed uint64
	for _, p := range near {
		if slices.ContainsFunc(slices.Concat(before...), p.has) {
			hashed = mix(hashed ^ hash(p.name))
		}
	}
	distance := func(i int) int {
		for n, p := range near[chosen+1:] {
			if p.has(i) {
				return n
			}
		}
		return len(near)
	}
	others := slices.DeleteFunc(slices.Concat(before...), near[chosen].has)
	slices.SortFunc(others, func(i, j int) int {
		one, other := &m.world.endpoints[i], &m.world.endpoints[j]
		return cmp.Or(
			cmp.Compare(distance(i), distance(j)),
			cmp.Compare(mix(hashed^hash(one.Identity())), mix(hashed^hash(other.Identity()))),
			one.Address.Compare(other.Address),
		)
	})
	if others = others[:min(len(others), m.setting("spare"))]; len(others) > 0 {
		slices.Sort(others)
		m.ranks = append(m.ranks, others)
	}
}
