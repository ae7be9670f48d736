package headless

import (
	"net/netip"
	"testing"

	"github.com/coredns/coredns/plugin/pkg/fall"

	"github.com/miekg/dns"
)

// A secondary has to find the SOA record where it was told that the zone is, and a name server that has an address.
func TestTheApexOfAReverseZoneDoesNotFallThrough(t *testing.T) {
	h := newTestHeadless(t)
	h.Zones, h.Fall = []string{"cluster.local.", "10.in-addr.arpa."}, fall.Root
	next := &nextPlugin{reply: replying(dns.RcodeRefused)}
	h.Next, h.addressesOfServer = next, []netip.Addr{netip.MustParseAddr("192.0.2.53")}
	for name, qtype := range map[string]uint16{"10.in-addr.arpa.": dns.TypeSOA, "10.IN-ADDR.arpa.": dns.TypeNS, "ns.dns.10.in-addr.arpa.": dns.TypeA} {
		next.asked = nil
		m := ask(t, h, name, qtype, client{})
		left := len(next.asked) > 0 && qtype != dns.TypeSOA // of which the serial of the plugin behind is a part
		if len(m.Answer) != 1 || m.Answer[0].Header().Name != name || left {
			t.Errorf("The answer to %s is %s", name, m)
		}
	}
	for _, name := range []string{"10.in-addr.arpa.", "1.10.in-addr.arpa.", "1.0.0.10.in-addr.arpa."} {
		next.asked = nil
		if ask(t, h, name, dns.TypePTR, client{}); len(next.asked) != 1 {
			t.Errorf("PTR of %s does not fall through", name)
		}
	}
}
