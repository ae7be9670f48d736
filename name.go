package headless

import (
	"strings"

	"github.com/miekg/dns"
)

// nameKind says what a name below one of our zones stands for.
type nameKind uint8

const (
	// nameOther is no name that we know the form of.
	nameOther nameKind = iota
	// nameApex is the zone's own name.
	nameApex
	// nameVersion is dns-version.ZONE.
	nameVersion
	// nameServer is ns.dns.ZONE.
	nameServer
	// nameEmpty is a name without records of its own that has others below it, and always has: svc.ZONE, dns.ZONE.
	nameEmpty
	// nameNamespace is NAMESPACE.svc.ZONE.
	nameNamespace
	// nameService is SERVICE.NAMESPACE.svc.ZONE.
	nameService
	// nameEndpoint is HOSTNAME.SERVICE.NAMESPACE.svc.ZONE.
	nameEndpoint
	// namePort is _PORT._PROTO.SERVICE.NAMESPACE.svc.ZONE.
	namePort
	// nameBelowService is any other name below a service's.
	nameBelowService
)

// name is what a question's name asks for. Its strings are parts of the question's name in lower case.
type name struct {
	kind nameKind
	// service is SERVICE.NAMESPACE, the key of the cache, and for nameNamespace the NAMESPACE alone.
	service string
	// suffix is the length of SERVICE.NAMESPACE.svc.ZONE. with the final dot, 0 where there is no service.
	suffix int
	// endpoint is HOSTNAME.
	endpoint string
	// port and protocol stand without their underscores. Each may be empty: any.
	port, protocol string
}

// maxLabels is how many labels a name has at most (RFC 1035, section 3.1: 255 octets).
const maxLabels = 128

// parseName tells what the name asks for. It must be in lower case and fully qualified, and end with the zone.
//
// Labels are separated by dots that are not escaped: a label that holds a dot is no name of ours.
func parseName(qname, zone string) name {
	base := strings.TrimSuffix(qname[:len(qname)-len(zone)], ".")
	if base == "" {
		return name{kind: nameApex}
	}
	var starts [maxLabels]int
	n := 0
	for at, end := 0, false; !end && n < maxLabels; at, end = dns.NextLabel(base, at) {
		starts[n] = at
		n++
	}
	if n == maxLabels || base[starts[n-1]:] != "svc" {
		return name{kind: fixedName(base)}
	}
	switch n {
	case 1:
		return name{kind: nameEmpty}
	case 2:
		return name{kind: nameNamespace, service: base[:starts[1]-1]}
	}
	at := starts[n-3]
	parsed := name{kind: nameService, service: base[at : starts[n-1]-1], suffix: len(qname) - at}
	switch n - 3 {
	case 0:
	case 1:
		parsed.kind = nameEndpoint
		parsed.endpoint = base[:starts[1]-1]
	case 2:
		parsed.kind = namePort
		parsed.port = strings.TrimPrefix(base[:starts[1]-1], "_")
		parsed.protocol = strings.TrimPrefix(base[starts[1]:starts[2]-1], "_")
	default:
		parsed.kind = nameBelowService
	}
	return parsed
}

// fixedName tells what a name that is not below svc.ZONE stands for.
func fixedName(base string) nameKind {
	switch base {
	case "dns-version":
		return nameVersion
	case "ns.dns":
		return nameServer
	case "dns":
		return nameEmpty
	}
	return nameOther
}

// inZone says whether the name, in lower case and fully qualified, is the zone's or below it.
func inZone(qname, zone string) bool {
	if zone == "." || !strings.HasSuffix(qname, zone) {
		return zone == "."
	}
	cut := len(qname) - len(zone)
	if cut == 0 {
		return true
	}
	// An escaped dot belongs to a label: "a\.example." is not below "example.".
	escapes := 0
	for i := cut - 2; i >= 0 && qname[i] == '\\'; i-- {
		escapes++
	}
	return qname[cut-1] == '.' && escapes%2 == 0
}
