package headless

import (
	"time"

	"github.com/miekg/dns"

	"github.com/headless-dns/headless/clients"
)

// knowledge is what queries are answered from. From its beginning to its end a query sees the same one.
type knowledge struct {
	cache *endpointsCache
	// finder finds who and where clients are, nil where the Corefile does not say how.
	finder *clients.Finder
}

// current returns what queries are answered from now: what the source delivers, or what a snapshot has told, as long as
// the source has not delivered all itself.
func (h *Headless) current() (k knowledge, kept bool) {
	if k := h.kept.Load(); k != nil {
		return *k, true
	}
	return h.knowledge, false
}

// know makes the query one of what is known now.
func (a *asking) know() {
	var kept bool
	a.knowledge, kept = a.current()
	a.stale = kept || a.lostFor(a.staleAfter)
}

// lostFor says whether nothing was heard of changes for longer than that.
func (k knowledge) lostFor(long time.Duration) bool {
	lost := k.cache.lost.Load()
	return lost != nil && time.Since(*lost) > long
}

// staleAnswer says that what is answered was true, and that nobody knows whether it still is (RFC 8914, 4.4).
var staleAnswer = &dns.EDNS0_EDE{InfoCode: dns.ExtendedErrorCodeStaleAnswer, ExtraText: "no contact with the API server"}

// extendedOctets returns what an extended error takes on the wire (RFC 8914, 2): the option's code and length, the
// error's code, and its text.
func extendedOctets(e *dns.EDNS0_EDE) int { return 6 + len(e.ExtraText) }
