package headless

import (
	"context"
	"math"
	"net"
	"slices"

	"github.com/coredns/coredns/plugin/pkg/edns"
	"github.com/coredns/coredns/request"

	"github.com/miekg/dns"
)

// reply is what a query is answered with. An empty answer section means NODATA, and gets the zone's SOA like NXDOMAIN
// does.
type reply struct {
	rcode     int
	answer    []dns.RR
	extra     []dns.RR
	truncated bool
	extended  *dns.EDNS0_EDE // for clients that speak EDNS; nil for none
}

// nameError is the reply for a name that does not exist.
func nameError() reply { return reply{rcode: dns.RcodeNameError} }

// asking is a query together with what is known about it.
type asking struct {
	*Headless
	knowledge
	// stale says that nothing was heard of changes for long.
	stale bool
	// ctx and state are nil in a zone transfer, where all records are wanted; else state is the request.
	ctx     context.Context
	state   *request.Request
	request request.Request
	// qname is the question's name in its own case, zone the part of it that is our zone, lower the name in lower case.
	qname, zone, lower string
	qtype              uint16
	name               name
	ttl                uint32  // of the records, in seconds
	policyTTL          *uint32 // that of a policy for its answers and denials, nil for none
	taken              int     // octets that other records of the reply take
	most               int     // octets of the message, where a policy says so; 0 for what the client takes
	// subnet is whom the query is asked for, where that is believed; tailored says that the reply depends on it.
	subnet   *dns.EDNS0_SUBNET
	tailored bool
}

// Octets of a record on the wire before its data: those of its name, where that is compressed to a pointer, and of the
// fields behind the name (RFC 1035, 3.2.1 and 4.1.4).
const (
	pointerOctets = 2
	fieldOctets   = 10
	recordOctets  = pointerOctets + fieldOctets
)

// headOctets returns what stands in a reply before its first record: the header and the question.
func (a *asking) headOctets() int { return 12 + nameOctets(a.qname) + 4 }

// What plugins above us add to a reply: a TSIG record (RFC 8945, 4.2), with an HMAC of SHA-512 and a long name of the
// key, and the option NSID (RFC 5001) with what DNS calls a name at most. CoreDNS does not cut a reply that is
// signed, and cuts one that the option makes too long.
const (
	signatureOctets = 200
	nsidOctets      = 4 + 255
)

// room returns how many octets of records the client takes: the size that CoreDNS will cut the message to, less the
// header, the question and the OPT record that CoreDNS adds. It is 0 where these alone are too much.
func (a *asking) room() int {
	if a.state == nil {
		return math.MaxInt32
	}
	size := a.state.Size()
	if a.most > 0 {
		size = min(size, a.most)
	}
	room := size - a.headOctets() - a.taken
	if opt := a.state.Req.IsEdns0(); opt != nil {
		kept := dns.OPT{Hdr: dns.RR_Header{Name: "."}, Option: a.keptOptions(opt)}
		if a.tellsServer && slices.ContainsFunc(opt.Option, func(o dns.EDNS0) bool { return o.Option() == dns.EDNS0NSID }) {
			room -= nsidOctets
		}
		room -= dns.Len(&kept)
		if a.stale {
			room -= extendedOctets(staleAnswer)
		}
	}
	if a.mayBeSigned {
		room -= signatureOctets
	}
	return max(0, room)
}

// keptOptions are the options of the reply: those of the query that CoreDNS hands back, and the client's subnet.
func (a *asking) keptOptions(opt *dns.OPT) (kept []dns.EDNS0) {
	for _, option := range opt.Option {
		if edns.SupportedOption(option.Option()) {
			kept = append(kept, option)
		}
	}
	if a.subnet != nil {
		kept = append(kept, a.scopedSubnet())
	}
	return kept
}

// nameOctets returns what a fully qualified name takes on the wire when it is not compressed; a name with escapes
// takes less.
func nameOctets(name string) int { return len(name) + 1 }

// header returns the header of a record of the question's name.
func (a *asking) header(rrtype uint16) dns.RR_Header {
	return dns.RR_Header{Name: a.qname, Rrtype: rrtype, Class: dns.ClassINET, Ttl: a.ttl}
}

// addressRecord makes an A or an AAAA record of an address on the wire.
func (a *asking) addressRecord(owner string, ip net.IP) dns.RR {
	header := dns.RR_Header{Name: owner, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: a.ttl}
	if len(ip) == net.IPv4len {
		return &dns.A{Hdr: header, A: ip}
	}
	header.Rrtype = dns.TypeAAAA
	return &dns.AAAA{Hdr: header, AAAA: ip}
}

// serviceReply answers for a name of a headless service, or below it.
func (a *asking) serviceReply(e *endpoints) reply {
	if a.name.policy != "" && !a.policies.has(a.name.policy) {
		return nameError()
	}
	if r, ok := a.policyReply(e); ok {
		return r
	}
	found := a.find(e)
	if found.len() == 0 {
		return a.nothingFound(e)
	}
	switch a.qtype {
	case dns.TypeA:
		return a.addresses(found.distinct().family(true))
	case dns.TypeAAAA:
		return a.addresses(found.distinct().family(false))
	case dns.TypeSRV:
		return a.srv(found)
	}
	return reply{}
}

// nothingFound is the reply for a service's name, or one below it, that no endpoint answers to.
func (a *asking) nothingFound(e *endpoints) reply {
	switch {
	case a.name.kind == namePlace, a.name.kind == nameAbove:
		// A place without endpoints may be drained or mistyped; as the kubernetes plugin sees it, each has a name.
		return reply{}
	case (a.name.kind == nameEndpoint || a.name.kind == nameBelowService) && e.hasProtocol(a.name.endpoint):
		return reply{} // _tcp.SERVICE... has names below it
	case a.name.kind == nameService && e.len() > e.ready() && a.namesUnready(e), a.existsByPolicy(e):
		return reply{} // and so has SERVICE where pods that are not ready have names
	}
	return nameError()
}

// addresses answers with as many addresses as the client takes, each endpoint being as likely as another to be among
// them and to come first.
func (a *asking) addresses(found selection) reply {
	n := min(found.len(), a.fitting())
	order := newSample(found.len(), a.random)
	defer order.release()
	r := a.addressRecords(n, func() []byte {
		drawn, _ := order.next()
		return found.at(drawn).IP()
	})
	r.truncated = n < found.len()
	return r
}

// fitting returns how many records of the question's type the client takes.
func (a *asking) fitting() int {
	if a.qtype == dns.TypeAAAA {
		return a.room() / (recordOctets + net.IPv6len)
	}
	return a.room() / (recordOctets + net.IPv4len)
}

// addressRecords makes n records of the question's type from the addresses that next returns. All are made at once.
func (a *asking) addressRecords(n int, next func() []byte) reply {
	header := a.header(a.qtype)
	records := make([]dns.RR, n)
	if a.qtype == dns.TypeA {
		values := make([]dns.A, n)
		for i := range records {
			values[i] = dns.A{Hdr: header, A: next()}
			records[i] = &values[i]
		}
	} else {
		values := make([]dns.AAAA, n)
		for i := range records {
			values[i] = dns.AAAA{Hdr: header, AAAA: next()}
			records[i] = &values[i]
		}
	}
	return reply{answer: records}
}
