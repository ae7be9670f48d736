package worlds

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// oddities are addresses of a service that the two servers take for something else, on purpose.
type oddities func(v *View, service string) map[netip.Addr]bool

// odd excuses whatever is said of odd addresses at names that where is true for, and nothing that is said of others.
func odd(of oddities, where func(before string) bool) func(*Exchange) bool {
	return func(e *Exchange) bool {
		if _, before, _ := e.View.serviceOf(e.Name); !where(before) {
			return false
		}
		o := newOddExchange(e)
		if service, _, ok := e.View.serviceOf(e.Name); ok {
			o.take(of, e.View.aliased(service))
		} else {
			for _, service := range e.View.headless() {
				o.take(of, service)
			}
			o.reverse = true
		}
		if len(o.addresses) == 0 || !o.concerned() {
			return false
		}
		used := o.remove(e.Ours, e.Theirs)
		if e.OursWhole != nil {
			used = o.remove(e.OursWhole, e.TheirsWhole) || used
			// Some take more room than others: whether one is cut, and how much of it, follows.
			e.Ours, e.Theirs = e.OursWhole, e.TheirsWhole
		}
		return used
	}
}

// Where an address is odd, by what stands before the service.
func anywhere(string) bool { return true }

func inZoneNames(before string) bool { return strings.HasSuffix(before, "._zone") }

func inPortNames(before string) bool { return strings.Contains(before, ".") }

type oddExchange struct {
	*Exchange
	addresses map[netip.Addr]bool
	labels    map[string]bool // LABEL.SERVICE...
	reverse   bool
}

func newOddExchange(e *Exchange) *oddExchange {
	return &oddExchange{Exchange: e, addresses: map[netip.Addr]bool{}, labels: map[string]bool{}}
}

// take notes the odd addresses of a service, and all that they could be called.
func (o *oddExchange) take(of oddities, service string) {
	if !o.View.IsHeadless(service) {
		return
	}
	addresses := of(o.View, service)
	for _, ep := range o.View.Endpoints(service) {
		if !addresses[ep.Address] {
			continue
		}
		o.addresses[ep.Address] = true
		for _, label := range []string{ep.Hostname, podOf(ep), harness.Dashed(ep.Address)} {
			o.labels[strings.ToLower(label+"."+o.View.ServiceName(service))] = true
		}
	}
}

// concerned says whether the name can have to do with an odd address: a service's own and those of its ports and
// zones have to do with all of them.
func (o *oddExchange) concerned() bool {
	if !o.reverse {
		_, before, _ := o.View.serviceOf(o.Name)
		return before == "" || strings.Contains(before, ".") || o.labels[o.Name] || strings.HasPrefix(before, "_")
	}
	for address := range o.addresses {
		if reverse(address) == o.Name {
			return true
		}
	}
	return false
}

// remove takes what is said of odd addresses out of both replies. Where nothing else was said, a name may exist for
// the one and not for the other.
func (o *oddExchange) remove(ours, theirs *dns.Msg) bool {
	used := false
	for _, m := range []*dns.Msg{ours, theirs} {
		before := len(m.Answer) + len(m.Extra)
		m.Answer = omit(m.Answer, o.isOdd)
		m.Extra = omit(m.Extra, o.isOdd)
		used = used || len(m.Answer)+len(m.Extra) != before
		if !slices.ContainsFunc(m.Answer, func(rr dns.RR) bool { return rr.Header().Rrtype != dns.TypeCNAME }) && used {
			m.Answer = nil // without the address the alias is not told either
		}
		for _, rr := range m.Answer {
			if srv, ok := rr.(*dns.SRV); ok {
				srv.Weight = 0 // it says how many there are
			}
		}
	}
	if len(ours.Answer)+len(theirs.Answer) == 0 && (used || ours.Rcode != theirs.Rcode) {
		theirs.Rcode, theirs.Ns = ours.Rcode, ours.Ns
		used = true
	}
	return used
}

func (o *oddExchange) isOdd(rr dns.RR) bool {
	switch rr := rr.(type) {
	case *dns.A:
		address, _ := netip.AddrFromSlice(rr.A)
		return o.addresses[address.Unmap()]
	case *dns.AAAA:
		address, _ := netip.AddrFromSlice(rr.AAAA)
		return o.addresses[address]
	case *dns.SRV:
		return o.labels[strings.ToLower(rr.Target)]
	case *dns.PTR:
		return o.labels[strings.ToLower(rr.Ptr)]
	}
	return false
}

// dottedPods are called by a pod's name that is more than a label.
func (v *View) dottedPods(service string) map[netip.Addr]bool {
	return v.those(service, func(ep Endpoint) bool {
		return v.Zone == PodNamesZone && ep.Hostname == "" && strings.Contains(podOf(ep), ".")
	})
}

// otherTargets are called by something that is no pod.
func (v *View) otherTargets(service string) map[netip.Addr]bool {
	return v.those(service, func(ep Endpoint) bool {
		return v.Zone == PodNamesZone && ep.Hostname == "" && ep.Target != nil && ep.Target.Kind != "Pod"
	})
}

// terminatingDuplicates are terminating in one slice and not in another.
func (v *View) terminatingDuplicates(service string) map[netip.Addr]bool {
	all := v.Endpoints(service)
	return v.those(service, func(ep Endpoint) bool {
		return ep.Terminating && slices.ContainsFunc(all, func(other Endpoint) bool {
			return other.Address == ep.Address && !other.Terminating
		})
	})
}

// inSeveralZones stand in several zones.
func (v *View) inSeveralZones(service string) map[netip.Addr]bool {
	all := v.Ready(service)
	return v.those(service, func(ep Endpoint) bool {
		return slices.ContainsFunc(all, func(other Endpoint) bool { return other.Address == ep.Address && other.Zone != ep.Zone })
	})
}

// numberless have a port that says nothing of its number.
func (v *View) numberless(service string) map[netip.Addr]bool {
	return v.those(service, func(ep Endpoint) bool {
		return slices.ContainsFunc(ep.Ports, func(p discoveryv1.EndpointPort) bool { return p.Port == nil })
	})
}

// those are the addresses of the ready endpoints that are so.
func (v *View) those(service string, is func(Endpoint) bool) map[netip.Addr]bool {
	found := map[netip.Addr]bool{}
	for _, ep := range v.Ready(service) {
		if is(ep) {
			found[ep.Address] = true
		}
	}
	return found
}
