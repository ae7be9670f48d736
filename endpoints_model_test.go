package headless

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/source"
)

// everything is all that answers look at beside the lists of endpoints, in a form that can be compared.
type everything struct {
	ipv4, shared int
	repeated     bool
	ports        map[source.Port]int
	portLists    map[source.PortsKey][2]int
}

func everythingOf(e *endpoints) everything {
	all := everything{ipv4: e.ipv4, shared: e.shared, repeated: e.repeated(), ports: map[source.Port]int{}, portLists: map[source.PortsKey][2]int{}}
	for _, port := range e.ports {
		all.ports[port.Port] = port.endpoints
	}
	for _, list := range e.portLists {
		all.portLists[list.key] = [2]int{list.ready, list.all}
	}
	return all
}

// countedAnew is the same, of the lists alone.
func countedAnew(e *endpoints) everything {
	all := everything{ports: map[source.Port]int{}, portLists: map[source.PortsKey][2]int{}}
	addresses, names, numbers := map[netip.Addr]int{}, map[string]bool{}, map[uint16]source.Port{}
	for i := range e.len() {
		p := e.at(i)
		list := all.portLists[p.PortsKey()]
		list[1]++
		if p.Ready() {
			list[0]++
			for _, port := range p.Ports() {
				all.ports[port]++
				other, known := numbers[port.Number]
				all.repeated = all.repeated || known && other != port
				numbers[port.Number] = port
			}
			if addresses[p.Address()]++; addresses[p.Address()] == 2 {
				all.shared++
			}
			if p.Is4() {
				all.ipv4++
			}
			name := string(e.appendLabel(nil, p))
			all.repeated = all.repeated || names[name]
			names[name] = true
		}
		all.portLists[p.PortsKey()] = list
	}
	return all
}

// checkEqual checks that two values answer the same.
func checkEqual(t *testing.T, got, want *endpoints) {
	t.Helper()
	if got, want := everythingOf(got), countedAnew(got); !reflect.DeepEqual(got, want) {
		t.Fatalf("The endpoints are %+v, want %+v", got, want)
	}
	all := func(of list) []*source.Packed { return slices.Collect(of.All()) }
	for what, of := range map[string][2][]*source.Packed{
		"ready":                  {all(got.readyPart.byAddress), all(want.readyPart.byAddress)},
		"unready":                {all(got.unreadyPart.byAddress), all(want.unreadyPart.byAddress)},
		"with a label":           {all(got.readyPart.byLabel), all(want.readyPart.byLabel)},
		"unready with a label":   {all(got.unreadyPart.byLabel), all(want.unreadyPart.byLabel)},
		"one of each address":    {got.addresses(), want.addresses()},
		"those with mysql alone": {got.group(mysqlAlone), want.group(mysqlAlone)},
	} {
		if !slices.EqualFunc(of[0], of[1], func(a, b *source.Packed) bool { return a.Compare(b) == 0 && a.PortsKey() == b.PortsKey() }) {
			t.Fatalf("%s: there are %d, want %d, or other ones", what, len(of[0]), len(of[1]))
		}
	}
}

var mysqlAlone = sliceWith("", "", "", ready("10.0.0.1", "")).Endpoints[0].PortsKey()

// The model: after any sequence of changes a service's endpoints are those of its slices, joined anew; and whatever a
// service has of its slices is of these and not of older ones.
func TestAfterAnyChangesTheEndpointsAreThoseOfTheSlices(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 1))
	rounds := 45
	if testing.Short() {
		rounds /= 5
	}
	for round := range rounds {
		podNames := random.IntN(2) == 0
		c := newEndpointsCache(cacheShape{reverse: true, podNames: podNames})
		t.Cleanup(c.close)
		c.SetService(headlessService("default", "db"))
		world := world{Rand: random, addresses: []int{8, 60, 700}[round%3], slices: map[types.NamespacedName]*source.Slice{}}
		for range 60 {
			world.change(c)
			got, _ := c.lookup("db.default")
			want := joined(slices.Collect(maps.Values(world.slices)), podNames)
			checkEqual(t, got, want)
			world.checkCrowded(t, c)
			world.checkReverse(t, c, got)
			world.checkOwners(t, c, got)
		}
	}
}

// world is the slices of one service.
type world struct {
	*rand.Rand
	addresses int // that there are
	slices    map[types.NamespacedName]*source.Slice
}

// change makes a random change, as it comes from one of a source's calls.
func (w *world) change(c *endpointsCache) {
	next := w.slice(fmt.Sprint("s", w.IntN(5)))
	older := w.slices[next.NamespacedName]
	switch w.IntN(8) {
	case 0:
		delete(w.slices, next.NamespacedName)
		c.DeleteSlice(next.NamespacedName)
	case 1: // everything is listed again, and something has changed
		w.slices[next.NamespacedName] = next
		other := w.slice(fmt.Sprint("s", w.IntN(5)))
		w.slices[other.NamespacedName] = other
		c.ReplaceSlices("", slices.Collect(maps.Values(w.slices)))
	case 2, 3:
		w.slices[next.NamespacedName] = next
		c.SetSlice(next)
	default:
		if older != nil {
			next = w.changed(older)
		}
		w.slices[next.NamespacedName] = next
		c.SetSlice(next)
	}
}

var worldPorts = [][]source.Port{{mysql}, {mysql}, {{Name: "mysql", Protocol: "tcp", Number: 3307}}, {mysql, {Name: "metrics", Protocol: "tcp", Number: 9104}}, nil}

func (w *world) slice(name string) *source.Slice {
	all := make([]source.Endpoint, w.IntN(1+w.addresses/2))
	for i := range all {
		all[i] = w.endpoint()
	}
	return sliceWithPorts("default", "db", name, worldPorts[w.IntN(len(worldPorts))], all...)
}

// changed is the next state of a slice, with the endpoints that have not changed taken over.
func (w *world) changed(older *source.Slice) *source.Slice {
	var all []source.Endpoint
	var ports []source.Port
	for _, p := range older.Endpoints {
		ports = p.Ports()
		switch e := p.Unpack(); w.IntN(20) {
		case 0:
		case 1:
			e.Ready, e.Terminating = !e.Ready, w.IntN(2) == 0
			all = append(all, e)
		case 2:
			all = append(all, e, w.endpoint())
		default:
			all = append(all, e)
		}
	}
	next := sliceWithPorts("default", "db", older.Name, ports, all...)
	next.TakeOver(older)
	return next
}

func (w *world) endpoint() source.Endpoint {
	n := w.IntN(w.addresses)
	address := netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)})
	if w.IntN(3) == 0 {
		address = netip.AddrFrom16([16]byte{0: 0x20, 1: 1, 14: byte(n >> 8), 15: byte(n)})
	}
	names := []string{"", "", fmt.Sprint("db-", n), fmt.Sprint("db-", n), fmt.Sprint("db-", w.IntN(w.addresses)), fmt.Sprint("10-0-0-", n&255)}
	e := source.Endpoint{Address: address, Hostname: names[w.IntN(len(names))], Ready: w.IntN(4) > 0, Serving: w.IntN(2) == 0, Terminating: w.IntN(5) == 0}
	if w.IntN(2) == 0 {
		e.Pod = nsName([]string{"default", "other"}[w.IntN(2)], cmp.Or(e.Hostname, fmt.Sprint("pod.", n)))
		e.Node, e.Zone = fmt.Sprint("node-", w.IntN(3)), fmt.Sprint("zone-", w.IntN(2))
		e.Hints = []*source.Hints{nil, {Zones: []string{"zone-0", "zone-1"}}, {Nodes: []string{"node-0"}}}[w.IntN(3)]
	}
	return e
}

// checkCrowded checks that what is kept for addresses that stand in the slices more than once is what stands there.
func (w *world) checkCrowded(t *testing.T, c *endpointsCache) {
	t.Helper()
	want := map[netip.Addr]map[*source.Packed]int{}
	for _, s := range w.slices {
		for _, p := range s.Endpoints {
			if want[p.Address()] == nil {
				want[p.Address()] = map[*source.Packed]int{}
			}
			want[p.Address()][p]++
		}
	}
	crowded := c.services[nsName("default", "db")].crowded
	for address, all := range want {
		n := 0
		for _, times := range all {
			n += times
		}
		if got := crowded[address]; n > 1 && len(got) != n || n < 2 && got != nil {
			t.Fatalf("%s stands in the slices %d times, and %d are kept", address, n, len(got))
		}
		for _, p := range crowded[address] {
			if all[p] == 0 {
				t.Fatalf("%+v is kept and stands in no slice", p.Unpack())
			}
		}
	}
	for address := range crowded {
		if want[address] == nil {
			t.Fatalf("%s is kept and stands in no slice", address)
		}
	}
}

func (w *world) checkReverse(t *testing.T, c *endpointsCache, e *endpoints) {
	t.Helper()
	if got, want := c.reverse.services.Len(), len(e.addresses()); got != want {
		t.Fatalf("The reverse index has %d addresses, want %d", got, want)
	}
	for _, p := range e.addresses() {
		if len(c.reverse.lookup(p.Address())) != 1 {
			t.Fatalf("%s is not in the reverse index", p.Address())
		}
	}
}

// checkOwners checks that every endpoint is one of a slice, save one that has the ports of several:
// others would be in memory twice.
func (w *world) checkOwners(t *testing.T, c *endpointsCache, e *endpoints) {
	t.Helper()
	crowded := c.services[nsName("default", "db")].crowded
	known := map[*source.Packed]bool{}
	for _, s := range w.slices {
		for _, p := range s.Endpoints {
			known[p] = true
		}
	}
	for _, part := range []part{e.readyPart, e.unreadyPart} {
		for _, of := range []list{part.byAddress, part.byLabel} {
			for p := range of.All() {
				if !known[p] && crowded[p.Address()] == nil {
					t.Fatalf("%+v is in none of the slices", p.Unpack())
				}
			}
		}
	}
}
