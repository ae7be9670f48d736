package e2e

import (
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// lostAtLast is how long it may take until rights that were taken away, or given back, are noticed: who is denied asks
// again after longer and longer times.
const lostAtLast = 2 * time.Minute

func TestASourceOfClientsWithoutTheRightToWatchSaysSoAndHarmsNothing(t *testing.T) {
	needsTrafficDistribution(t)
	t.Parallel()
	p := newPlacement(t)
	for _, resource := range []string{"nodes", "pods"} {
		for what, rights := range map[string][]rbacv1.PolicyRule{
			"no right": nil, "no right to watch": {harness.Right(resource, "list")},
		} {
			t.Run(resource+", "+what, func(t *testing.T) {
				t.Parallel()
				metrics := harness.FreeAddress(t)
				server := p.start(t, harness.CoreDNSOptions{As: cluster.NewReader(t, rights...)}, metrics, resource)
				harness.Eventually(t, "it says what is missing", func() error {
					return saysForbidden(server, "watch", resource)
				})
				if metric(t, metrics, "coredns_headless_source_errors_total", fmt.Sprintf("operation=%q", "watch "+resource)) == 0 {
					t.Error("The failure was not counted")
				}
				if err := server.Ready(); err != nil {
					t.Error(err)
				}
				if rights == nil {
					p.expectUnknown(t, server, metrics)
					return
				}
				harness.Eventually(t, "what can be listed is known", func() error { return p.checkNear(server) })
			})
		}
		// API servers that stream lists answer a watch with what there is.
		t.Run(resource+", no right to list", func(t *testing.T) {
			t.Parallel()
			reader := cluster.NewReader(t, harness.Right(resource, "watch"))
			server := p.start(t, harness.CoreDNSOptions{As: reader}, harness.FreeAddress(t), resource)
			harness.Eventually(t, "each client is known", func() error { return p.checkNear(server) })
		})
	}
}

// checkNear wants each client that is a Pod to get the Pod of its node.
func (p *placement) checkNear(server *harness.CoreDNS) error {
	asked := 0
	for _, client := range p.clients {
		if client.isNode {
			continue
		}
		here := p.of(p.zonal, func(n harness.Node) bool { return n.Name == client.node.Name })
		if err := checkChoice(server, p.zonal, "near", client, here, &asked); err != nil {
			return err
		}
	}
	return nil
}

// saysForbidden wants a line of the log that names a verb and a resource, which is not repeated before a minute is over.
func saysForbidden(server *harness.CoreDNS, verb, resource string) error {
	line := regexp.MustCompile(fmt.Sprintf(`Could not %[1]s %[2]s, .*%[2]s[.a-z0-9]* is forbidden: .* cannot %[1]s resource "%[2]s"`, verb, resource))
	const most = 1 + int(lostAtLast/time.Minute)
	if n := len(line.FindAllString(server.Output(), -1)); n < 1 || n > most {
		return fmt.Errorf("it says %d times that it could not %s %s:\n%s", n, verb, resource, server.LastLines(10))
	}
	return nil
}

// expectUnknown wants a client that nothing is known of to get everything by every policy, and to be counted.
func (p *placement) expectUnknown(t *testing.T, server *harness.CoreDNS, metrics string) {
	t.Helper()
	all := p.of(p.zonal, func(harness.Node) bool { return true })
	before := unknownClients(t, metrics)
	asked := 0
	for _, policy := range []string{"as-hinted", "near", "three-near"} {
		if err := checkChoice(server, p.zonal, policy, p.clients[0], all, &asked); err != nil {
			t.Error(err)
		}
	}
	if counted := unknownClients(t, metrics) - before; counted < asked { // others may ask meanwhile
		t.Errorf("%d of %d questions were counted as those of unknown clients", counted, asked)
	}
}

func unknownClients(t *testing.T, metrics string) int {
	t.Helper()
	return int(metric(t, metrics, "coredns_headless_unknown_clients_total", `source="address"`))
}

// The watch that there is goes on without the right, so it is cut too, as the restart of an API server does.
func TestRightsThatAreTakenAwayMakeClientsUnknownAndNothingElse(t *testing.T) {
	needsTrafficDistribution(t)
	t.Parallel()
	for _, resource := range []string{"nodes", "pods"} {
		t.Run(resource, func(t *testing.T) {
			t.Parallel()
			losesAndRegains(t, resource)
		})
	}
}

func losesAndRegains(t *testing.T, resource string) {
	t.Helper()
	p := newPlacement(t)
	metrics := harness.FreeAddress(t)
	right := harness.Right(resource, "list", "watch")
	reader, gate := cluster.NewReader(t, right), cluster.NewGate(t)
	gate.Open(t)
	server := p.start(t, harness.CoreDNSOptions{As: reader, Through: gate}, metrics, resource)
	client, asked := p.clients[0], 0
	all := p.of(p.zonal, func(harness.Node) bool { return true })
	here := p.of(p.zonal, func(n harness.Node) bool { return n.Name == client.node.Name })
	known := func(want []string) func() error {
		return func() error { return checkChoice(server, p.zonal, "near", client, want, &asked) }
	}
	harness.Eventually(t, "the client gets the pod of its node", known(here))
	prober := harness.StartProberFrom(t, net.ParseIP(client.addresses[0]), server.Address, "near._policy."+serviceName(p.zonal)+" A")

	reader.SetRights(t)
	begin := time.Now()
	gate.Shut()
	gate.Open(t)
	if err := harness.Poll(lostAtLast, known(all)); err != nil {
		t.Fatalf("The client is not unknown: %v", err)
	}
	t.Logf("Without the right to read %s clients are unknown after %.1f s", resource, time.Since(begin).Seconds())
	for _, verb := range []string{"list", "watch"} {
		if err := saysForbidden(server, verb, resource); err != nil {
			t.Error(err)
		}
		if metric(t, metrics, "coredns_headless_source_errors_total", fmt.Sprintf("operation=%q", verb+" "+resource)) == 0 {
			t.Errorf("It was not counted that it could not %s %s", verb, resource)
		}
	}
	p.expectUnknown(t, server, metrics)
	setReady(t, p.zonal, "zonal-5", "false")
	left := p.of(p.zonal, func(n harness.Node) bool { return n.Name != harness.Nodes[5].Name })
	harness.Eventually(t, "what changes is followed", known(left))
	if err := server.Ready(); err != nil {
		t.Error(err)
	}

	reader.SetRights(t, right)
	begin = time.Now()
	if err := harness.Poll(lostAtLast, known(here)); err != nil {
		t.Fatalf("The client is not known again: %v", err)
	}
	t.Logf("With it they are known again after %.1f s", time.Since(begin).Seconds())
	for _, sample := range prober.Stop() {
		if len(sample.Addresses) == 0 || sample.Err != nil {
			t.Errorf("No answer, or an empty one: %s: %v", sample, sample.Err)
		}
	}
	if strings.Contains(server.Output(), "cannot list resource \"services\"") {
		t.Error("Services could not be read either")
	}
}
