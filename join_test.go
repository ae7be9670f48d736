package headless

import (
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"github.com/headless-dns/headless/source"
)

// joined returns the endpoints of slices, joined anew.
func joined(of []*source.Slice, podNames bool) *endpoints {
	var all change
	for _, s := range of {
		all.add(nil, s.Endpoints)
	}
	j := joiner{naming: naming{podNames}, before: &content{}, crowded: make(map[netip.Addr][]*source.Packed)}
	j.join(all)
	return &endpoints{content: j.content()}
}

// selected returns those of a selection.
func selected(s selection) []*source.Packed {
	var all []*source.Packed
	for i := range s.len() {
		all = append(all, s.at(i))
	}
	return all
}

// readyNames returns the ready addresses with the labels of their names, such as "10.0.0.1 db-0".
func readyNames(e *endpoints) []string {
	var names []string
	for p := range e.readyPart.byAddress.All() {
		names = append(names, p.Address().String()+" "+string(e.appendLabel(nil, p)))
	}
	return names
}

func TestDuplicatesAcrossSlicesFollowKubeProxysRule(t *testing.T) {
	tests := map[string]struct {
		first, second source.Endpoint
		want          []string
	}{
		"the same endpoint in two slices is one":                             {ready("10.0.0.1", "a"), ready("10.0.0.1", "a"), []string{"10.0.0.1 a"}},
		"one that is ready in one slice is ready":                            {ready("10.0.0.1", "a"), unready("10.0.0.1", "a"), []string{"10.0.0.1 a"}},
		"a terminating one gives its address to a new pod":                   {terminating(ready("10.0.0.1", "a")), ready("10.0.0.1", "b"), []string{"10.0.0.1 b"}},
		"a terminating one gives its address to a pod that is not yet ready": {terminating(ready("10.0.0.1", "a")), unready("10.0.0.1", "b"), nil},
		"two terminating ones both stay":                                     {terminating(ready("10.0.0.1", "a")), terminating(ready("10.0.0.1", "b")), []string{"10.0.0.1 a", "10.0.0.1 b"}},
		"two names of one address are two endpoints":                         {ready("10.0.0.1", "a"), ready("10.0.0.1", "b"), []string{"10.0.0.1 a", "10.0.0.1 b"}},
		"a name and none are two endpoints":                                  {ready("10.0.0.1", ""), ready("10.0.0.1", "b"), []string{"10.0.0.1 10-0-0-1", "10.0.0.1 b"}},
		"IPv4 comes before IPv6":                                             {ready("2001:db8::1", "a"), ready("10.0.0.1", "a"), []string{"10.0.0.1 a", "2001:db8::1 a"}},
	}
	for what, test := range tests {
		t.Run(what, func(t *testing.T) {
			one, two := sliceWith("default", "db", "one", test.first), sliceWith("default", "db", "two", test.second)
			for _, order := range [][]*source.Slice{{one, two}, {two, one}} {
				if got := readyNames(joined(order, false)); !slices.Equal(got, test.want) {
					t.Errorf("Joined to %q, want %q", got, test.want)
				}
			}
		})
	}
}

func TestPortsOfOneEndpointInSeveralSlicesAreUnited(t *testing.T) {
	one := sliceWith("default", "db", "one", ready("10.0.0.1", "a"))
	ports := []source.Port{mysql, {Name: "metrics", Protocol: "tcp", Number: 9104}}
	two := sliceWithPorts("default", "db", "two", ports, ready("10.0.0.1", "a"))
	e := joined([]*source.Slice{one, two}, false)
	if got := e.at(0).Ports(); !slices.Equal(got, []source.Port{ports[1], mysql}) {
		t.Errorf("The ports are %v, want %v", got, ports)
	}
	if ports := one.Endpoints[0].Ports(); len(ports) != 1 {
		t.Errorf("The first slice's ports were changed: %v", ports)
	}
}

// The law that replicas of CoreDNS rest on: the order in which slices arrived leaves no trace, and they are not
// written to.
func TestTheOrderOfSlicesAndEndpointsLeavesNoTrace(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 1))
	for range 200 {
		of := randomSlices(random)
		before := cloneSlices(of)
		want := joined(of, false)
		if !reflect.DeepEqual(of, before) {
			t.Fatal("Joining wrote to the slices")
		}
		shuffled := cloneSlices(of)
		random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		for _, s := range shuffled {
			random.Shuffle(len(s.Endpoints), func(i, j int) { s.Endpoints[i], s.Endpoints[j] = s.Endpoints[j], s.Endpoints[i] })
		}
		if got := joined(shuffled, false); !reflect.DeepEqual(readyNames(got), readyNames(want)) || got.len() != want.len() {
			t.Fatalf("Joined in another order:\n%q\nwant\n%q", readyNames(got), readyNames(want))
		}
	}
}

// The law of names: whatever name an endpoint is given in an SRV record finds that endpoint, and among the ready ones
// only.
func TestEveryReadyEndpointIsFoundByItsName(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 1))
	for range 200 {
		e := joined(randomSlices(random), random.IntN(2) == 0)
		for i := range e.len() {
			p := e.at(i)
			name := string(e.appendLabel(nil, p))
			if found := slices.Contains(selected(e.named(name)), p); found != p.Ready() {
				t.Fatalf("Endpoint %+v is found by its name %q: %t", p.Unpack(), name, found)
			}
		}
	}
}

func TestAnAddressHasOneNameOnly(t *testing.T) {
	e := joined([]*source.Slice{sliceWith("default", "db", "1", ready("2001:db8::", ""), ready("10.0.0.1", ""), ready("10.0.0.2", "a"))}, false)
	for _, name := range []string{"2001-db8--0", "10-0-0-1", "a"} {
		if e.named(name).len() != 1 {
			t.Errorf("%q is not found", name)
		}
	}
	for _, name := range []string{"2001-db8-0-0-0-0-0-0", "2001-db8--", "2001-DB8--0", "10-0-0-2", "10-0-0-9", "", "-", "b"} {
		if e.named(name).len() != 0 {
			t.Errorf("%q is found", name)
		}
	}
}

func TestPodNamesAreUsedWhereTheyAreLabels(t *testing.T) {
	with := func(address, hostname, pod string) source.Endpoint {
		e := ready(address, hostname)
		e.Pod = nsName("default", pod)
		return e
	}
	of := []*source.Slice{sliceWith("default", "db", "1", with("10.0.0.1", "", "web-1"), with("10.0.0.2", "host", "web-2"), with("10.0.0.3", "", "a.b"), with("10.0.0.4", "", ""))}
	if got, want := readyNames(joined(of, true)), []string{"10.0.0.1 web-1", "10.0.0.2 host", "10.0.0.3 10-0-0-3", "10.0.0.4 10-0-0-4"}; !slices.Equal(got, want) {
		t.Errorf("With endpoint_pod_names the names are %q, want %q", got, want)
	}
}

// randomSlices is a service of few addresses and many duplicates, in both families.
func randomSlices(random *rand.Rand) []*source.Slice {
	of := make([]*source.Slice, 1+random.IntN(4))
	for i := range of {
		var endpoints []source.Endpoint
		for range random.IntN(6) {
			address := netip.AddrFrom4([4]byte{10, 0, 0, byte(random.IntN(4))})
			if random.IntN(2) == 0 {
				address = netip.AddrFrom16([16]byte{0x20, 1, 15: byte(random.IntN(3))})
			}
			endpoints = append(endpoints, source.Endpoint{
				Address: address, Hostname: []string{"", "a", "b"}[random.IntN(3)], Pod: nsName("default", []string{"", "p", "q.r"}[random.IntN(3)]),
				Ready: random.IntN(3) > 0, Terminating: random.IntN(3) == 0,
			})
		}
		of[i] = sliceWith("default", "db", string(rune('a'+i)), endpoints...)
	}
	return of
}

func cloneSlices(of []*source.Slice) []*source.Slice {
	clones := make([]*source.Slice, len(of))
	for i, s := range of {
		clone := *s
		clone.Endpoints = slices.Clone(s.Endpoints)
		clones[i] = &clone
	}
	return clones
}
