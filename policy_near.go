package headless

import (
	"math"

	"github.com/coredns/coredns/plugin/metadata"

	"github.com/headless-dns/headless/policy"
)

// Tiers are how near all endpoints of the first rank of an answer are to the client.
const (
	tierNode = iota
	tierZone
	tierRegion
	tierAny
	tierUnknown // nobody knows where the client is
	tierCount
)

var tierNames = [tierCount]string{"node", "zone", "region", "any", "unknown"}

// reach is how near the endpoints of an answer are to the client.
type reach struct {
	tier int
	// same, other and unknown count endpoints by whether they are in the client's zone.
	same, other, unknown int
}

// measure counts how near an answer is, where the Corefile says how clients are known. The answer has endpoints of the
// policy's set, in their order.
func (a *asking) measure(c *chosen, counters *policyCounters, answered []int32) {
	if a.finder == nil || len(answered) == 0 {
		return
	}
	r := c.set.placed().reach(&c.client.Place, answered, c.First())
	counters.reach.count(r)
	if a.tellsMetadata && counters == &c.policy.applied {
		metadata.SetValueFunc(a.ctx, "headless/tier", func() string { return tierNames[r.tier] })
	}
}

// placeNumbers are numbers for the places of endpoints, so that an answer of thousands can be measured quickly.
type placeNumbers struct {
	nodes, zones, regions column
}

// column is the number of a name for each endpoint; 0 is the empty name.
type column struct {
	numbers map[string]int32
	of      []int32
}

func numberPlaces(endpoints []policy.Endpoint) *placeNumbers {
	return &placeNumbers{
		nodes:   newColumn(endpoints, func(e *policy.Endpoint) string { return e.Node }),
		zones:   newColumn(endpoints, func(e *policy.Endpoint) string { return e.Zone }),
		regions: newColumn(endpoints, func(e *policy.Endpoint) string { return e.Region }),
	}
}

func newColumn(endpoints []policy.Endpoint, name func(e *policy.Endpoint) string) column {
	c := column{numbers: map[string]int32{"": 0}, of: make([]int32, len(endpoints))}
	for i := range endpoints {
		text := name(&endpoints[i])
		number, ok := c.numbers[text]
		if !ok {
			number = int32(len(c.numbers)) // #nosec G115 -- a service has fewer endpoints
			c.numbers[text] = number
		}
		c.of[i] = number
	}
	return c
}

// number returns that of a client's place: one that no endpoint has where none is there.
func (c *column) number(name string) int32 {
	if number, ok := c.numbers[name]; ok && name != "" {
		return number
	}
	return math.MaxInt32
}

// all says whether all of the endpoints have a number.
func (c *column) all(endpoints []int32, number int32) bool {
	for _, i := range endpoints {
		if c.of[i] != number {
			return false
		}
	}
	return true
}

// reach measures an answer of these endpoints, of which the first few are of the first rank.
func (n *placeNumbers) reach(client *policy.Place, answered []int32, first int) (r reach) {
	r.tier = n.tier(client, answered[:min(first, len(answered))])
	if client.Zone == "" {
		r.unknown = len(answered)
		return r
	}
	zone := n.zones.number(client.Zone)
	for _, i := range answered {
		switch n.zones.of[i] {
		case zone:
			r.same++
		case 0:
			r.unknown++
		default:
			r.other++
		}
	}
	return r
}

func (n *placeNumbers) tier(client *policy.Place, first []int32) int {
	switch {
	case *client == policy.Place{}:
		return tierUnknown
	case n.nodes.all(first, n.nodes.number(client.Node)):
		return tierNode
	case n.zones.all(first, n.zones.number(client.Zone)):
		return tierZone
	case n.regions.all(first, n.regions.number(client.Region)):
		return tierRegion
	}
	return tierAny
}
