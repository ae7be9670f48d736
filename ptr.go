package headless

import (
	"net/netip"
	"strings"

	"github.com/coredns/coredns/plugin/pkg/dnsutil"

	"github.com/miekg/dns"
)

// reverseReply answers for the reverse name of a ready endpoint; ours is false for any other name.
func (a *asking) reverseReply() (r reply, ours bool) {
	targets := a.targets()
	if len(targets) == 0 || a.qtype != dns.TypePTR {
		return reply{}, len(targets) > 0
	}
	order := newSample(len(targets), a.random)
	defer order.release()
	p := ptrAnswer{asking: a, room: a.room(), offset: a.headOctets(), known: make(map[string]bool)}
	for i, ok := order.next(); ok && !r.truncated; i, ok = order.next() {
		if record := p.add(targets[i]); record != nil {
			r.answer = append(r.answer, record)
		} else {
			r.truncated = true
		}
	}
	return r, true
}

// ptrTarget is the name of an endpoint: LABEL.SERVICE.NAMESPACE.svc.ZONE.
type ptrTarget struct {
	label   string
	service *service
}

// targets returns the names of the ready endpoints that have the address that is asked for.
func (a *asking) targets() []ptrTarget {
	address, ok := a.reverseAddress()
	if !ok {
		return nil
	}
	var targets []ptrTarget
	for _, s := range a.cache.reverse.lookup(address) {
		e := s.endpoints.Load()
		for _, p := range e.readyPart.withAddress(address) {
			targets = append(targets, ptrTarget{label: string(e.appendLabel(nil, p)), service: s})
		}
	}
	return targets
}

// ptrAnswer counts what PTR records take on the wire: their targets are compressed.
type ptrAnswer struct {
	*asking
	room   int
	offset int             // where in the message the next record begins
	known  map[string]bool // ends of targets that a later one can point to
}

// add returns the record, or nil where there is no room for it.
func (p *ptrAnswer) add(t ptrTarget) dns.RR {
	target := dnsutil.Join(t.label, t.service.key, "svc", p.forwardZone)
	octets := recordOctets
	// The ends of a target, the longest first, and what stands before each.
	for at, end := 0, false; !end; at, end = dns.NextLabel(target, at) {
		if p.known[target[at:]] {
			octets += at + pointerOctets
			break
		}
		if p.offset+recordOctets+at < maxPointer {
			p.known[target[at:]] = true
		}
		if next, last := dns.NextLabel(target, at); last {
			octets += next + 1
		}
	}
	if octets > p.room {
		return nil
	}
	p.room -= octets
	p.offset += octets
	return &dns.PTR{Hdr: p.header(dns.TypePTR), Ptr: target}
}

// reverseAddress returns the address whose reverse name is asked for.
func (a *asking) reverseAddress() (netip.Addr, bool) {
	if a.cache.reverse == nil || dnsutil.IsReverse(a.lower) == 0 {
		return netip.Addr{}, false
	}
	address, err := netip.ParseAddr(dnsutil.ExtractAddressFromReverse(a.lower))
	if err != nil {
		return netip.Addr{}, false
	}
	// ExtractAddressFromReverse takes more labels than an address has.
	whole, err := dns.ReverseAddr(address.String())
	return address, err == nil && whole == a.lower
}

// isReversePart says whether the name is the beginning of reverse names, and none itself: it may have names below it,
// so that it must not be denied, for that would deny those as well (RFC 8020).
func isReversePart(lower string) bool {
	var whole, digits int
	var base string
	switch dnsutil.IsReverse(lower) {
	case 1:
		whole, digits, base = 4, 3, "0123456789"
	case 2:
		whole, digits, base = 32, 1, "0123456789abcdef"
	default:
		return false
	}
	labels := dns.SplitDomainName(lower)
	labels = labels[:len(labels)-2]
	for _, label := range labels {
		if len(label) > digits || strings.Trim(label, base) != "" {
			return false
		}
	}
	return len(labels) < whole
}
