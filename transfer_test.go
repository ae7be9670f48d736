package headless

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/coredns/coredns/plugin/transfer"

	"github.com/miekg/dns"

	"github.com/headless-dns/headless/source"
)

// zoneOfTransfer is what a secondary has of a zone: the records by name and type.
type zoneOfTransfer struct {
	soa  *dns.SOA
	sets map[string][]string // by "name type"
}

// transferred takes a zone as a secondary does, and checks what is true of every transfer.
func transferred(t *testing.T, h *Headless, zone string) zoneOfTransfer {
	t.Helper()
	channel, err := h.Transfer(zone, 0)
	if err != nil {
		t.Fatalf("The transfer of %s failed: %v", zone, err)
	}
	var all []dns.RR
	for few := range channel {
		all = append(all, few...)
	}
	z := zoneOfTransfer{sets: map[string][]string{}}
	for i, rr := range all {
		soa, ok := rr.(*dns.SOA)
		if ok != (i == 0 || i == len(all)-1) || ok && z.soa != nil && z.soa.String() != soa.String() {
			t.Errorf("Record %d of %d is %s", i, len(all), rr)
		}
		if ok {
			z.soa = soa
			continue
		}
		set := questionOf(rr.Header().Name, rr.Header().Rrtype)
		if slices.Contains(z.sets[set], rr.String()) {
			t.Errorf("There are two records %s", rr)
		}
		z.sets[set] = append(z.sets[set], rr.String())
	}
	for _, set := range z.sets {
		slices.Sort(set)
	}
	return z
}

func questionOf(name string, rrtype uint16) string { return name + " " + dns.TypeToString[rrtype] }

// answered returns the answer to a question as a zone has it; fits is false where it is not the whole one.
func answered(t *testing.T, h *Headless, qname string, qtype uint16) (records []string, fits bool) {
	t.Helper()
	m := ask(t, h, qname, qtype, client{tcp: true})
	for _, rr := range m.Answer {
		records = append(records, rr.String())
	}
	slices.Sort(records)
	return records, !m.Truncated
}

// checkZone checks the law of a transfer: each set of records is what a query for its name and type is answered with,
// and each question that has an answer has it in the transfer.
func checkZone(t *testing.T, h *Headless, zone string, questions map[string]uint16) {
	t.Helper()
	z := transferred(t, h, zone)
	if soa := ask(t, h, zone, dns.TypeSOA, client{tcp: true}); len(soa.Answer) != 1 || soa.Answer[0].String() != z.soa.String() {
		t.Errorf("The transfer has %s, a query is answered with %s", z.soa, soa.Answer)
	}
	all := maps.Clone(questions)
	for set := range z.sets {
		name, typeName, _ := strings.Cut(set, " ")
		all[set] = dns.StringToType[typeName]
		if h.zoneOf(name) != zone {
			t.Errorf("%s is not in %s", name, zone)
		}
	}
	for question, qtype := range all {
		name, _, _ := strings.Cut(question, " ")
		if h.zoneOf(name) != zone {
			continue
		}
		want, fits := answered(t, h, name, qtype)
		if got := z.sets[question]; fits && !slices.Equal(got, want) || !fits && len(got) <= len(want) {
			t.Errorf("Of %s the transfer has\n%s\nand the answer is\n%s", question, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// allZones are such that some have names of others below them.
var allZones = []string{"cluster.local.", "local.", "svc.local.", "dns.cluster.local.", "in-addr.arpa.", "1.10.in-addr.arpa.", "ip6.arpa."}

func TestATransferHasWhatQueriesAreAnsweredWithAndNothingElse(t *testing.T) {
	for seed := range uint64(25) {
		random := rand.New(rand.NewPCG(seed, 1))
		h := newTestHeadless(t)
		h.Zones = allZones
		h.addressesOfServer = []netip.Addr{netip.MustParseAddr("192.0.2.53"), netip.MustParseAddr("2001:db8::53")}
		questions := fillAtRandom(h, random)
		for _, zone := range allZones {
			checkZone(t, h, zone, questions)
		}
		if t.Failed() {
			t.Fatalf("The seed is %d", seed)
		}
	}
}

// fillAtRandom makes services with all that the API allows, and returns what may be asked of them.
func fillAtRandom(h *Headless, random *rand.Rand) map[string]uint16 {
	questions := map[string]uint16{}
	add := func(name string, qtypes ...uint16) {
		for _, qtype := range qtypes {
			questions[questionOf(name, qtype)] = qtype
		}
	}
	below := func(key, label string) {
		for _, zone := range []string{"cluster.local.", "local.", "in-addr.arpa."} {
			add(label+key+".svc."+zone, dns.TypeA, dns.TypeAAAA, dns.TypeSRV, dns.TypeTXT)
		}
	}
	ports := []source.Port{mysql, {Name: "dns", Protocol: "udp", Number: 53}, {Name: "dns", Protocol: "tcp", Number: 53},
		{Protocol: "tcp", Number: 9153}, {Name: "other", Protocol: "tcp", Number: 3306}}
	for i := range 1 + random.IntN(4) {
		name := fmt.Sprintf("db-%d", i)
		h.cache.SetService(headlessService("default", name))
		key := name + ".default"
		below(key, "")
		for _, port := range ports {
			if port.Name != "" { // "_" stands for any port, and is the name of none
				below(key, "_"+port.Name+"._"+port.Protocol+".")
			}
		}
		for j := range random.IntN(4) {
			var all, nameless []source.Endpoint
			for range random.IntN(12) {
				e := randomEndpoint(random)
				all = append(all, e)
				e.Hostname = ""
				nameless = append(nameless, e)
				reverse, _ := dns.ReverseAddr(e.Address.String())
				add(reverse, dns.TypePTR, dns.TypeA)
			}
			s := sliceWithPorts("default", name, fmt.Sprintf("%s-%d", name, j), ports[:random.IntN(len(ports)+1)], all...)
			for _, p := range append(sliceWith("", "", "", nameless...).Endpoints, s.Endpoints...) {
				below(key, string(naming{}.appendLabel(nil, p))+".")
			}
			h.cache.SetSlice(s)
		}
	}
	for _, zone := range allZones {
		add(zone, dns.TypeNS, dns.TypeA, dns.TypeTXT)
		add("ns.dns."+zone, dns.TypeA, dns.TypeAAAA, dns.TypeTXT)
		add("dns-version."+zone, dns.TypeTXT, dns.TypeA)
	}
	return questions
}

func randomEndpoint(random *rand.Rand) source.Endpoint {
	address := fmt.Sprintf("10.%d.0.%d", random.IntN(2), random.IntN(6))
	if random.IntN(3) == 0 {
		address = fmt.Sprintf("2001:db8::%x", random.IntN(6)) // with 0 its name ends in a zero of its own
	}
	e := ready(address, []string{"", "a", "b", "c", "10-0-0-1"}[random.IntN(5)])
	if random.IntN(3) == 0 {
		e = unready(address, e.Hostname)
	}
	return e
}

func TestWhatDoesNotFitAMessageIsTransferredWhole(t *testing.T) {
	const n = 5000
	h := withService(newTestHeadless(t), manyReady(n)...)
	z := transferred(t, h, "cluster.local.")
	for _, set := range []string{questionOf(dbName, dns.TypeA), questionOf(dbName, dns.TypeSRV), "_mysql._tcp." + dbName + " SRV"} {
		if len(z.sets[set]) != n {
			t.Errorf("Of %s there are %d records, want %d", set, len(z.sets[set]), n)
		}
	}
	if reverse := transferred(t, h, "in-addr.arpa."); len(reverse.sets) != n+2 { // with NS and the version
		t.Errorf("The reverse zone has %d names, want %d", len(reverse.sets), n+2)
	}
}

func TestNoZoneIsTransferredThatIsNotOursOrNotSynced(t *testing.T) {
	h := withService(newTestHeadless(t), ready("10.0.0.1", "db-0"))
	for zone, want := range map[string]error{
		"cluster.local.": nil, "CLUSTER.local.": nil, "ip6.arpa.": nil,
		"local.": transfer.ErrNotAuthoritative, "svc.cluster.local.": transfer.ErrNotAuthoritative,
		"example.org.": transfer.ErrNotAuthoritative, dbName: transfer.ErrNotAuthoritative,
	} {
		channel, err := h.Transfer(zone, 0)
		if err != want { //nolint:errorlint // the transfer plugin compares it so
			t.Errorf("The transfer of %s: %v, want %v", zone, err, want)
		}
		if err == nil {
			for range channel {
			}
		}
	}
	h.cache.synced.Store(false)
	if _, err := h.Transfer("cluster.local.", 0); err == nil || err == transfer.ErrNotAuthoritative { //nolint:errorlint // likewise
		t.Errorf("Before the first sync the transfer gives %v", err)
	}
}

func TestASecondaryThatIsUpToDateGetsTheSOAAlone(t *testing.T) {
	h := withService(newTestHeadless(t), ready("10.0.0.1", "db-0"))
	now := transferred(t, h, "cluster.local.").soa.Serial
	for serial, want := range map[uint32]bool{0: false, 1: false, now - 1: false, now: true, now + 1: true, now - 1<<31 + 1: false, now + 1<<31 - 1: true} {
		channel, err := h.Transfer("cluster.local.", serial)
		if err != nil {
			t.Fatal(err)
		}
		var all []dns.RR
		for few := range channel {
			all = append(all, few...)
		}
		if alone := len(all) == 1 && all[0].Header().Rrtype == dns.TypeSOA; alone != want {
			t.Errorf("With serial %d of %d a secondary gets %d records", serial, now, len(all))
		}
	}
}

func TestTwoTransfersOfOneStateAreTheSame(t *testing.T) {
	h := newTestHeadless(t)
	fillAtRandom(h, rand.New(rand.NewPCG(3, 3)))
	var texts [2]string
	for i := range texts {
		channel, err := h.Transfer("cluster.local.", 0)
		if err != nil {
			t.Fatal(err)
		}
		for few := range channel {
			for _, rr := range few {
				if rr.Header().Rrtype != dns.TypeSOA {
					texts[i] += rr.String() + "\n"
				}
			}
		}
	}
	if texts[0] != texts[1] || texts[0] == "" {
		t.Errorf("One transfer is\n%s\nthe other is\n%s", texts[0], texts[1])
	}
}
