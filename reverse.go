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
		return e != nil && len(e.at(address, 0, e.ready())) > 0
	})}
}

// lookup returns the services with that address. By the time it is read a service may have lost it again.
func (r *reverseIndex) lookup(address netip.Addr) (found []*service) {
	for s := range r.services.At(address) {
		found = append(found, s)
	}
	return found
}

// update notes that a service's endpoints were before and are after. Both lists are in the order of the addresses, so
// one walk over the two finds what is different.
func (r *reverseIndex) update(s *service, before, after *endpoints) {
	was, is := readyAddresses(before), readyAddresses(after)
	for len(was) > 0 || len(is) > 0 {
		switch {
		case len(is) == 0 || len(was) > 0 && was[0].Address.Less(is[0].Address):
			r.services.Remove(was[0].Address, s)
			was = skip(was)
		case len(was) == 0 || is[0].Address.Less(was[0].Address):
			r.services.Add(is[0].Address, s)
			is = skip(is)
		default:
			was, is = skip(was), skip(is)
		}
	}
}

func readyAddresses(e *endpoints) []endpoint {
	if e == nil {
		return nil
	}
	return e.all[:e.ready()]
}

// skip returns the list behind the endpoints that have the address of the first.
func skip(of []endpoint) []endpoint {
	n := 1
	for n < len(of) && of[n].Address == of[0].Address {
		n++
	}
	return of[n:]
}
