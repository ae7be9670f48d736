package e2e

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// transferring is a Corefile of a primary: headless for some namespaces, and plugins above and behind it.
func transferring(above, behind string, namespaces ...string) string {
	return `. {
    bind 127.0.0.1
    errors
    ready {$READY_ADDRESS}
    transfer cluster.local in-addr.arpa ip6.arpa {
        to *
    }
    ` + above + `
    headless cluster.local in-addr.arpa ip6.arpa {
        kubeconfig {$KUBECONFIG_FILE}
        namespaces ` + strings.Join(namespaces, " ") + `
        ttl 30
    }
    ` + behind + `
}`
}

// transferBehind is the kubernetes plugin for the same namespaces.
func transferBehind(option string, namespaces ...string) string {
	return `kubernetes cluster.local in-addr.arpa ip6.arpa {
        kubeconfig {$KUBECONFIG_FILE}
        namespaces ` + strings.Join(namespaces, " ") + `
        ttl 30
        ` + option + `
    }`
}

func startPrimary(t *testing.T, corefile string) *harness.CoreDNS {
	t.Helper()
	server := cluster.StartCoreDNS(t, harness.CoreDNSOptions{Binary: corednsBinary, Corefile: corefile})
	harness.Eventually(t, "the primary is ready", server.Ready)
	return server
}

// zone is a transferred one: its SOA record, and the records of each name and type.
type zone struct {
	soa      *dns.SOA
	sets     map[string][]string // by question
	records  int
	messages int
}

// transfer takes a zone as a secondary does. The query may be one for IXFR, and the TSIG secrets may be none.
func transfer(address string, query *dns.Msg, secrets map[string]string) (zone, error) {
	z := zone{sets: map[string][]string{}}
	client := &dns.Transfer{TsigSecret: secrets}
	envelopes, err := client.In(query, address)
	if err != nil {
		return z, err
	}
	for envelope := range envelopes {
		if envelope.Error != nil {
			return z, envelope.Error
		}
		z.messages++
		for _, rr := range envelope.RR {
			z.records++
			if soa, ok := rr.(*dns.SOA); ok {
				z.soa = soa
				continue
			}
			question := rr.Header().Name + " " + dns.TypeToString[rr.Header().Rrtype]
			if slices.Contains(z.sets[question], rr.String()) && len(z.sets[question]) < 100 {
				return z, fmt.Errorf("it has %q twice", rr)
			}
			z.sets[question] = append(z.sets[question], rr.String())
		}
	}
	return z, nil
}

func axfr(name string) *dns.Msg { return new(dns.Msg).SetAxfr(name) }

// answerOf asks over TCP and returns the answer section as a zone has it.
func answerOf(address, question string) ([]string, error) {
	reply, err := harness.Ask("tcp", address, question)
	if err != nil {
		return nil, err
	}
	var records []string
	for _, rr := range reply.Answer {
		records = append(records, rr.String())
	}
	slices.Sort(records)
	return records, nil
}

// checkTransfer compares what a zone has of some questions with the answers to them.
func checkTransfer(address string, z zone, questions []string) error {
	for _, question := range questions {
		want, err := answerOf(address, question)
		if err != nil {
			return err
		}
		got := slices.Sorted(slices.Values(z.sets[question]))
		if d := cmp.Diff(strings.Join(want, "\n"), strings.Join(got, "\n")); d != "" {
			return fmt.Errorf("%s (-answer +transfer)\n%s", question, d)
		}
	}
	return nil
}

// transferWorld makes services of several kinds in a new namespace, and returns it and all that may be asked of them.
func transferWorld(t *testing.T) (namespace string, questions []string) {
	t.Helper()
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	db.Spec.IPFamilyPolicy = new(corev1.IPFamilyPolicyRequireDualStack)
	hand := harness.WithoutSelector(harness.HeadlessService(db.Namespace, "hand"))
	late := harness.Endpoint("203.0.113.13", "late")
	late.Conditions.Ready = new(false)
	virtual := harness.HeadlessService(db.Namespace, "virtual")
	virtual.Spec.ClusterIP, virtual.Spec.Selector = "", db.Spec.Selector
	// Two ports of one number, for which the kubernetes plugin makes two records that are the same.
	virtual.Spec.Ports = append(virtual.Spec.Ports, corev1.ServicePort{Name: "udp", Port: 3306, Protocol: corev1.ProtocolUDP})
	cluster.Create(t, db, harness.StatefulSet(db, "db", 3), virtual, hand,
		harness.Slice(hand, "hand-1", discoveryv1.AddressTypeIPv4, harness.Endpoint("203.0.113.11", "same"), harness.Endpoint("203.0.113.12", "same"), late),
		harness.Slice(hand, "hand-2", discoveryv1.AddressTypeIPv6, harness.Endpoint("2001:db8:1::", "")))
	for _, want := range expectDualStack(t, db, 3) {
		questions = append(questions, want.Question)
	}
	for _, label := range []string{"", "same.", "late.", "2001-db8-1--0.", "_mysql._tcp."} {
		for _, qtype := range []string{"A", "AAAA", "SRV"} {
			questions = append(questions, label+serviceName(hand)+" "+qtype)
		}
	}
	for _, address := range []string{"203.0.113.11", "203.0.113.13", "2001:db8:1::"} {
		reverse, _ := dns.ReverseAddr(address)
		questions = append(questions, reverse+" PTR")
	}
	return db.Namespace, append(questions, "_mysql._tcp."+serviceName(db)+" A", "db-0."+serviceName(db)+" SRV", "dns-version.cluster.local. TXT", "cluster.local. NS")
}

func TestATransferredZoneHasWhatQueriesAreAnsweredWith(t *testing.T) {
	t.Parallel()
	namespace, questions := transferWorld(t)
	virtual := []string{"virtual." + namespace + ".svc.cluster.local. A", "_mysql._tcp.virtual." + namespace + ".svc.cluster.local. SRV"}
	for name, behind := range map[string]string{
		"alone": "", "before kubernetes": transferBehind("", namespace),
		"before kubernetes without endpoints": transferBehind("noendpoints", namespace),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if behind != "" {
				needsTransferBehind(t)
			}
			server := startPrimary(t, transferring("", behind, namespace))
			if err := harness.Poll(harness.Patience, func() error { return checkZones(server.Address, questions, behind, virtual) }); err != nil {
				t.Error(err)
			}
			refused := []string{"svc.cluster.local.", "db." + namespace + ".svc.cluster.local."}
			for _, zone := range refused {
				if z, err := transfer(server.Address, axfr(zone), nil); err == nil {
					t.Errorf("The name %s is transferred as a zone of %d records", zone, z.records)
				}
			}
		})
	}
}

// checkZones checks the forward zone and both reverse zones.
func checkZones(address string, questions []string, behind string, virtual []string) error {
	all := zone{sets: map[string][]string{}}
	for _, name := range []string{"cluster.local.", "in-addr.arpa.", "ip6.arpa."} {
		z, err := transfer(address, axfr(name), nil)
		if err != nil {
			return err
		}
		// The kubernetes plugin names no server that has loopback addresses alone.
		if behind == "" && len(z.sets[name+" NS"]) != 1 {
			return fmt.Errorf("%s has no name server", name)
		}
		soa, err := answerOf(address, name+" SOA")
		if err != nil {
			return err
		}
		if d := cmp.Diff(strings.Join(soa, "\n"), z.soa.String()); d != "" {
			return fmt.Errorf("the SOA of %s (-answer +transfer)\n%s", name, d)
		}
		maps.Copy(all.sets, z.sets)
	}
	questions = slices.Concat(questions, virtual)
	if ip := all.sets[virtual[0]]; (len(ip) > 0) != (behind != "") {
		return fmt.Errorf("of the service with a ClusterIP it has %q", ip)
	}
	// What is in the zones of headless services must be asked for too.
	for question := range all.sets {
		if strings.Contains(question, ".db.") || strings.Contains(question, ".hand.") || strings.HasSuffix(question, " PTR") {
			questions = append(questions, question)
		}
	}
	return checkTransfer(address, all, questions)
}

func TestWithoutTheTransferPluginTransfersAreRefused(t *testing.T) {
	t.Parallel()
	for _, query := range []*dns.Msg{axfr("cluster.local."), axfr("in-addr.arpa."), new(dns.Msg).SetIxfr("cluster.local.", 1, "ns.", "mail.")} {
		for _, network := range harness.Transports {
			reply, _, err := (&dns.Client{Net: network}).Exchange(query, shared.Address)
			if err != nil || reply.Rcode != dns.RcodeRefused {
				t.Errorf("%s of %s over %s: %v, %v", dns.TypeToString[query.Question[0].Qtype], query.Question[0].Name, network, reply, err)
			}
		}
	}
}

func TestASecondaryGivesTheSameAnswers(t *testing.T) {
	needsTransferBehind(t)
	t.Parallel()
	namespace, questions := transferWorld(t)
	primary := startPrimary(t, transferring("", transferBehind("noendpoints", namespace), namespace))
	secondary := cluster.StartCoreDNS(t, harness.CoreDNSOptions{Binary: corednsBinary, Corefile: `. {
    bind 127.0.0.1
    errors
    ready {$READY_ADDRESS}
    secondary cluster.local in-addr.arpa ip6.arpa {
        transfer from ` + primary.Address + `
    }
}`})
	questions = append(questions, "virtual."+namespace+".svc.cluster.local. A", "none."+namespace+".svc.cluster.local. A")
	harness.Eventually(t, "both give the same", func() error {
		for _, question := range questions {
			want, err := answerOf(primary.Address, question)
			if err != nil {
				return err
			}
			got, err := answerOf(secondary.Address, question)
			if err != nil {
				return err
			}
			if d := cmp.Diff(strings.Join(want, "\n"), strings.Join(got, "\n")); d != "" {
				return fmt.Errorf("%s (-primary +secondary)\n%s", question, d)
			}
		}
		return nil
	})
}

// The kubernetes plugin behind is told of no endpoint: it is us who must raise the serial that it answers with. It does not
// run beside others: each change of a service, in whichever namespace, raises the serial of kubernetes.
func TestAChangeOfEndpointsRaisesTheSerial(t *testing.T) {
	needsTransferBehind(t)
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	cluster.Create(t, db, harness.StatefulSet(db, "db", 1))
	server := startPrimary(t, transferring("", transferBehind("noendpoints", db.Namespace), db.Namespace))
	before := settledZone(t, server, db, 1)
	for replicas := int32(2); replicas <= 4; replicas++ {
		query := new(dns.Msg).SetIxfr("cluster.local.", before.soa.Serial, before.soa.Ns, before.soa.Mbox)
		if z, err := transfer(server.Address, query, nil); err != nil || z.records != 1 {
			t.Errorf("A secondary that is up to date gets %d records: %v", z.records, err)
		}
		scale(t, db, replicas)
		after := settledZone(t, server, db, int(replicas))
		if after.soa.Serial <= before.soa.Serial {
			t.Errorf("With %d replicas the serial was %d, with %d it is %d", replicas-1, before.soa.Serial, replicas, after.soa.Serial)
		}
		z, err := transfer(server.Address, query, nil)
		if err != nil || z.records < 2 || len(z.sets[serviceName(db)+" A"]) != int(replicas) {
			t.Errorf("A secondary that is behind gets %d records: %v", z.records, err)
		}
		before = after
	}
}

// settledZone waits until a service has so many addresses in the transfer, and until the serial has come to rest: it
// tells a second's changes when the second is over.
func settledZone(t *testing.T, server *harness.CoreDNS, s *corev1.Service, endpoints int) zone {
	t.Helper()
	const rest = 1500 * time.Millisecond
	var last uint32
	var since time.Time
	var z zone
	harness.Eventually(t, fmt.Sprintf("the zone has %d endpoints and does not change", endpoints), func() error {
		var err error
		if z, err = transfer(server.Address, axfr("cluster.local."), nil); err != nil {
			return err
		}
		if z.soa.Serial != last {
			last, since = z.soa.Serial, time.Now()
		}
		if len(z.sets[serviceName(s)+" A"]) != endpoints || time.Since(since) < rest {
			return fmt.Errorf("it has %q", z.sets[serviceName(s)+" A"])
		}
		return nil
	})
	return z
}

// secrets are the keys of a transfer that is signed.
var secrets = map[string]string{"secondary.": "c2Vjb25kYXJ5cyBhcmUgdG9sZCBieSB0aGlzIGtleQ=="}

// Three messages of TCP and more, with and without signatures.
func TestAZoneThatIsLongerThanAMessageIsTransferredWhole(t *testing.T) {
	t.Parallel()
	big := harness.WithoutSelector(harness.HeadlessService(cluster.NewNamespace(t), "big"))
	cluster.Create(t, big)
	const each, slicesOf = 1000, 3
	for i := range slicesOf {
		var endpoints []discoveryv1.Endpoint
		for j := range each {
			address := netip.AddrFrom4([4]byte{198, 19, byte(i*4 + j/250), byte(j % 250)})
			endpoints = append(endpoints, harness.Endpoint(address.String(), fmt.Sprintf("big-%d-%d", i, j)))
		}
		cluster.Create(t, harness.Slice(big, fmt.Sprintf("big-%d", i), discoveryv1.AddressTypeIPv4, endpoints...))
	}
	signed := transferring("tsig cluster.local {\n        secret secondary. "+secrets["secondary."]+"\n        require AXFR\n    }", "", big.Namespace)
	server := startPrimary(t, signed)
	if z, err := transfer(server.Address, axfr("cluster.local."), nil); err == nil {
		t.Errorf("Without a signature there are %d records", z.records)
	}
	harness.Eventually(t, "the zone is whole", func() error {
		query := axfr("cluster.local.")
		query.SetTsig("secondary.", dns.HmacSHA256, 300, time.Now().Unix())
		z, err := transfer(server.Address, query, secrets)
		if err != nil {
			return err
		}
		addresses, ports := len(z.sets[serviceName(big)+" A"]), len(z.sets["_mysql._tcp."+serviceName(big)+" SRV"])
		if addresses != slicesOf*each || ports != slicesOf*each || z.messages < 3 {
			return fmt.Errorf("%d messages with %d addresses and %d ports", z.messages, addresses, ports)
		}
		return nil
	})
}
