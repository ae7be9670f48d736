package headless

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/miekg/dns"

	"github.com/headless-dns/headless/source"
)

// placed is a ready endpoint with a Pod, on a node in a zone.
func placed(address, pod, node, zone string) source.Endpoint {
	e := zoned(address, pod, zone)
	e.Node, e.Pod = node, nsName("default", pod)
	return e
}

// nodeAt is a Node that is ready, with addresses.
func nodeAt(name, zone string, addresses ...string) *source.Node {
	n := &source.Node{Name: name, Zone: zone, Region: "north", Ready: true}
	for _, address := range addresses {
		n.Addresses = append(n.Addresses, netip.MustParseAddr(address))
	}
	return n
}

// nearClients is a plugin that gives clients what is near them: a service with two endpoints in each of three zones, on
// nodes of their own.
func nearClients(tb testing.TB, lines, policy string) *Headless {
	tb.Helper()
	h := withBlock(tb, "clients {\n"+lines+"\n}\npolicy near {\n"+policy+"\n}\napply near */*")
	for i, zone := range []string{"a", "a", "b", "b", "c", "c"} {
		h.cache.SetNode(nodeAt(fmt.Sprintf("n%d", i), zone, fmt.Sprintf("172.16.0.%d", i)))
	}
	return withService(h,
		placed("10.0.0.0", "db-0", "n0", "a"), placed("10.0.0.1", "db-1", "n1", "a"), placed("10.0.0.2", "db-2", "n2", "b"),
		placed("10.0.0.3", "db-3", "n3", "b"), placed("10.0.0.4", "db-4", "n4", "c"), placed("10.0.0.5", "db-5", "n5", "c"))
}

// expectFor checks which addresses a client gets.
func expectFor(t *testing.T, h *Headless, address string, want ...string) {
	t.Helper()
	expectAnswered(t, h, client{address: address, edns: 1232}, want...)
}

func expectAnswered(t *testing.T, h *Headless, from client, want ...string) *dns.Msg {
	t.Helper()
	m := ask(t, h, ofDB, dns.TypeA, from)
	got := addressesOf(m.Answer)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("Client %s gets %v (%s), want %v", from.address, got, dns.RcodeToString[m.Rcode], want)
	}
	return m
}

var wholeSet = []string{"10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"}

func TestEachClientGetsWhatIsOnItsNodeElseInItsZoneElseAll(t *testing.T) {
	h := nearClients(t, "nodes", "nearest node zone")
	expectFor(t, h, "172.16.0.2", "10.0.0.2")
	h.cache.SetNode(nodeAt("n9", "b", "172.16.0.9"))
	expectFor(t, h, "172.16.0.9", "10.0.0.2", "10.0.0.3")
	h.cache.SetNode(nodeAt("n9", "d", "172.16.0.9"))
	expectFor(t, h, "172.16.0.9", wholeSet...)
	expectFor(t, h, "192.0.2.1", wholeSet...)
	h.cache.LostNodes()
	expectFor(t, h, "172.16.0.2", wholeSet...)
}

func TestTheLabelsOfAClientsPodAreHeldAgainstThoseOfEndpoints(t *testing.T) {
	h := nearClients(t, "pods", "prefer client.namespace == 'shop' and pod == client.labels['own']")
	h.cache.SetPod(&source.Pod{
		NamespacedName: nsName("shop", "web"), Facts: &source.PodFacts{Labels: map[string]string{"own": "db-4"}},
		Client: source.PodClient{Addresses: []netip.Addr{netip.MustParseAddr("10.9.0.1")}},
	})
	expectFor(t, h, "10.9.0.1", "10.0.0.4")
	h.cache.LostPods()
	expectFor(t, h, "10.9.0.1", wholeSet...)
}

// Only a service with a selector has slices that the controller takes care of.
func TestEndpointsAreClientsWhereTheirServiceHasASelector(t *testing.T) {
	h := withBlock(t, "clients {\nendpoints\n}\npolicy near {\nnearest zone\nmembers same\n}\napply near */*")
	slice := sliceWith("default", "db", "db-1", placed("10.0.0.1", "db-0", "n0", "a"), placed("10.0.0.2", "db-1", "n1", "b"))
	slice.Controlled = true
	h.cache.SetSlice(slice)
	h.cache.SetService(headlessService("default", "db"))
	expectFor(t, h, "10.0.0.1", "10.0.0.1", "10.0.0.2")
	selected := headlessService("default", "db")
	selected.Selected = true
	h.cache.SetService(selected)
	expectFor(t, h, "10.0.0.1", "10.0.0.1")
	expectFor(t, h, "10.0.0.2", "10.0.0.2")
	moved := sliceWith("default", "db", "db-1", placed("10.0.0.1", "db-0", "n0", "a"), placed("10.0.0.3", "db-1", "n1", "b"))
	moved.Controlled = true
	h.cache.SetSlice(moved)
	expectFor(t, h, "10.0.0.2", "10.0.0.1", "10.0.0.3")
	expectFor(t, h, "10.0.0.3", "10.0.0.3")
	h.cache.SetService(headlessService("default", "db"))
	expectFor(t, h, "10.0.0.3", "10.0.0.1", "10.0.0.3")
}

func TestBehindASharedAddressAnAnswerThatFitsFitsTheClientsThere(t *testing.T) {
	h := withService(withBlock(t, "clients {\nshared 10.9.0.0/16\n}\npolicy some {\nlimit fit\n}\napply some */*"), manyReady(1000)...)
	for _, each := range []struct {
		from   client
		octets int
	}{
		{client{address: "10.9.0.1", tcp: true}, 512},
		{client{address: "10.9.0.1", tcp: true, edns: 4096}, 1232},
		{client{address: "10.9.0.1", tcp: true, edns: 100}, 512},
		{client{address: "10.9.0.1", edns: 4096}, 1232},
		{client{address: "10.8.0.1", edns: 4096}, 4096},
		{client{address: "10.8.0.1", tcp: true}, 65535},
	} {
		m := ask(t, h, ofDB, dns.TypeA, each.from)
		m.Compress = true
		if n := m.Len(); n > each.octets || n < min(each.octets, 15_000)-2*recordOctets || m.Truncated {
			t.Errorf("Client %+v gets %d octets (truncated: %t), want up to %d", each.from, n, m.Truncated, each.octets)
		}
	}
}

func TestSharesOfZonesFollowTheNodesThatThereAre(t *testing.T) {
	h := nearClients(t, "nodes", "nearest zone\noverload 150%")
	expectFor(t, h, "172.16.0.2", "10.0.0.2", "10.0.0.3")
	for i := range 8 { // 10 of 14 nodes for a third of the endpoints
		h.cache.SetNode(nodeAt(fmt.Sprintf("more-%d", i), "b", fmt.Sprintf("172.16.1.%d", i)))
	}
	expectFor(t, h, "172.16.0.2", wholeSet...)
	for i := range 8 {
		h.cache.DeleteNode(fmt.Sprintf("more-%d", i))
	}
	expectFor(t, h, "172.16.0.2", "10.0.0.2", "10.0.0.3")
}
