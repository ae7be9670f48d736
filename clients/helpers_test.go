package clients

import (
	"net/netip"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/policy"
	"github.com/headless-dns/headless/source"
)

func name(text string) types.NamespacedName {
	return types.NamespacedName{Namespace: "default", Name: text}
}

func parsed(texts ...string) []netip.Addr {
	var all []netip.Addr
	for _, text := range texts {
		all = append(all, netip.MustParseAddr(text))
	}
	return all
}

// aNode is a Node in a zone with addresses and, behind a slash, pod CIDRs.
func aNode(name, zone string, networks ...string) *source.Node {
	n := &source.Node{Name: name, Zone: zone, Ready: true}
	for _, text := range networks {
		if prefix, err := netip.ParsePrefix(text); err == nil {
			n.PodCIDRs = append(n.PodCIDRs, prefix)
		} else {
			n.Addresses = append(n.Addresses, netip.MustParseAddr(text))
		}
	}
	return n
}

// aPod is a Pod on a node with addresses of its own.
func aPod(pod, node string, own ...string) *source.Pod {
	return &source.Pod{NamespacedName: name(pod), Client: source.PodClient{Node: node, Addresses: parsed(own...)}}
}

// aSlice is a slice of the endpointslice controller.
func aSlice(endpoints ...source.Endpoint) *source.Slice { return controlled(true, endpoints...) }

func controlled(is bool, endpoints ...source.Endpoint) *source.Slice {
	s := &source.Slice{NamespacedName: name("db-1"), Service: "db", Controlled: is}
	return s.With(nil, endpoints...)
}

// anEndpoint is one with a Pod behind it.
func anEndpoint(address, pod, node, zone string) source.Endpoint {
	return source.Endpoint{Address: netip.MustParseAddr(address), Pod: name(pod), Node: node, Zone: zone, Ready: true, Serving: true}
}

// all are all sources.
var all = Sources{Nodes: true, Pods: true, Endpoints: true}

func directory(t testing.TB, of Sources) *Directory {
	t.Helper()
	return NewDirectory(of, func(before, after Counts) {
		if before == after {
			t.Errorf("It tells of a change from %+v to the same", before)
		}
	})
}

// expect checks where the client of an address is, and what has told it.
func expect(t *testing.T, f *Finder, what, address string, want policy.Place, from Source) {
	t.Helper()
	client, source := f.Find(netip.MustParseAddr(address), true)
	if client.Place != want || source != from {
		t.Errorf("%s: %s is at %+v by %s, want %+v by %s", what, address, client.Place, source, want, from)
	}
}

func at(node, zone string) policy.Place { return policy.Place{Node: node, Zone: zone} }

var nowhere = policy.Place{}
