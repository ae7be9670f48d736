package e2e

import (
	"crypto/ecdsa"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

func TestHeaderDnssecAndMinimalActOnWhatStandsBehindThemOnly(t *testing.T) {
	t.Parallel()
	server, db := startBelow(t, harness.CoreDNSOptions{Binary: corednsBinary})
	for _, question := range ourQuestions(db) {
		expectActed(t, server, question, false)
	}
	for _, question := range otherQuestions(db) {
		expectActed(t, server, question, true)
	}
}

// belowCorefile has the three plugins, and behind them two that answer with what they take away or add. Where nobody
// answers, header panics behind the minimal of CoreDNS before 1.15: so the server has no zone but theirs.
const belowCorefile = `cluster.local example.org {
    bind 127.0.0.1
    errors
    ready {$READY_ADDRESS}
    headless cluster.local {
        kubeconfig {$KUBECONFIG_FILE}
    }
    header {
        response set ra
    }
    dnssec cluster.local example.org {
        key file {$DNSSEC_KEY}
    }
    minimal
    kubernetes cluster.local {
        kubeconfig {$KUBECONFIG_FILE}
        noendpoints
    }
    file {$ZONE_FILE} example.org
}`

const belowZone = `@ 60 IN SOA ns.example.org. admin.example.org. 1 60 60 60 60
@ 60 IN NS ns
ns 60 IN A 192.0.2.1
sip 60 IN A 192.0.2.2
_sip._tcp 60 IN SRV 0 0 5060 sip
`

// startBelow starts a CoreDNS with header, dnssec and minimal, and returns a headless service that it answers for. Beside
// that, there is one with a ClusterIP.
func startBelow(t *testing.T, options harness.CoreDNSOptions) (*harness.CoreDNS, *corev1.Service) {
	t.Helper()
	zone := filepath.Join(t.TempDir(), "zone")
	if err := os.WriteFile(zone, []byte(belowZone), 0o600); err != nil {
		t.Fatal(err)
	}
	options.Corefile = belowCorefile
	options.Env = append(options.Env, "DNSSEC_KEY="+newDNSSECKey(t, "cluster.local."), "ZONE_FILE="+zone)
	server := cluster.StartCoreDNS(t, options)
	db, _ := createServices(t)
	harness.Eventually(t, "the service is answered", func() error {
		for _, question := range append(ourQuestions(db), otherQuestions(db)...) {
			reply, err := harness.Ask("tcp", server.Address, question)
			if err != nil {
				return err
			}
			if reply.Rcode != dns.RcodeSuccess {
				return fmt.Errorf("%s: %s", question, dns.RcodeToString[reply.Rcode])
			}
		}
		return nil
	})
	return server, db
}

// newDNSSECKey makes a key that signs zones, and returns the name of its files.
func newDNSSECKey(t *testing.T, zone string) string {
	t.Helper()
	key := &dns.DNSKEY{
		Hdr:   dns.RR_Header{Name: zone, Rrtype: dns.TypeDNSKEY, Class: dns.ClassINET, Ttl: 3600},
		Flags: 257, Protocol: 3, Algorithm: dns.ECDSAP256SHA256,
	}
	private, err := key.Generate(256)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), fmt.Sprintf("K%s+%03d+%05d", zone, key.Algorithm, key.KeyTag()))
	for suffix, text := range map[string]string{
		".key": key.String() + "\n", ".private": key.PrivateKeyString(private.(*ecdsa.PrivateKey)),
	} {
		if err := os.WriteFile(name+suffix, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return name
}

// Both have an additional section, if nobody takes it away.
func ourQuestions(db *corev1.Service) []string {
	return []string{"_mysql._tcp." + serviceName(db) + " SRV"}
}

func otherQuestions(db *corev1.Service) []string {
	return []string{"_sip._tcp.example.org. SRV", "_mysql._tcp.web." + db.Namespace + ".svc.cluster.local. SRV"}
}

// expectActed checks whether all of the three plugins acted on an answer, or none.
func expectActed(t *testing.T, server *harness.CoreDNS, question string, acted bool) {
	t.Helper()
	query, err := harness.Query(question)
	if err != nil {
		t.Fatal(err)
	}
	query.IsEdns0().SetDo()
	reply, _, err := (&dns.Client{Net: "tcp"}).Exchange(query, server.Address)
	if err != nil {
		t.Fatal(err)
	}
	signatures, additional := 0, 0
	for _, record := range reply.Answer {
		if record.Header().Rrtype == dns.TypeRRSIG {
			signatures++
		}
	}
	for _, record := range reply.Extra {
		if record.Header().Rrtype != dns.TypeOPT {
			additional++
		}
	}
	if reply.RecursionAvailable != acted || (signatures > 0) != acted || (additional == 0) != acted {
		t.Errorf("To %s it answers with RA %t, %d signatures and %d additional records; the plugins are to act: %t",
			question, reply.RecursionAvailable, signatures, additional, acted)
	}
}
