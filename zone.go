package headless

import (
	"slices"

	"github.com/coredns/coredns/plugin/pkg/dnsutil"

	"github.com/miekg/dns"
)

const (
	// schemaVersion is that of the Kubernetes DNS specification, which dns-version.ZONE tells.
	schemaVersion = "1.1.0"
	// schemaTTL is the time to live of that record, in seconds: it changes with a release only.
	schemaTTL = 28800
	// maxSOATTL bounds the time to live of the SOA record, in seconds, where nothing is said of it, as in CoreDNS's
	// other plugins.
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
		records, all := a.serverAddresses(a.qname, a.room(), a.qtype)
		return reply{answer: records, truncated: !all}
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
		return reply{answer: []dns.RR{a.mergedSOA()}}
	case dns.TypeNS:
		ns := &dns.NS{Hdr: a.header(dns.TypeNS), Ns: dnsutil.Join("ns.dns", a.zone)}
		glue, _ := a.serverAddresses(ns.Ns, a.room()-dns.Len(ns), dns.TypeA, dns.TypeAAAA)
		return reply{answer: []dns.RR{ns}, extra: glue}
	}
	return reply{}
}

// serverAddresses returns our own addresses of the types as records of the name, as far as there is room; all is false
// where there is not room for all. A node of a cluster may have many addresses.
func (a *asking) serverAddresses(owner string, room int, types ...uint16) (records []dns.RR, all bool) {
	for _, ip := range a.addressesOfServer {
		record := a.addressRecord(owner, ip.AsSlice())
		if !slices.Contains(types, record.Header().Rrtype) {
			continue
		}
		if room -= recordOctets + ip.BitLen()/8; room < 0 {
			return records, false
		}
		records = append(records, record)
	}
	return records, true
}

// soa returns the zone's SOA record, which negative answers carry as well: its minimum is how long they may be kept
// (RFC 2308).
func (a *asking) soa() *dns.SOA {
	ttl, minimum := a.soaTTL, a.negativeTTL
	if a.policyTTL != nil {
		ttl, minimum = min(ttl, *a.policyTTL), min(minimum, *a.policyTTL)
	}
	return &dns.SOA{
		Hdr:    dns.RR_Header{Name: a.zone, Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: ttl},
		Ns:     dnsutil.Join("ns.dns", a.zone),
		Mbox:   dnsutil.Join("hostmaster", a.zone),
		Serial: a.cache.serials.at(a.cache.serials.now(), 0), Refresh: 7200, Retry: 1800, Expire: 86400, Minttl: minimum,
	}
}
