package headless

import (
	"net/netip"

	"github.com/headless-dns/headless/internal/addresses"
)

// reverseIndex finds the services that have a ready endpoint with an address. It is written under the cache's lock
// and read without any.
type reverseIndex struct{ services *addresses.Table[*service] }

func newReverseIndex() *reverseIndex {
	return &reverseIndex{services: addresses.New(func(s *service, address netip.Addr) bool {
		e := s.endpoints.Load()
		return e != nil && e.readyPart.hasIn(netip.PrefixFrom(address, address.BitLen()))
	})}
}

// lookup returns the services with that address. By the time it is read a service may have lost it again.
func (r *reverseIndex) lookup(address netip.Addr) (found []*service) {
	for s := range r.services.At(address) {
		found = append(found, s)
	}
	return found
}

// update notes which addresses have a ready endpoint of the service now, and which have none any more.
func (r *reverseIndex) update(s *service, came, went []netip.Addr) {
	for _, address := range went {
		r.services.Remove(address, s)
	}
	for _, address := range came {
		r.services.Add(address, s)
	}
}
