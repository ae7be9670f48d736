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
	// namePlace is TZONE.pin._zone.SERVICE.NAMESPACE.svc.ZONE or NODE.pin._node.SERVICE.NAMESPACE.svc.ZONE, or prefer
	// instead of pin; _PORT._PROTO may stand before.
	namePlace
	// nameAbove is a name that has others of its service below it, whatever endpoints there are: _zone.SERVICE...,
	// pin._node.SERVICE..., _policy.SERVICE....
	nameAbove
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
	// place is TZONE or NODE, which may span labels; prefer says that others will do where it has no endpoints.
	place  place
	prefer bool
	// policy is POLICY in POLICY._policy.SERVICE..., which is answered like SERVICE... by that policy; _PORT._PROTO may
	// stand before. It is empty where the client names none.
	policy string
}

// place is where endpoints can be: a zone of the cluster, or a node.
type place struct {
	kind placeKind
	name string
}

type placeKind uint8

const (
	placeNone placeKind = iota
	placeZone
	placeNode
)

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
	parsed.parseBelow(base, starts[:n-3+1])
	return parsed
}

// parseBelow tells what the labels before SERVICE stand for; starts says where they begin, and SERVICE behind them.
func (n *name) parseBelow(base string, starts []int) {
	label := func(i int) string { return base[starts[i] : starts[i+1]-1] }
	count := len(starts) - 1
	if count > 0 {
		switch label(count - 1) {
		case "_zone":
			n.parsePlace(placeZone, base, starts[:count])
			return
		case "_node":
			n.parsePlace(placeNode, base, starts[:count])
			return
		case "_policy":
			if count == 1 {
				n.kind = nameAbove
				return
			}
			n.policy = label(count - 2)
			if count -= 2; count == 1 {
				n.kind, n.endpoint = nameBelowService, label(0) // a pod has no other addresses by a policy
				return
			}
		}
	}
	switch count {
	case 0:
	case 1:
		n.kind = nameEndpoint
		n.endpoint = label(0)
	case 2:
		n.kind = namePort
		n.port, n.protocol = strings.TrimPrefix(label(0), "_"), strings.TrimPrefix(label(1), "_")
	default:
		n.kind = nameBelowService
	}
}

// parsePlace tells what the labels before _zone or _node stand for, as the kubernetes plugin's option zonal has it for
// zones; starts says where they begin, and _zone behind them. A label of Kubernetes has no underscore at its ends, so
// _PORT._PROTO is no part of a place's name.
func (n *name) parsePlace(kind placeKind, base string, starts []int) {
	count := len(starts) - 1
	n.kind = nameAbove
	if count == 0 {
		return
	}
	directive := base[starts[count-1] : starts[count]-1]
	switch {
	case directive != "pin" && directive != "prefer":
		n.kind = nameBelowService
		return
	case count == 1:
		return
	}
	n.kind, n.prefer = namePlace, directive == "prefer"
	if first, second := base[starts[0]:], base[starts[1]:]; count > 3 && first[0] == '_' && second[0] == '_' {
		n.port, n.protocol = base[starts[0]+1:starts[1]-1], base[starts[1]+1:starts[2]-1]
		starts = starts[2:]
	}
	n.place = place{kind: kind, name: base[starts[0] : starts[len(starts)-2]-1]}
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
