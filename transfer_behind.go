package headless

import (
	"errors"
	"strings"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/pkg/dnsutil"
	"github.com/coredns/coredns/plugin/pkg/nonwriter"
	"github.com/coredns/coredns/plugin/transfer"

	"github.com/miekg/dns"
)

// zoneBehind is the transfer of a zone by a plugin behind us. It is empty where no plugin has the zone.
type zoneBehind struct {
	soa   *dns.SOA
	first []dns.RR // the SOA, and what came with it
	rest  <-chan []dns.RR
}

// openBehind begins the transfer of the zone by the first plugin behind us that has it, if queries get there.
func (h *Headless) openBehind(zone string) (zoneBehind, error) {
	if !h.behind.serves(zone) && len(h.Fall.Zones) == 0 {
		return zoneBehind{}, nil
	}
	for _, next := range h.transferers {
		synced := true
		if r, ok := next.(interface{ Ready() bool }); ok {
			synced = r.Ready()
		}
		records, err := next.Transfer(zone, 0)
		if errors.Is(err, transfer.ErrNotAuthoritative) {
			continue
		}
		if err != nil {
			return zoneBehind{}, err
		}
		z := zoneBehind{first: <-records, rest: records}
		if len(z.first) > 0 {
			z.soa, _ = z.first[0].(*dns.SOA)
		}
		if !synced || z.soa == nil {
			z.abandon()
			return zoneBehind{}, errUnsynced
		}
		return z, nil
	}
	return zoneBehind{}, nil
}

// serial returns that of the zone, or 0.
func (z *zoneBehind) serial() uint32 {
	if z.soa == nil {
		return 0
	}
	return z.soa.Serial
}

// abandon lets the plugin behind end: it waits until someone has taken each record.
func (z *zoneBehind) abandon() {
	if z.rest != nil {
		go func() {
			for range z.rest {
			}
		}()
	}
}

// mergedSOA returns the zone's SOA record where it is ours, with the serial that a transfer has. The plugin behind is
// asked as a client would ask: to begin a transfer costs it the whole zone.
func (a *asking) mergedSOA() *dns.SOA {
	soa, now := a.soa(), a.cache.serials.now()
	if a.state == nil || a.Next == nil || !a.Fall.Through(a.lower) {
		return soa
	}
	behind := nonwriter.New(a.state.W)
	if _, err := plugin.NextOrFailure(a.Name(), a.Next, a.ctx, behind, a.state.Req.Copy()); err != nil || behind.Msg == nil {
		return soa
	}
	for _, rr := range behind.Msg.Answer {
		if theirs, ok := rr.(*dns.SOA); ok && strings.EqualFold(theirs.Hdr.Name, a.zone) {
			soa.Serial = a.mergedSerial(strings.ToLower(a.zone), now, theirs.Serial)
		}
	}
	return soa
}

// mergedSerial returns the serial of a zone of which a plugin behind us has a part, with that serial; 0 is for none.
// That of the kubernetes plugin is a time, like ours. Of any other one only a change means something.
func (h *Headless) mergedSerial(zone string, now, behind uint32) uint32 {
	if behind != 0 && !h.behind.serves(zone) {
		if before, known := h.serialsBehind.Swap(zone, behind); known && before != behind {
			h.cache.serials.changed()
		}
		behind = 0
	}
	return h.cache.serials.at(now, behind)
}

// mergedZone sends records of the plugin behind us, each once.
type mergedZone struct {
	*zoneTransfer
	servicesOfReverse string // what no query is answered for: SERVICE.NAMESPACE.svc in a reverse zone
	nameServers       map[string]bool
	sent              map[string]bool
}

// sendBehind sends the records of the plugin behind us for the names that are left to it, and the version of the DNS
// schema, which the kubernetes plugin answers but does not transfer.
func (t *zoneTransfer) sendBehind() {
	m := mergedZone{zoneTransfer: t, nameServers: make(map[string]bool), sent: make(map[string]bool)}
	if dnsutil.IsReverse("."+t.zone) > 0 {
		m.servicesOfReverse = dnsutil.Join("svc", t.zone)
	}
	if t.behind.rest != nil {
		m.send(t.behind.first)
		for records := range t.behind.rest {
			m.send(records)
		}
	}
	if version := dnsutil.Join("dns-version", t.zone); t.holds(version) {
		m.sendOnce(t.asking(version, dns.TypeTXT).zoneReply().answer...)
	}
}

func (m *mergedZone) send(records []dns.RR) {
	for _, rr := range records {
		if ns, ok := rr.(*dns.NS); ok {
			m.nameServers[strings.ToLower(ns.Ns)] = true
		}
		if m.takes(rr) {
			m.sendOnce(rr)
		}
	}
}

// takes says whether a query for the record's name and type is answered by the plugin behind us.
func (m *mergedZone) takes(rr dns.RR) bool {
	owner, rrtype := strings.ToLower(rr.Header().Name), rr.Header().Rrtype
	switch {
	case rrtype == dns.TypeSOA || !m.holds(owner):
		return false
	case m.servicesOfReverse != "" && inZone(owner, m.servicesOfReverse):
		return m.nameServers[owner]
	}
	_, left := m.asking(owner, rrtype).answer()
	return left
}

// sendOnce sends those of the records that were not sent yet: the kubernetes plugin gives two ports of one number as
// two records that are the same.
func (m *mergedZone) sendOnce(records ...dns.RR) {
	for _, rr := range records {
		same := dns.Copy(rr)
		same.Header().Name, same.Header().Ttl = strings.ToLower(same.Header().Name), 0
		if key := same.String(); !m.sent[key] {
			m.sent[key] = true
			m.zoneTransfer.send(rr)
		}
	}
}
