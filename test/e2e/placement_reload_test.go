package e2e

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// What is known of clients is handed from one Corefile to the next, or read anew before the next one is used.
func TestAReloadForgetsNoClient(t *testing.T) {
	t.Parallel()
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	cluster.Create(t, db, harness.StatefulSet(db, "db", 6))
	expectPods(t, shared, "all pods are answered", db, numbered("db", 6)...)
	pods := podAddresses(t, db, numbered("db", 6)...)
	with := func(number int, clients ...string) string {
		return reloading(fmt.Sprintf("negative_ttl %d", number), "namespaces "+db.Namespace,
			"clients {\n"+strings.Join(clients, "\n")+"\n}", "policy near {\nnearest node\n}")
	}
	server := cluster.StartCoreDNS(t, harness.CoreDNSOptions{Binary: corednsBinary, Corefile: with(1, "nodes")})
	expectFrom(t, server, pods[0], "near", db, pods[0])
	prober := harness.StartProberFrom(t, net.ParseIP(pods[0]), server.Address, "near._policy."+serviceName(db)+" A")
	for i, clients := range [][]string{
		{"nodes", "subnet 192.0.2.0/24 zone zone-1"}, {"nodes", "pods"}, {"pods"}, {"endpoints", "shared 192.0.2.0/24"}, {"nodes"},
	} {
		server.ChangeCorefile(t, with(i+2, clients...))
		expectNegativeTTL(t, server, uint32(i+2))
	}
	prober.KeepOn(t, propagation)
	samples := answered(prober.Stop())
	always := &harness.History{}
	always.Set(time.Time{}.Add(1), pods[:1])
	if err := always.Check(samples, 0); err != nil {
		t.Errorf("In five reloads: %v", err)
	}
	t.Logf("%d answers in five reloads", len(samples))
	expectFrom(t, server, pods[4], "near", db, pods[4])
}
