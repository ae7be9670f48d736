package main

import (
	"fmt"
	"strings"

	"github.com/miekg/dns"
)

// A transport is a way to ask.
type transport struct {
	name    string
	network string
	// udpSize is what the client takes: with EDNS where it is more than 512 octets.
	udpSize uint16
	// zone is the one of the file plugin that has what goes on the wire this way. All have names of the same length, for
	// the length decides how many records fit.
	zone string
}

var (
	edns  = transport{"UDP, EDNS 1232", "udp", 1232, "cluster.e1232"}
	plain = transport{"UDP, no EDNS", "udp", dns.MinMsgSize, "cluster.u0512"}
	tcp   = transport{"TCP", "tcp", dns.MinMsgSize, clusterZone}
)

// clusterZone is the zone that all serve; that of the file plugin has all records.
const clusterZone = "cluster.local"

// The kinds of questions.
const (
	kindA        = "A"
	kindSRV      = "SRV"
	kindPTR      = "PTR"
	kindNXDOMAIN = "NXDOMAIN"
)

// A question is what is asked of a service with so many endpoints, and how.
type question struct {
	kind      string
	endpoints int
	via       transport
}

func (q question) String() string {
	return fmt.Sprintf("%s of %d over %s", q.kind, q.endpoints, q.via.name)
}

// sized is the service with so many endpoints.
func sized(endpoints int) string { return fmt.Sprintf("db-%d", endpoints) }

// message is the query for a service's name in a zone.
func (q question) message(s service, zone string) *dns.Msg {
	name := fmt.Sprintf("%s.%s.svc.%s.", s.name, namespace, zone)
	m := new(dns.Msg)
	switch q.kind {
	case kindSRV:
		m.SetQuestion("_mysql._tcp."+name, dns.TypeSRV)
	case kindPTR:
		octets := strings.Split(address(s.first), ".")
		m.SetQuestion(fmt.Sprintf("%s.%s.%s.%s.in-addr.arpa.", octets[3], octets[2], octets[1], octets[0]), dns.TypePTR)
	case kindNXDOMAIN:
		m.SetQuestion("none."+name, dns.TypeA)
	default:
		m.SetQuestion(name, dns.TypeA)
	}
	if q.via.udpSize > dns.MinMsgSize {
		m.SetEdns0(q.via.udpSize, false)
	}
	return m
}

// zoneFor is the zone in which a variant is asked.
func (q question) zoneFor(variant string) string {
	if variant == file {
		return q.via.zone
	}
	return clusterZone
}
