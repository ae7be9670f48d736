package policy

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
)

// cluster has two clients on each node, and a service of 20 endpoints for each five nodes.
type cluster struct {
	clients  []Client
	services [][]Endpoint
	chance   *rand.Rand
}

func newCluster(nodes, zones int) *cluster {
	c := &cluster{chance: rand.New(rand.NewPCG(1, 2))}
	places := make([]Place, nodes)
	for i := range places {
		places[i] = Place{Node: fmt.Sprintf("node-%d", i), Zone: fmt.Sprintf("zone-%d", i%zones), Region: "region"}
	}
	for i := range 2 * nodes {
		c.clients = append(c.clients, Client{Address: address4(i), Place: places[i%nodes]})
	}
	for range nodes / 5 {
		of := podsView(20).Endpoints
		for i := range of {
			place := places[c.chance.IntN(nodes)]
			of[i].Node, of[i].Zone, of[i].Region = place.Node, place.Zone, place.Region
		}
		c.services = append(c.services, of)
	}
	return c
}

// asked is what came of many questions.
type asked struct {
	hits       float64 // of all, how many found their outcome remembered
	used, heap int64   // octets
}

func (a asked) String() string {
	return fmt.Sprintf("%5.1f %% found, %8d octets counted, heap %8d octets", 100*a.hits, a.used, a.heap)
}

// ask asks so many questions by a policy before it measures as many. Each client asks for some of the services only.
func (c *cluster) ask(tb testing.TB, lines string, services, questions int, m *Memory) asked {
	tb.Helper()
	p, runs := policyOf(tb, lines), 0
	var prepared []*Prepared
	for _, endpoints := range c.services {
		one := Prepare(p, endpoints, nil, m, c.chance.Uint32N)
		// Each computation asks for the number that its turns begin with.
		one.random = func(uint32) uint32 { runs++; return 0 }
		prepared = append(prepared, one)
	}
	before := heapInUse()
	for range 2 {
		runs = 0
		for range questions {
			client := c.chance.IntN(len(c.clients))
			service := (client*7919 + c.chance.IntN(services)) % len(prepared)
			prepared[service].outcomeFor(&c.clients[client])
		}
	}
	of := asked{hits: 1 - float64(runs)/float64(questions), used: m.Used(), heap: heapInUse() - before}
	for _, one := range prepared {
		m.clear(one.shelf)
	}
	runtime.KeepAlive(c)
	return of
}

// worstPolicies are by how much is found at least, where every client asks for every service, no two questions having
// to do with one another, and where it asks for five.
var worstPolicies = []struct {
	lines     string
	all, five float64
}{
	{"nearest", 0.9, 0.9},
	{"nearest zone", 0.9, 0.9},
	{"nearest node zone\nrank zone == client.zone", 0.9, 0.9},
	{"prefer zone == client.zone", 0.9, 0.9},
	{"prefer node == client.node", 0, 0.9},
	{"prefer incidr(client.address, '10.0.0.0/12')", 0, 0.9},
}

// A tenth of the large cluster, with a tenth of the memory.
func TestMostIsRememberedWhereClientsAskForFewServices(t *testing.T) {
	needsLength(t)
	const limit = 32 << 20 / 10
	c := newCluster(500, 3)
	for _, p := range worstPolicies {
		for services, least := range map[int]float64{len(c.services): p.all, 5: p.five} {
			got := c.ask(t, p.lines, services, 30_000, NewMemory(limit))
			t.Logf("%3d services, %-48q %s", services, p.lines, got)
			if got.hits < least || got.used > limit || got.heap > limit*5/4 {
				t.Errorf("Expected %q to find %.0f %% in %d octets", p.lines, 100*least, limit)
			}
		}
	}
}

// BenchmarkLargeCluster asks for 1,000 services of 20 endpoints from 10,000 addresses on 5,000 nodes, all clients for
// all of them or each for five. Of most interest is what it reports beside the time.
func BenchmarkLargeCluster(b *testing.B) {
	for _, zones := range []int{3, 12} {
		c := newCluster(5_000, zones)
		for _, p := range worstPolicies {
			for _, services := range []int{len(c.services), 5} {
				b.Run(fmt.Sprintf("%s/%d_zones/%d_services", p.lines, zones, services), func(b *testing.B) {
					for b.Loop() {
						got := c.ask(b, p.lines, services, 300_000, NewMemory(32<<20))
						b.ReportMetric(100*got.hits, "%found")
						b.ReportMetric(float64(got.used), "B-counted")
						b.ReportMetric(float64(got.heap), "B-heap")
					}
				})
			}
		}
	}
}
