package policy

import "cmp"

// placeSeer is a step that reads only a part of places: those that are alike in it have the same outcome.
type placeSeer interface{ sees(p Place) Place }

// placeComparer is a step that looks at the client's place only by comparing it with the places of endpoints, or with
// those that their hints name. Places that compare alike have the same outcome then.
type placeComparer interface{ comparesPlaces() }

// placeClasses tells places apart as far as endpoints can: a node on which none of them runs, and which none of their
// hints names, is like any other such node. A cluster has many nodes, and a service endpoints on few.
type placeClasses struct {
	nodes, zones, regions map[string]struct{}
}

func classesOf(endpoints []Endpoint) *placeClasses {
	c := &placeClasses{nodes: map[string]struct{}{}, zones: map[string]struct{}{}, regions: map[string]struct{}{}}
	for i := range endpoints {
		e := &endpoints[i]
		c.nodes[e.Node], c.zones[e.Zone], c.regions[e.Region] = struct{}{}, struct{}{}, struct{}{}
		for _, node := range e.HintNodes {
			c.nodes[node] = struct{}{}
		}
		for _, zone := range e.HintZones {
			c.zones[zone] = struct{}{}
		}
	}
	return c
}

// of returns the place without what no endpoint has. It is for steps that compare places only: one that asks whether
// the client's zone is a certain one has another outcome in a zone without endpoints than where the zone is not known.
func (c *placeClasses) of(p Place) Place {
	if _, ok := c.nodes[p.Node]; !ok {
		p.Node = ""
	}
	if _, ok := c.zones[p.Zone]; !ok {
		p.Zone = ""
	}
	if _, ok := c.regions[p.Region]; !ok {
		p.Region = ""
	}
	return p
}

// unite returns all that two parts of a place have.
func unite(a, b Place) Place {
	return Place{Node: cmp.Or(a.Node, b.Node), Zone: cmp.Or(a.Zone, b.Zone), Region: cmp.Or(a.Region, b.Region)}
}
