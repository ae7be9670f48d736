package e2e

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// reloading is a Corefile that is read again when it changes.
func reloading(properties ...string) string {
	return strings.Replace(alone("headless", append(properties, fromKubeconfig)...), "errors", "errors\n    reload 2s 1s", 1)
}

// It does not run beside others, for the log of the API server does not tell one CoreDNS from another.
func TestAReloadListsNothingAgainAndLosesNoQuery(t *testing.T) {
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	cluster.Create(t, db, harness.StatefulSet(db, "db", 3))
	expectPods(t, shared, "the pods are answered", db, "db-0", "db-1", "db-2")
	server := cluster.StartCoreDNS(t, harness.CoreDNSOptions{Binary: corednsBinary, Corefile: reloading()})
	expectPods(t, server, "the pods are answered before the reload", db, "db-0", "db-1", "db-2")
	var pods []string
	for _, pod := range []string{"db-0", "db-1", "db-2"} {
		address, err := podAddress(t.Context(), db.Namespace, pod)
		if err != nil {
			t.Fatal(err)
		}
		pods = append(pods, address)
	}

	before := requests(t)
	prober := harness.StartProber(t, server.Address, serviceName(db)+" A")
	// The second change needs another cache than the first one has, the third another server.
	for i, properties := range [][]string{{"negative_ttl 1"}, {"negative_ttl 2", "endpoint_pod_names"}, {"negative_ttl 3", "fallthrough example.org"}} {
		server.ChangeCorefile(t, reloading(properties...))
		expectNegativeTTL(t, server, uint32(i+1))
	}
	prober.KeepOn(t, propagation)
	samples := answered(prober.Stop())
	always := &harness.History{}
	always.Set(time.Time{}.Add(1), pods)
	if err := always.Check(samples, 0); err != nil {
		t.Errorf("In three reloads: %v", err)
	}
	if sent := requests(t)[len(before):]; len(sent) > 0 {
		t.Errorf("The API server was asked again: %v", sent)
	}
	t.Logf("%d answers in three reloads", len(samples))

	scale(t, db, 4)
	expectPods(t, server, "what changes after the reloads is answered", db, "db-0", "db-1", "db-2", "db-3")
}

func TestACorefileThatFailsToLoadLeavesTheOldOneServing(t *testing.T) {
	t.Parallel()
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	cluster.Create(t, db, harness.StatefulSet(db, "db", 1))
	server := cluster.StartCoreDNS(t, harness.CoreDNSOptions{Binary: corednsBinary, Corefile: reloading("negative_ttl 1")})
	expectPods(t, server, "the pod is answered", db, "db-0")
	for _, broken := range []struct{ corefile, said string }{
		{reloading("nonsense"), "unknown property 'nonsense'"},
		// Everything of it is started before its last block cannot be bound to: the address is one of no machine (RFC 5737).
		{reloading("negative_ttl 2") + "\nexample.org {\n    bind 203.0.113.7\n    whoami\n}\n", "203.0.113.7"},
	} {
		server.ChangeCorefile(t, broken.corefile)
		harness.Eventually(t, fmt.Sprintf("the log says %q", broken.said), func() error {
			if !strings.Contains(server.Output(), broken.said) {
				return fmt.Errorf("it says %s", server.LastLines(3))
			}
			return nil
		})
		expectNegativeTTL(t, server, 1)
		expectPods(t, server, "the pod is still answered", db, "db-0")
	}
	scale(t, db, 2)
	expectPods(t, server, "what changes afterwards is answered", db, "db-0", "db-1")
	server.ChangeCorefile(t, reloading("negative_ttl 3"))
	expectNegativeTTL(t, server, 3)
	expectPods(t, server, "the next Corefile that loads is used", db, "db-0", "db-1")
}

// answered are the samples without those whose TCP connection was closed unanswered. When the old instance ends in a
// reload, CoreDNS closes the connections that it has accepted and not read from yet, whatever plugin the query is for;
// clients try again.
func answered(samples []harness.Sample) []harness.Sample {
	return slices.DeleteFunc(samples, func(s harness.Sample) bool {
		return s.Network == "tcp" && (errors.Is(s.Err, io.EOF) || errors.Is(s.Err, syscall.ECONNRESET))
	})
}

// expectNegativeTTL waits until a denial may be kept for so many seconds: that tells which Corefile is in use.
func expectNegativeTTL(t *testing.T, server *harness.CoreDNS, seconds uint32) {
	t.Helper()
	harness.Eventually(t, fmt.Sprintf("the Corefile with negative_ttl %d is in use", seconds), func() error {
		reply, err := harness.Ask("udp", server.Address, "none.cluster.local. A")
		if err != nil {
			return err
		}
		if len(reply.Ns) != 1 || reply.Ns[0].Header().Ttl != seconds {
			return fmt.Errorf("the authority section is %v", reply.Ns)
		}
		return nil
	})
}
