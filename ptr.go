package headless

import (
	"net/netip"
	"strings"

	"github.com/coredns/coredns/plugin/pkg/dnsutil"

	"github.com/miekg/dns"
)

// reverseReply answers for the reverse name of a ready endpoint; ours is false for any other name.
func (a *asking) reverseReply() (r reply, ours bool) {
	address, ok := a.reverseAddress()
	if !ok {
		return reply{}, false
	}
	room := a.room()
	for _, s := range a.cache.reverse.lookup(address) {
		e := s.endpoints.Load()
		for _, i := range e.at(address) {
			ours = true
			if a.qtype != dns.TypePTR || r.truncated {
				continue
			}
			target := dnsutil.Join(string(e.all[i].appendLabel(nil)), s.key, "svc", a.forwardZone)
			if room -= recordOctets + nameOctets(target); room < 0 {
				r.truncated = true
				continue
			}
			r.answer = append(r.answer, &dns.PTR{Hdr: a.header(dns.TypePTR), Ptr: target})
		}
	}
	return r, ours
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
