package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// checkStale wants an answer that says that it is stale, or not.
func checkStale(server *harness.CoreDNS, question string, want bool) error {
	for _, network := range harness.Transports {
		reply, err := harness.Ask(network, server.Address, question)
		if err != nil {
			return err
		}
		if harness.IsStale(reply) != want || len(reply.Answer) == 0 {
			return fmt.Errorf("over %s the answer is %s", network, reply)
		}
	}
	return nil
}

// onDisk wants a file with a text in it.
func onDisk(file, text string) error {
	content, err := os.ReadFile(file)
	if err == nil && !bytes.Contains(content, []byte(text)) {
		err = fmt.Errorf("%d octets without %q", len(content), text)
	}
	return err
}

func TestAServerThatIsKilledAndStartsWithoutTheAPIServesItsSnapshotUntilTheAPIIsBack(t *testing.T) {
	t.Parallel()
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	cluster.Create(t, db, harness.StatefulSet(db, "db", 2))
	gate := cluster.NewGate(t)
	gate.Open(t)
	file := filepath.Join(t.TempDir(), "snapshot")
	server := cluster.StartCoreDNS(t, harness.CoreDNSOptions{Binary: corednsBinary, Through: gate, Corefile: `cluster.local in-addr.arpa {
    bind 127.0.0.1
    ready {$READY_ADDRESS}
    headless {
        kubeconfig {$KUBECONFIG_FILE}
        ttl 30
        stale 2s
        startup_timeout 1s
        snapshot ` + file + `
    }
}`})
	expectPods(t, server, "the pods are answered", db, "db-0", "db-1")
	gate.Shut()
	harness.Eventually(t, "after two seconds without the API answers are stale", func() error { return checkStale(server, serviceName(db)+" A", true) })
	gate.Open(t)
	harness.Eventually(t, "with the API they are not", func() error { return checkStale(server, serviceName(db)+" A", false) })
	harness.Eventually(t, "all pods are on disk", func() error { return onDisk(file, "db-1") })

	gate.Shut()
	server.Kill()
	scale(t, db, 3)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, "it is ready without the API", server.Ready)
	expectPods(t, server, "the pods are answered from the snapshot", db, "db-0", "db-1")
	if err := checkStale(server, serviceName(db)+" A", true); err != nil {
		t.Error("It must say so:", err)
	}
	expectPods(t, shared, "there are three pods", db, "db-0", "db-1", "db-2")

	prober := harness.StartProber(t, server.Address, serviceName(db)+" A")
	gate.Open(t)
	expectPods(t, server, "the new pod is answered too", db, "db-0", "db-1", "db-2")
	harness.Eventually(t, "the answer is not stale", func() error { return checkStale(server, serviceName(db)+" A", false) })
	for _, sample := range prober.Stop() {
		if sample.Err != nil || len(sample.Addresses) < 2 {
			t.Fatalf("Between the snapshot and the API: %s: %v", sample, sample.Err)
		}
	}
}
