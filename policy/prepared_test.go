package policy

import (
	"fmt"
	"sync/atomic"
	"testing"
)

// computations is how often a policy computes an outcome when clients ask, each twice.
func computations(tb testing.TB, lines string, endpoints []Endpoint, clients ...Client) int {
	tb.Helper()
	runs := 0
	p := Prepare(policyOf(tb, lines), endpoints, nil, NewMemory(1<<20), func(uint32) uint32 { runs++; return 0 })
	runs = 0
	for range 2 {
		for i := range clients {
			p.outcomeFor(&clients[i])
		}
	}
	return runs
}

// clientsEverywhere are two clients on each of 40 nodes in four zones and two regions, a node and a zone without
// endpoints of podsView among them.
func clientsEverywhere() (clients []Client) {
	for i := range 80 {
		node := i / 2
		clients = append(clients, Client{Address: address4(i), Place: Place{
			Node: fmt.Sprintf("node-%d", node), Zone: fmt.Sprintf("zone-%d", node%4), Region: fmt.Sprintf("region-%d", node%2),
		}})
	}
	return clients
}

// Of 20 endpoints there are two on each of the nodes 0 to 9, in the zones 0 to 2, and in an unknown region.
func TestAnOutcomeIsComputedOnceForAllThatIsLookedAt(t *testing.T) {
	for lines, want := range map[string]int{
		"keep zone == 'zone-1'":                        0,
		"prefer zone == client.zone":                   4,
		"prefer region == client.region":               2,
		"rank node == client.node":                     40,
		"prefer client.zone != 'zone-3'":               4,
		"prefer client.address == address":             80,
		"nearest":                                      10 + 4, // each node with endpoints, and each zone as any other node
		"nearest zone\nrank zone":                      10 + 4,
		"nearest\nprefer zone == client.zone":          10 + 4,
		"nearest\nprefer client.zone == 'zone-3'":      10 + 4,
		"nearest\nprefer region == client.region":      10 + 4,
		"prefer node == client.node\nnearest":          40,
		"nearest\nkeep ready":                          10 + 4,
		"nearest\nprefer client.address == address":    80,
		"prefer zone == client.zone and zone != 'zzz'": 4,
	} {
		if got := computations(t, lines, podsView(20).Endpoints, clientsEverywhere()...); got != want {
			t.Errorf("Expected %d computations of %q, but there were %d", want, lines, got)
		}
	}
}

// A zone without endpoints is like no zone for what compares zones, but not for an expression that names it.
func TestAZoneWithoutEndpointsIsNotFoldedWhereAnExpressionReadsIt(t *testing.T) {
	for _, c := range []struct {
		lines, zone string
		want        int
	}{
		{"keep client.zone == 'zone-9'", "zone-9", 6},
		{"keep client.zone == 'zone-9'", "zone-8", 0},
		{"keep client.zone == 'zone-9'", "", 6}, // what is not known skips the step
		{"nearest\nkeep client.zone == 'zone-9'", "zone-9", 6},
		{"nearest\nkeep client.zone == 'zone-9'", "zone-8", 0},
		{"nearest\nkeep client.zone == 'zone-9'", "", 6},
		{"keep client.zone == 'zone-9'\nnearest", "zone-9", 6},
		{"keep client.zone == 'zone-9' and client.node == 'x'\nnearest", "zone-9", 6},
	} {
		p := Prepare(policyOf(t, c.lines), podsView(6).Endpoints, nil, NewMemory(1<<20), seeded(1))
		p.Choose(&Client{Place: Place{Node: "node-0", Zone: "zone-0"}}) // who must not be mistaken for the next one
		if got := p.Choose(&Client{Place: Place{Zone: c.zone}}).Len(); got != c.want {
			t.Errorf("By %q a client of zone %q gets %d endpoints, not %d", c.lines, c.zone, got, c.want)
		}
	}
}

// An own step that reads the place is given all of it.
func TestAnOwnStepOfThePlaceHasAllOfIt(t *testing.T) {
	p, runs := withCounting(t, OnPlace, "nearest")
	prepared := Prepare(p, podsView(20).Endpoints, nil, NewMemory(1<<20), seeded(1))
	for _, client := range clientsEverywhere() {
		prepared.Choose(&client)
	}
	if runs.Load() != 40 {
		t.Errorf("It ran %d times for clients on 40 nodes", runs.Load())
	}
}

func TestStepsRunAsOftenAsTheyDependOnSomething(t *testing.T) {
	for depends, want := range map[Depends]int32{OnEndpoints: 1, OnPlace: 40, OnClient: 80, OnQuery: 160} {
		p, runs := withCounting(t, depends, "order sticky")
		prepared := Prepare(p, podsView(20).Endpoints, nil, NewMemory(1<<20), seeded(1))
		for range 2 {
			for _, client := range clientsEverywhere() {
				prepared.Choose(&client)
			}
		}
		if runs.Load() != want {
			t.Errorf("A step that depends on %d ran %d times for 160 questions, not %d", depends, runs.Load(), want)
		}
	}
}

// What stands behind a step that is remembered, or late, has its outcome for its input.
func TestAStepRunsNoSoonerThanThoseBeforeIt(t *testing.T) {
	p, before := withCounting(t, OnClient, "keep ready")
	behind := new(atomic.Int32)
	p.steps = append(p.steps, namedStep{Step: counting{OnEndpoints, behind}})
	prepared := Prepare(p, podsView(20).Endpoints, nil, NewMemory(1<<20), seeded(1))
	for n := range 10 {
		if got := prepared.Choose(&Client{Address: address4(1 + n)}).Len(); got != 19 {
			t.Errorf("Client %d gets %d endpoints", n, got)
		}
	}
	if before.Load() != 10 || behind.Load() != 10 {
		t.Errorf("For ten clients the first step ran %d times, the one behind it %d times", before.Load(), behind.Load())
	}
}
