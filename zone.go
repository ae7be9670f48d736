package headless

import (
	"github.com/coredns/coredns/plugin/pkg/dnsutil"

	"github.com/miekg/dns"
)

const (
	// schemaVersion is that of the Kubernetes DNS specification, which dns-version.ZONE tells.
	schemaVersion = "1.1.0"
	// schemaTTL is the time to live of that record, in seconds: it changes with a release only.
	schemaTTL = 28800
	// maxSOATTL bounds the time to live of the SOA record, in seconds, as in CoreDNS's other plugins.
	maxSOATTL = 300
)

// zoneReply answers for names of a zone that belong to no headless service, where no other plugin does: a complete
// zone.
func (a *asking) zoneReply() reply {
	switch a.name.kind {
	case nameApex:
		return a.apex()
	case nameVersion:
		if a.qtype == dns.TypeTXT {
			header := a.header(dns.TypeTXT)
			header.Ttl = schemaTTL
			return reply{answer: []dns.RR{&dns.TXT{Hdr: header, Txt: []string{schemaVersion}}}}
		}
		return reply{}
	case nameServer:
		return reply{answer: a.serverAddresses(a.qname, a.qtype)}
	case nameEmpty:
		return reply{}
	case nameNamespace:
		if a.cache.hasNamespace(a.name.service) {
			return reply{}
		}
	case nameOther:
		if isReversePart(a.lower) {
			return reply{}
		}
	}
	return nameError()
}

func (a *asking) apex() reply {
	switch a.qtype {
	case dns.TypeSOA:
		return reply{answer: []dns.RR{a.soa()}}
	case dns.TypeNS:
		server := dnsutil.Join("ns.dns", a.zone)
		return reply{
			answer: []dns.RR{&dns.NS{Hdr: a.header(dns.TypeNS), Ns: server}},
			extra:  append(a.serverAddresses(server, dns.TypeA), a.serverAddresses(server, dns.TypeAAAA)...),
		}
	}
	return reply{}
}

// serverAddresses returns our own addresses of the type as records of the name.
func (a *asking) serverAddresses(owner string, rrtype uint16) []dns.RR {
	header := dns.RR_Header{Name: owner, Rrtype: rrtype, Class: dns.ClassINET, Ttl: a.ttl}
	var records []dns.RR
	for _, ip := range a.addressesOfServer {
		switch {
		case rrtype == dns.TypeA && ip.Is4():
			records = append(records, &dns.A{Hdr: header, A: ip.AsSlice()})
		case rrtype == dns.TypeAAAA && ip.Is6():
			records = append(records, &dns.AAAA{Hdr: header, AAAA: ip.AsSlice()})
		}
	}
	return records
}

// soa returns the zone's SOA record, which negative answers carry as well: its minimum is how long they may be kept
// (RFC 2308).
func (a *asking) soa() dns.RR {
	return &dns.SOA{
		Hdr:    dns.RR_Header{Name: a.zone, Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: min(a.negativeTTL, maxSOATTL)},
		Ns:     dnsutil.Join("ns.dns", a.zone),
		Mbox:   dnsutil.Join("hostmaster", a.zone),
		Serial: a.cache.changed.Load(), Refresh: 7200, Retry: 1800, Expire: 86400, Minttl: a.negativeTTL,
	}
}
