package headless

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coredns/coredns/plugin/pkg/fall"
	"github.com/coredns/coredns/plugin/transfer"

	"github.com/miekg/dns"
)

// transferer stands for a plugin behind us that transfers a zone.
type transferer struct {
	zone     string
	records  []dns.RR // without the SOA
	serial   uint32
	unsynced bool
	err      error
}

func (b *transferer) Ready() bool { return !b.unsynced }

func (b *transferer) Transfer(zone string, serial uint32) (<-chan []dns.RR, error) {
	switch {
	case b.err != nil:
		return nil, b.err
	case zone != b.zone || serial != 0:
		return nil, transfer.ErrNotAuthoritative
	}
	channel := make(chan []dns.RR)
	go func() {
		defer close(channel)
		soa := &dns.SOA{
			Hdr: dns.RR_Header{Name: zone, Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: 77},
			Ns:  "ns.dns." + zone, Mbox: "hostmaster." + zone, Serial: b.serial, Minttl: 77,
		}
		channel <- []dns.RR{soa}
		for _, rr := range b.records {
			channel <- []dns.RR{rr}
		}
		channel <- []dns.RR{soa}
	}()
	return channel, nil
}

// records parses records in presentation format.
func records(t *testing.T, texts ...string) []dns.RR {
	t.Helper()
	var rrs []dns.RR
	for _, text := range texts {
		rr, err := dns.NewRR(text)
		if err != nil {
			t.Fatal(err)
		}
		rrs = append(rrs, rr)
	}
	return rrs
}

// before puts us before a plugin that transfers a zone: the kubernetes plugin, or one that names fall through to.
func before(t *testing.T, b *transferer, kubernetes bool) *Headless {
	t.Helper()
	h := withService(newTestHeadless(t), ready("10.0.0.1", "db-0"))
	h.transferers = []transfer.Transferer{&transferer{zone: "example.org."}, b}
	if kubernetes {
		h.behind = zonesBehind{b.zone}
	} else {
		h.Fall = fall.Root
	}
	return h
}

func (z zoneOfTransfer) text() string {
	var all []string
	for _, set := range z.sets {
		all = append(all, set...)
	}
	slices.Sort(all)
	return strings.ReplaceAll(strings.Join(all, "\n"), "\t", " ")
}

// ourRecords are those of the service default/db with the endpoint db-0.
const ourRecords = `_mysql._tcp.db.default.svc.cluster.local. 5 IN A 10.0.0.1
_mysql._tcp.db.default.svc.cluster.local. 5 IN SRV 0 100 3306 db-0.db.default.svc.cluster.local.
`

const ourAddresses = `db-0.db.default.svc.cluster.local. 5 IN A 10.0.0.1
db-0.db.default.svc.cluster.local. 5 IN SRV 0 100 3306 db-0.db.default.svc.cluster.local.
db.default.svc.cluster.local. 5 IN A 10.0.0.1
db.default.svc.cluster.local. 5 IN SRV 0 100 3306 db-0.db.default.svc.cluster.local.
`

func TestTheRecordsOfAKubernetesPluginBehindAreMerged(t *testing.T) {
	h := before(t, &transferer{zone: "cluster.local.", records: records(t,
		"cluster.local. 9 IN NS ns.dns.cluster.local.",
		"ns.dns.cluster.local. 9 IN A 10.9.9.9",
		"web.default.svc.cluster.local. 9 IN A 10.96.0.1",
		"web.default.svc.cluster.local. 9 IN SRV 0 100 53 web.default.svc.cluster.local.",
		"WEB.default.svc.cluster.local. 8 IN SRV 0 100 53 web.default.svc.cluster.local.", // a second port of that number
		"DB.default.svc.cluster.local. 9 IN A 10.0.0.1",
		"db.default.svc.cluster.local. 9 IN A 10.0.0.9",
		"old.db.default.svc.cluster.local. 9 IN A 10.0.0.9",
		"_mysql._tcp.db.default.svc.cluster.local. 9 IN SRV 0 33 3306 db-0.db.default.svc.cluster.local.",
		"db.other.svc.cluster.local. 9 IN CNAME example.org.",
		"example.org. 9 IN A 192.0.2.1",
	)}, true)
	want := ourRecords + "cluster.local. 9 IN NS ns.dns.cluster.local.\n" + ourAddresses +
		`db.other.svc.cluster.local. 9 IN CNAME example.org.
dns-version.cluster.local. 28800 IN TXT "1.1.0"
ns.dns.cluster.local. 9 IN A 10.9.9.9
web.default.svc.cluster.local. 9 IN A 10.96.0.1
web.default.svc.cluster.local. 9 IN SRV 0 100 53 web.default.svc.cluster.local.`
	z := transferred(t, h, "cluster.local.")
	if got := z.text(); got != want {
		t.Errorf("The zone is\n%s\nwant\n%s", got, want)
	}
	if z.soa.Hdr.Ttl != 77 || z.soa.Minttl != 77 {
		t.Errorf("The SOA is not that of the plugin that queries for it get to: %s", z.soa)
	}
}

// Names fall through only where we deny them: the apex stays ours.
func TestTheRecordsOfAPluginThatNamesFallThroughToAreMerged(t *testing.T) {
	behind := &transferer{zone: "cluster.local.", records: records(t,
		"cluster.local. 9 IN NS ns.example.org.",
		"ns.dns.cluster.local. 9 IN A 10.9.9.9",
		"dns-version.cluster.local. 9 IN TXT other",
		"default.svc.cluster.local. 9 IN TXT hidden",
		"static.cluster.local. 9 IN A 192.0.2.53",
	)}
	h := before(t, behind, false)
	own := "cluster.local. 5 IN NS ns.dns.cluster.local.\n" + ourAddresses
	version := `dns-version.cluster.local. 28800 IN TXT "1.1.0"`
	want := ourRecords + own + version + "\nstatic.cluster.local. 9 IN A 192.0.2.53"
	z := transferred(t, h, "cluster.local.")
	if got := z.text(); got != want {
		t.Errorf("The zone is\n%s\nwant\n%s", got, want)
	}
	if z.soa.Minttl != 5 {
		t.Errorf("The SOA is not ours: %s", z.soa)
	}
	h.Fall.Zones = []string{"other.cluster.local."}
	if got := transferred(t, h, "cluster.local.").text(); got != ourRecords+own+version {
		t.Errorf("With fallthrough of other names the zone is\n%s", got)
	}
	h.Fall = fall.Zero
	behind.err = errors.New("it must not be asked")
	if got := transferred(t, h, "cluster.local.").text(); got != ourRecords+own+version {
		t.Errorf("Without fallthrough the zone is\n%s", got)
	}
}

// The kubernetes plugin transfers a reverse zone as if services had names in it; it answers no query for them.
func TestAReverseZoneHasPTRRecordsAndNoServices(t *testing.T) {
	h := before(t, &transferer{zone: "in-addr.arpa.", records: records(t,
		"in-addr.arpa. 9 IN NS kube-dns.kube-system.svc.in-addr.arpa.",
		"kube-dns.kube-system.svc.in-addr.arpa. 9 IN A 10.96.0.10",
		"web.default.svc.in-addr.arpa. 9 IN A 10.96.0.1",
		"1.0.0.10.in-addr.arpa. 9 IN PTR old.example.org.",
		"2.0.0.10.in-addr.arpa. 9 IN PTR static.example.org.",
	)}, true)
	want := `1.0.0.10.in-addr.arpa. 5 IN PTR db-0.db.default.svc.cluster.local.
2.0.0.10.in-addr.arpa. 9 IN PTR static.example.org.
dns-version.in-addr.arpa. 28800 IN TXT "1.1.0"
in-addr.arpa. 9 IN NS kube-dns.kube-system.svc.in-addr.arpa.
kube-dns.kube-system.svc.in-addr.arpa. 9 IN A 10.96.0.10`
	if got := transferred(t, h, "in-addr.arpa.").text(); got != want {
		t.Errorf("The zone is\n%s\nwant\n%s", got, want)
	}
}

// A secondary asks for the SOA record and compares: what it is told must be what a transfer then has, whoever answers.
func TestTheSerialOfAMergedZoneIsThatOfTheLaterChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		behind := &transferer{zone: "cluster.local."}
		h := before(t, behind, true)
		cached := records(t, "cluster.local. 77 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. 0 0 0 0 77")
		h.Next = &nextPlugin{reply: replying(dns.RcodeSuccess, cached...)}
		ours := h.cache.serials.now()
		pass(3 * time.Second)
		for theirs, want := range map[uint32]uint32{0: ours, ours - 1: ours, ours: ours, ours + 1: ours + 1, ours + 2: ours + 2, ours + 3: ours + 2, 4e9: ours + 2} {
			behind.serial, cached[0].(*dns.SOA).Serial = theirs, theirs
			z := transferred(t, h, "cluster.local.")
			asked := ask(t, h, "CLUSTER.local.", dns.TypeSOA, client{tcp: true}).Answer[0].(*dns.SOA)
			if z.soa.Serial != want || asked.Serial != want {
				t.Errorf("With the serials %d of ours and %d behind the transfer has %d and the answer %d, want %d",
					ours, theirs, z.soa.Serial, asked.Serial, want)
			}
			if got := cached[0].(*dns.SOA).Serial; got != theirs {
				t.Errorf("The record of the plugin behind was changed from %d to %d", theirs, got)
			}
		}
	})
}

// The serial of a zone in a file may be anything: a small number, or a date that is far ahead of the time. Only that it
// changes means something.
func TestTheSerialOfAZoneBeforeAFileChangesWhenTheFilesDoes(t *testing.T) {
	for _, theirs := range []uint32{1, 42, 2_026_112_201, 4_000_000_000} {
		synctest.Test(t, func(t *testing.T) {
			behind := &transferer{zone: "cluster.local.", serial: theirs}
			h := before(t, behind, false)
			soa := records(t, "cluster.local. 77 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. 0 0 0 0 77")
			h.Next = &nextPlugin{reply: replying(dns.RcodeSuccess, soa...)}
			told := func() uint32 {
				soa[0].(*dns.SOA).Serial = behind.serial
				asked := ask(t, h, "cluster.local.", dns.TypeSOA, client{tcp: true}).Answer[0].(*dns.SOA).Serial
				if z := transferred(t, h, "cluster.local."); z.soa.Serial != asked {
					t.Errorf("The transfer has %d and the answer %d", z.soa.Serial, asked)
				}
				return asked
			}
			pass(3 * time.Second)
			first := told()
			pass(3 * time.Second)
			if same := told(); same != first {
				t.Errorf("Without a change the serial went from %d to %d", first, same)
			}
			behind.serial++
			told()
			pass(3 * time.Second)
			if next := told(); !olderSerial(first, next) {
				t.Errorf("With a change of the file the serial went from %d to %d", first, next)
			}
		})
	}
}

// In a bubble of synctest each goroutine has to end.
func TestATransferThatIsNotWantedLeavesNothingRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		behind := &transferer{zone: "cluster.local.", records: records(t, "a.cluster.local. 9 IN A 192.0.2.1", "b.cluster.local. 9 IN A 192.0.2.1")}
		h := before(t, behind, true)
		pass(2 * time.Second)
		channel, err := h.Transfer("cluster.local.", h.cache.serials.now())
		if err != nil {
			t.Fatal(err)
		}
		if n := len(<-channel); n != 1 {
			t.Errorf("A secondary that is up to date gets %d records", n)
		}
		if _, more := <-channel; more {
			t.Error("A secondary that is up to date gets more than the SOA")
		}
		behind.unsynced = true
		if _, err := h.Transfer("cluster.local.", 0); !errors.Is(err, errUnsynced) {
			t.Errorf("While the plugin behind is not synced: %v", err)
		}
		behind.err = errors.New("broken")
		if _, err := h.Transfer("cluster.local.", 0); !errors.Is(err, behind.err) {
			t.Errorf("While the plugin behind is broken: %v", err)
		}
	})
}
