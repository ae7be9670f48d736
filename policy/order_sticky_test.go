package policy

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
)

// stickyNames is a client's order, by the hostnames of the endpoints.
func stickyNames(view *View, k int) []string {
	var hosts []string
	for _, i := range firstOf(sticky{}, k, view) {
		hosts = append(hosts, view.Endpoints[i].Hostname)
	}
	return hosts
}

// An endpoint that goes leaves all others in their order, for every client; so does one that comes, the same change
// backwards. Thus with a limit only those clients change that had it, or that have it now, and they change nothing
// else.
func TestAnEndpointThatGoesMovesNoOther(t *testing.T) {
	const n = 50
	view := podsView(n)
	for c := range 200 {
		view.Client = clientNumber(c)
		before := stickyNames(view, n)
		gone := c % n
		fewer := *view
		fewer.Endpoints = slices.Delete(slices.Clone(view.Endpoints), gone, gone+1)
		place := slices.Index(before, view.Endpoints[gone].Hostname)
		want := slices.Delete(slices.Clone(before), place, place+1)
		if got := stickyNames(&fewer, n-1); !slices.Equal(got, want) {
			t.Fatalf("Client %d had %v and has %v", c, before, got)
		}
		// With a limit, of those who had it, another one takes its place; the others keep what they had.
		for _, limit := range []int{1, 3, 10} {
			had := place < limit
			if kept := slices.Equal(stickyNames(&fewer, limit), before[:limit]); kept == had {
				t.Fatalf("Client %d had the endpoint among %d: %t, and keeps all: %t", c, limit, had, kept)
			}
		}
	}
}

// One more endpoint comes first for one client of n+1. Of 20,000 that is 200 with a standard deviation of 14: off by
// 80 once in some ten million times.
func TestANewEndpointTakesOnlyItsShare(t *testing.T) {
	needsLength(t)
	const n, clients = 99, 20000
	before, after := podsView(n), podsView(n+1)
	moved := 0
	for c := range clients {
		before.Client, after.Client = clientNumber(c), clientNumber(c)
		was, is := firstOf(sticky{}, 1, before)[0], firstOf(sticky{}, 1, after)[0]
		if was == is {
			continue
		}
		if moved++; is != n {
			t.Fatalf("Client %d moved from %d to %d, not to the new one", c, was, is)
		}
	}
	if want := clients / (n + 1); moved < want-80 || moved > want+80 {
		t.Errorf("%d clients moved, not %d", moved, want)
	}
}

func TestBothFamiliesHaveTheSameOrder(t *testing.T) {
	const n = 200
	v4, v6 := podsView(n), podsView(n)
	for i := range v6.Endpoints {
		v6.Endpoints[i].Address = netip.AddrFrom16([16]byte{0: 0xfd, 13: 1, 14: byte(n - i), 15: byte(7 * i)})
	}
	for c := range 100 {
		v4.Client, v6.Client = clientNumber(c), clientNumber(c)
		if a, aaaa := firstOf(sticky{}, 10, v4), firstOf(sticky{}, 10, v6); !slices.Equal(a, aaaa) {
			t.Fatalf("Client %d has %v for A and %v for AAAA", c, a, aaaa)
		}
	}
}

// Replicas of the server may have the endpoints in any order, and hashes made beforehand or not. Two endpoints have
// one hostname, and two more the other: these go by their addresses.
func TestAReplicaHasTheSameOrder(t *testing.T) {
	const n = 300
	view := podsView(n)
	for i := range view.Endpoints {
		view.Endpoints[i].Pod = ""
		view.Endpoints[i].Hostname = fmt.Sprintf("host-%d", i%(n-2))
	}
	chance := rand.New(rand.NewPCG(7, 7))
	for c := range 100 {
		other := *view
		other.Endpoints = slices.Clone(view.Endpoints)
		chance.Shuffle(n, func(i, j int) {
			other.Endpoints[i], other.Endpoints[j] = other.Endpoints[j], other.Endpoints[i]
		})
		other.Hashes = hashAll(sticky{}, other.Endpoints)
		view.Client, other.Client = clientNumber(c), clientNumber(c)
		for _, k := range []int{1, 10, n} {
			mine, its := firstOf(sticky{}, k, view), firstOf(sticky{}, k, &other)
			for place := range mine {
				if view.Endpoints[mine[place]].Address != other.Endpoints[its[place]].Address {
					t.Fatalf("Client %d has different endpoints at place %d of %d", c, place, k)
				}
			}
		}
	}
}

// The first few are found by a bound that most likely more than enough are below. Where they are not, all are looked
// at: here all endpoints but one have the same hash, so that mostly none is below it.
func TestTheFirstAreFoundWhereTheHashesAreNotEven(t *testing.T) {
	view := podsView(1000)
	view.Hashes = make([]uint64, len(view.Endpoints))
	view.Hashes[500] = 1
	for c := range 200 {
		view.Client = clientNumber(c)
		all := firstOf(sticky{}, 1000, view)
		if got := firstOf(sticky{}, 3, view); !slices.Equal(got, all[:3]) {
			t.Fatalf("Client %d has %v first, and of all %v", c, got, all[:3])
		}
	}
}

func TestWhoIsNotKnownHasNoOrderOfItsOwn(t *testing.T) {
	const n, runs = 10, 10000
	for name, client := range map[string]Client{
		"shared":  {Address: netip.MustParseAddr("10.0.0.1"), Shared: true},
		"unknown": {},
	} {
		view := podsView(n)
		view.Client = client
		seen := map[int32]int{}
		for range runs {
			seen[firstOf(sticky{}, 3, view)[0]]++
		}
		checkChances(t, name, seen, evenly[int32](runs, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9))
	}
}
