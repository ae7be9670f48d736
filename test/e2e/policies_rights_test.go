package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// Who updates headless before the ClusterRole must not be left without DNS.
func TestWithoutTheRightToReadPodsAndNodesAnswersGoOn(t *testing.T) {
	t.Parallel()
	db, pods := createDB(t, "primary-preferred", 2)
	setLabel(t, db, "db-1", "role", "primary")
	const startupTimeout = 25 * time.Second
	begin := time.Now()
	server := cluster.StartCoreDNS(t, harness.CoreDNSOptions{
		Binary: corednsBinary, Restricted: true,
		Corefile: alone("headless", fromKubeconfig, "startup_timeout "+startupTimeout.String(), clusterPolicies),
	})
	harness.Eventually(t, "the server is ready", server.Ready)
	if took := time.Since(begin); took >= startupTimeout {
		t.Errorf("It is ready after %s only", took)
	}
	if err := checkSet(server, db, pods...); err != nil {
		t.Errorf("Where no label is known nothing can be preferred: %v", err)
	}
	check(t, server,
		harness.Want{Question: "primary._policy." + serviceName(db) + " A"},
		harness.Want{Question: "here._policy." + serviceName(db) + " A"})
	question := "sound._policy." + serviceName(db) + " A"
	if got, err := addressesFor(nil, "udp", server, question); err != nil || len(got) != 2 {
		t.Errorf("Of no node is known that it is not ready, but %s gives %v: %v", question, got, err)
	}
	for _, resource := range []string{"pods", "nodes"} {
		for _, verb := range []string{"watch", "list"} {
			if line := fmt.Sprintf("Could not %s %s, ", verb, resource); strings.Count(server.Output(), line) != 1 {
				t.Errorf("It is not said once that %q:\n%s", line, server.LastLines(20))
			}
		}
	}
	setReady(t, db, "db-0", "false")
	expectSet(t, server, "what changes is answered", db, pods[1])
}
