package headless

import (
	"net/netip"
	"slices"
	"sync"
)

// reverseIndex finds the services that have a ready endpoint with an address. It is written under the cache's lock
// and read without any.
type reverseIndex struct {
	services sync.Map // netip.Addr -> []*service, which is never written to
}

// lookup returns the services with that address. By the time it is read a service may have lost it again.
func (r *reverseIndex) lookup(address netip.Addr) []*service {
	found, ok := r.services.Load(address)
	if !ok {
		return nil
	}
	return found.([]*service)
}

// update notes that a service's endpoints were before and are after. Both lists are in the order of the addresses, so
// one walk over the two finds what is different.
func (r *reverseIndex) update(s *service, before, after *endpoints) {
	was, is := readyAddresses(before), readyAddresses(after)
	for len(was) > 0 || len(is) > 0 {
		switch {
		case len(is) == 0 || len(was) > 0 && was[0].Address.Less(is[0].Address):
			r.remove(was[0].Address, s)
			was = skip(was)
		case len(was) == 0 || is[0].Address.Less(was[0].Address):
			r.add(is[0].Address, s)
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

func (r *reverseIndex) add(address netip.Addr, s *service) {
	r.services.Store(address, append(slices.Clip(r.lookup(address)), s))
}

func (r *reverseIndex) remove(address netip.Addr, s *service) {
	rest := slices.DeleteFunc(slices.Clone(r.lookup(address)), func(other *service) bool { return other == s })
	if len(rest) == 0 {
		r.services.Delete(address)
	} else {
		r.services.Store(address, rest)
	}
}
