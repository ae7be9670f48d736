package clients

import (
	"net/netip"

	"github.com/headless-dns/headless/internal/addresses"
	"github.com/headless-dns/headless/source"
)

// endpointTable has the endpoints of slices that can be believed. Who may write slices must not be able to say where
// others are, so only those count that the endpointslice controller keeps, of services with a selector, and in them
// what has a Pod of the same namespace behind it.
type endpointTable struct {
	slices map[*source.Slice]struct{}
	// addresses is nil where endpoints are no source of clients.
	addresses *addresses.Table[*member]
}

// member is an endpoint that may be a client.
type member struct {
	*source.Packed
	node *node // nil where it is on none
}

func newEndpointTable(asClients bool) endpointTable {
	t := endpointTable{slices: map[*source.Slice]struct{}{}}
	if asClients {
		t.addresses = addresses.New(func(m *member, address netip.Addr) bool { return m.Address() == address })
	}
	return t
}

// trusted calls each for the endpoints of a slice that can be believed.
func trusted(s *source.Slice, each func(e *source.Packed)) {
	if !s.Controlled {
		return
	}
	for _, e := range s.Endpoints {
		if pod := e.Pod(); pod.Name != "" && pod.Namespace == s.Namespace {
			each(e)
		}
	}
}

// mostClaims bounds how many endpoints of one address are held: a Pod stands behind a few services. Of more, nobody
// could say which is right.
const mostClaims = 64

// enter takes over an endpoint on a node, nil for none.
func (t *endpointTable) enter(e *source.Packed, on *node) {
	if t.addresses == nil {
		return
	}
	claims := 0
	for range t.addresses.At(e.Address()) {
		claims++
	}
	if claims < mostClaims {
		t.addresses.Add(e.Address(), &member{Packed: e, node: on})
	}
}

// leave takes back what enter did.
func (t *endpointTable) leave(e *source.Packed) {
	if t.addresses == nil {
		return
	}
	for m := range t.addresses.At(e.Address()) {
		if m.Packed == e {
			t.addresses.Remove(e.Address(), m)
			return
		}
	}
}
