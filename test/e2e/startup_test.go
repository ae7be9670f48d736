package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/miekg/dns"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// zoneBehind is a zone that holds one name beside those of the cluster.
const zoneBehind = `$ORIGIN cluster.local.
@      30 IN SOA  ns.dns hostmaster 1 7200 1800 86400 30
@      30 IN NS   ns.dns
static 30 IN A    192.0.2.53
`

func TestBeforeTheFirstSyncThePluginBehindIsAskedAndNoNameIsDenied(t *testing.T) {
	t.Parallel()
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	cluster.Create(t, db, harness.StatefulSet(db, "db", 2))
	expectPods(t, shared, "the pods are answered where the API is there", db, "db-0", "db-1")

	gate := cluster.NewGate(t)
	server := startBeforeZone(t, gate)
	static := harness.Want{
		Question:  "static.cluster.local. A",
		Answer:    []string{"static.cluster.local. 30 IN A 192.0.2.53"},
		Authority: []string{"cluster.local. 30 IN NS ns.dns.cluster.local."},
	}
	ours := []string{serviceName(db) + " A", "db-0." + serviceName(db) + " A", "none.cluster.local. A", "static.cluster.local. AAAA"}
	if err := harness.Check(server.Address, static); err != nil {
		t.Errorf("What the plugin behind knows must be answered: %v", err)
	}
	if err := checkFailure(server, ours...); err != nil {
		t.Errorf("What nobody knows must not be denied: %v", err)
	}
	if server.Ready() == nil {
		t.Error("The server must not be ready")
	}

	gate.Open(t)
	expectPods(t, server, "the pods are answered", db, "db-0", "db-1")
	harness.Eventually(t, "the server is ready", server.Ready)
	wants := append(denied("none.cluster.local. A"), static, harness.Want{Question: "static.cluster.local. AAAA"})
	if err := harness.Check(server.Address, wants...); err != nil {
		t.Errorf("What is not ours is still the plugin's behind: %v", err)
	}

	// What was known once stays known, and ready.
	gate.Shut()
	expectPods(t, server, "the pods are answered without the API", db, "db-0", "db-1")
	if err := server.Ready(); err != nil {
		t.Error("The server must stay ready:", err)
	}
}

func startBeforeZone(t *testing.T, gate *harness.Gate) *harness.CoreDNS {
	t.Helper()
	zone := filepath.Join(t.TempDir(), "cluster.local")
	if err := os.WriteFile(zone, []byte(zoneBehind), 0o600); err != nil {
		t.Fatal(err)
	}
	return cluster.StartCoreDNS(t, harness.CoreDNSOptions{Binary: corednsBinary, Through: gate, Corefile: `. {
    bind 127.0.0.1
    errors
    ready {$READY_ADDRESS}
    headless cluster.local in-addr.arpa ip6.arpa {
        kubeconfig {$KUBECONFIG_FILE}
        ttl 30
        startup_timeout 1s
        fallthrough
    }
    file ` + zone + ` cluster.local
}`})
}

// checkFailure wants SERVFAIL, so that the client asks again and no cache believes it.
func checkFailure(server *harness.CoreDNS, questions ...string) error {
	var errs []error
	for _, question := range questions {
		for _, network := range harness.Transports {
			reply, err := harness.Ask(network, server.Address, question)
			if err == nil && (reply.Rcode != dns.RcodeServerFailure || len(reply.Answer) > 0) {
				err = fmt.Errorf("got %q, want SERVFAIL", harness.Text(reply))
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("%s over %s: %w", question, network, err))
			}
		}
	}
	return errors.Join(errs...)
}
