package headless

import (
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/coredns/coredns/plugin/pkg/dnsutil"
	"github.com/coredns/coredns/plugin/transfer"

	"github.com/miekg/dns"
)

var _ transfer.Transferer = (*Headless)(nil)

// errUnsynced refuses a transfer: a secondary must not load a zone in which names are missing.
var errUnsynced = errors.New("no zone is transferred before all that is in it is synced")

// Transfer implements transfer.Transferer. The records of our names are those that queries over TCP are answered with;
// the rest of the zone is what the plugin behind us transfers.
//
// The channel must be read to its end, as the transfer plugin does even where its client has gone.
func (h *Headless) Transfer(zone string, serial uint32) (<-chan []dns.RR, error) {
	zone = strings.ToLower(zone) // older versions of CoreDNS have it in the case of the question
	if !slices.Contains(h.Zones, zone) {
		return nil, transfer.ErrNotAuthoritative
	}
	if !h.cache.synced.Load() {
		return nil, errUnsynced
	}
	now := h.cache.serials.now()
	behind, err := h.openBehind(zone)
	if err != nil {
		return nil, err
	}
	t := &zoneTransfer{Headless: h.frozen(), zone: zone, behind: behind, records: make(chan []dns.RR)}
	t.soa = t.asking(zone, dns.TypeSOA).soa()
	if behind.soa != nil && h.behind.serves(zone) {
		t.soa = dns.Copy(behind.soa).(*dns.SOA)
	}
	t.soa.Serial = h.mergedSerial(zone, now, behind.serial())
	go t.run(serial)
	return t.records, nil
}

// frozen returns a copy that knows the services of this moment, and leaves nothing to chance: two transfers of one
// state are the same.
func (h *Headless) frozen() *Headless {
	frozen := *h
	frozen.kept = new(atomic.Pointer[knowledge])
	frozen.cache = &endpointsCache{reverse: h.cache.reverse}
	frozen.cache.index.Store(h.cache.index.Load())
	frozen.random = func(uint32) uint32 { return 0 }
	return &frozen
}

// zoneTransfer is a transfer of one zone.
type zoneTransfer struct {
	*Headless
	zone    string
	soa     *dns.SOA
	behind  zoneBehind
	records chan []dns.RR
}

func (t *zoneTransfer) run(serial uint32) {
	defer close(t.records)
	t.send(t.soa)
	if serial != 0 && !olderSerial(serial, t.soa.Serial) {
		t.behind.abandon()
		return
	}
	t.sendAnswer(t.zone, dns.TypeNS)
	for _, qtype := range addressTypes {
		t.sendAnswer(dnsutil.Join("ns.dns", t.zone), qtype)
	}
	t.sendBehind()
	services := t.cache.index.Load().services
	keys := slices.Sorted(maps.Keys(services))
	for _, key := range keys {
		t.sendService(key, services[key].endpoints.Load())
	}
	if t.cache.reverse != nil {
		t.sendReverse(keys)
	}
	t.send(t.soa)
}

var addressTypes = []uint16{dns.TypeA, dns.TypeAAAA}

// asking is a question for all records of a name and type.
func (t *zoneTransfer) asking(qname string, qtype uint16) *asking {
	a := &asking{Headless: t.Headless, knowledge: t.knowledge, qname: qname, lower: qname, zone: t.zone, qtype: qtype, ttl: t.ttl}
	a.parse()
	return a
}

// sendAnswer sends the answer to a question, where it is us who answer it.
func (t *zoneTransfer) sendAnswer(qname string, qtype uint16) {
	if r, left := t.asking(qname, qtype).answer(); !left && t.holds(qname) {
		t.send(r.answer...)
	}
}

// holds says whether the name is in the zone, and not in a zone of ours below it.
func (t *zoneTransfer) holds(lower string) bool { return t.zoneOf(lower) == t.zone }

// sendService sends what there is at a service's name and below it. Names of zones and nodes are not sent, for there is no
// end of them.
func (t *zoneTransfer) sendService(key string, e *endpoints) {
	service := dnsutil.Join(key, "svc", t.zone)
	asked := t.asking(service, dns.TypeA)
	for _, below := range e.names(asked.namesUnready(e)) {
		if !t.holds(below + service) {
			continue
		}
		for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA, dns.TypeSRV} {
			t.send(t.asking(below+service, qtype).serviceReply(e).answer...)
		}
	}
}

// sendReverse sends the PTR records of all services' endpoints.
func (t *zoneTransfer) sendReverse(keys []string) {
	sent := make(map[netip.Addr]bool)
	for _, key := range keys {
		e, _ := t.cache.lookup(key)
		for p := range e.readyPart.byAddress.All() {
			address := p.Address()
			reverse, err := dns.ReverseAddr(address.String())
			if err != nil || !t.holds(reverse) || sent[address] {
				continue
			}
			sent[address] = true
			r, _ := t.asking(reverse, dns.TypePTR).reverseReply()
			t.send(r.answer...)
		}
	}
}

// send sends records. The transfer plugin of older versions does not divide what comes at once.
func (t *zoneTransfer) send(records ...dns.RR) {
	for few := range slices.Chunk(records, 100) {
		t.records <- few
	}
}
