package headless

import (
	"net"
	"sync"

	"github.com/miekg/dns"

	"github.com/headless-dns/headless/source"
)

// srvOctets is what an SRV record takes on the wire before its target, which is never compressed (RFC 2782).
const srvOctets = recordOctets + 6

// maxPointer is how far into a message a compressed name can point (RFC 1035, 4.1.4: 14 bits).
const maxPointer = 1 << 14

// srvAnswer collects SRV records until the client takes no more.
type srvAnswer struct {
	*asking
	found  selection
	suffix string // of every target: the service's own name, in the question's case
	room   int
	offset int // where in the message the next record begins

	*srvScratch
	// byLabel and seen are there where records may repeat: they find the target of a first label, and the records that
	// are there.
	byLabel map[string]int
	seen    map[srvRecord]struct{}

	// priority and weight are those of the records that are added next.
	priority, weight uint16
}

// srvScratch is what an answer is collected in. It is kept from one answer to the next, for its length is known only at
// the end.
type srvScratch struct {
	text    []byte // all targets, one behind the other
	owners  []srvTarget
	records []srvRecord
	extras  []srvAddress
}

var srvScratches = sync.Pool{New: func() any { return new(srvScratch) }}

// release gives it back. Addresses are parts of endpoints, which must not be held.
func (s *srvScratch) release() {
	clear(s.extras)
	s.text, s.owners, s.records, s.extras = s.text[:0], s.owners[:0], s.records[:0], s.extras[:0]
	srvScratches.Put(s)
}

// srvTarget is the name of one or more endpoints.
type srvTarget struct {
	from, to int // in the text
	octets   int // what it takes as the owner of an address: a pointer where one can reach it
}

type srvRecord struct {
	target           int
	port             uint16
	priority, weight uint16
}

// srvAddress is an address of a target that may go along in the additional section.
type srvAddress struct {
	target int
	ip     []byte
}

// srv answers with the ports of the endpoints, in random order, and with the addresses of their names as far as the
// client takes them. Addresses that are left out do not make an answer truncated (RFC 2181, section 9).
func (a *asking) srv(found selection) reply {
	one := a.name.kind == nameEndpoint
	if len(found.ports) == 0 && !one {
		return reply{}
	}
	s := a.newSRVAnswer(found, found.repeated() || one)
	s.weight = a.equalWeight(found)
	order := newSample(found.len(), a.random)
	defer order.release()
	fits := true
	for i, ok := order.next(); ok && fits; i, ok = order.next() {
		fits = s.add(found.at(i))
	}
	return s.reply(!fits)
}

// newSRVAnswer begins an answer; repeated says that records may repeat. It ends with reply.
func (a *asking) newSRVAnswer(found selection, repeated bool) *srvAnswer {
	s := &srvAnswer{
		asking: a, found: found, suffix: a.qname[len(a.qname)-a.name.suffix:],
		room: a.room(), offset: a.headOctets(), srvScratch: srvScratches.Get().(*srvScratch),
	}
	if repeated {
		s.byLabel, s.seen = make(map[string]int), make(map[srvRecord]struct{})
	}
	return s
}

// add takes an endpoint's records in; it returns false when one of them does not fit.
func (s *srvAnswer) add(p *source.Packed) bool {
	target := -1
	for _, port := range p.Ports() {
		if !matches(port, s.name.port, s.name.protocol) {
			continue
		}
		first := target < 0
		if first {
			target = s.target(p)
		}
		if !s.addRecord(srvRecord{target: target, port: port.Number, priority: s.priority, weight: s.weight}) {
			return false
		}
		if first { // only now has the target a record
			s.extras = append(s.extras, srvAddress{target: target, ip: p.IP()})
		}
	}
	return true
}

// target returns the number of an endpoint's target. Endpoints of one name, such as the two addresses of a pod, share
// one.
func (s *srvAnswer) target(p *source.Packed) int {
	t := srvTarget{from: len(s.text), octets: pointerOctets}
	s.text = s.found.appendLabel(s.text, p)
	if s.byLabel != nil {
		label := string(s.text[t.from:])
		if known, ok := s.byLabel[label]; ok {
			s.text = s.text[:t.from]
			return known
		}
		s.byLabel[label] = len(s.owners)
	}
	if s.offset+srvOctets >= maxPointer {
		t.octets += len(s.text) - t.from + 1
	}
	s.text = append(append(s.text, '.'), s.suffix...)
	t.to = len(s.text)
	s.owners = append(s.owners, t)
	return len(s.owners) - 1
}

func (s *srvAnswer) addRecord(record srvRecord) bool {
	if _, ok := s.seen[record]; ok {
		return true
	}
	t := s.owners[record.target]
	octets := srvOctets + t.to - t.from + 1
	if octets > s.room {
		return false
	}
	s.room -= octets
	s.offset += octets
	s.records = append(s.records, record)
	if s.seen != nil {
		s.seen[record] = struct{}{}
	}
	return true
}

// reply makes the records. All targets are parts of one string.
func (s *srvAnswer) reply(truncated bool) reply {
	defer s.release()
	text := string(s.text)
	header := s.header(dns.TypeSRV)
	values := make([]dns.SRV, len(s.records))
	r := reply{answer: make([]dns.RR, len(s.records)), truncated: truncated}
	for i, record := range s.records {
		t := s.owners[record.target]
		values[i] = dns.SRV{
			Hdr: header, Priority: record.priority, Weight: record.weight, Port: record.port, Target: text[t.from:t.to],
		}
		r.answer[i] = &values[i]
	}
	if !truncated {
		r.extra = s.additional(text)
	}
	return r
}

// additional returns the addresses of the targets, as far as there is room.
func (s *srvAnswer) additional(text string) []dns.RR {
	n, n4 := 0, 0
	for _, address := range s.extras {
		if s.room -= s.owners[address.target].octets + fieldOctets + len(address.ip); s.room < 0 {
			break
		}
		if n++; len(address.ip) == net.IPv4len {
			n4++
		}
	}
	extra, a, aaaa := make([]dns.RR, n), make([]dns.A, n4), make([]dns.AAAA, n-n4)
	header, header6 := s.header(dns.TypeA), s.header(dns.TypeAAAA)
	for i, address := range s.extras[:n] {
		t := s.owners[address.target]
		header.Name, header6.Name = text[t.from:t.to], text[t.from:t.to]
		if len(address.ip) == net.IPv4len {
			a[0] = dns.A{Hdr: header, A: address.ip}
			extra[i], a = &a[0], a[1:]
		} else {
			aaaa[0] = dns.AAAA{Hdr: header6, AAAA: address.ip}
			extra[i], aaaa = &aaaa[0], aaaa[1:]
		}
	}
	return extra
}

// equalWeight is the same for all: what the kubernetes plugin gives, 100 divided by the number of ports of all
// endpoints, at least 1.
func (a *asking) equalWeight(found selection) uint16 {
	pairs := 0
	if a.name.kind == nameService || a.name.kind == namePort {
		for _, port := range found.ports {
			if matches(port.Port, a.name.port, a.name.protocol) {
				pairs += port.endpoints
			}
		}
		return weightOf(pairs)
	}
	for i := range found.len() {
		for _, port := range found.at(i).Ports() {
			if matches(port, a.name.port, a.name.protocol) {
				pairs++
			}
		}
	}
	return weightOf(pairs)
}

func weightOf(pairs int) uint16 {
	return uint16(max(1, 100/max(1, pairs))) // #nosec G115 -- at most 100
}
