package e2e

import (
	"fmt"
	"maps"
	"net"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// reachPolicies reach one tier each, for clients in region-1.
const reachPolicies = `policy on-the-node {
            nearest node
        }
        policy in-the-zone {
            nearest zone
        }
        policy in-the-region {
            nearest region
        }
        policy anywhere {
            order address
        }`

// An operator sees how near answers are and which part of the addresses stays in the zone, also of a policy that is only
// observed.
func TestMetricsTellHowNearAnswersAre(t *testing.T) {
	t.Parallel()
	namespace := cluster.NewNamespace(t)
	db, watched := harness.HeadlessService(namespace, "db"), harness.HeadlessService(namespace, "watched")
	watched.Spec.Selector = db.Spec.Selector
	elsewhere := harness.HeadlessService(cluster.NewNamespace(t), "client")
	cluster.Create(t, db, watched, harness.StatefulSet(db, "db", 6), elsewhere, harness.StatefulSet(elsewhere, "client", 1))
	expectAddresses(t, shared, "all pods are answered", db, numbered("db", 6)...)
	expectPods(t, shared, "the client runs", elsewhere, "client-0")
	pods, client := podAddresses(t, db, numbered("db", 6)...), podAddresses(t, elsewhere, "client-0")[0]
	metrics := harness.FreeAddress(t)
	server := startPlaced(t, harness.CoreDNSOptions{}, namespace, metrics, []string{"pods", "nodes"},
		reachPolicies, "apply in-the-zone observe "+namespace+"/watched")
	for _, c := range []struct {
		client, policy, tier string
		want                 []string
		zones                map[string]int // same, other and unknown
	}{
		{client, "on-the-node", "node", pods[:1], map[string]int{"same": 1}},
		{client, "in-the-zone", "zone", pods[:2], map[string]int{"same": 2}},
		{client, "in-the-region", "region", pods[:4], map[string]int{"same": 2, "other": 2}},
		{client, "anywhere", "any", pods, map[string]int{"same": 2, "other": 4}},
		{"127.0.0.1", "in-the-zone", "unknown", pods, map[string]int{"unknown": 6}},
	} {
		before := reachOf(t, metrics, c.policy, "applied")
		expectFrom(t, server, c.client, c.policy, db, c.want...)
		expectReach(t, metrics, c.policy, "applied", before, c.tier, c.zones)
	}

	before := reachOf(t, metrics, "in-the-zone", "observed")
	for _, network := range harness.Transports {
		got, err := addressesFor(net.ParseIP(client), network, server, serviceName(watched)+" A")
		if err != nil || !slicesEqual(got, pods) {
			t.Errorf("Where a policy is only observed a client gets %v, want %v: %v", got, pods, err)
		}
	}
	expectReach(t, metrics, "in-the-zone", "observed", before, "zone", map[string]int{"same": 2})
	expectFound(t, metrics)
}

// expectFound checks what is told of clients and of what is known of them.
func expectFound(t *testing.T, metrics string) {
	t.Helper()
	for _, c := range []struct {
		name   string
		labels []string
		least  int
	}{
		{"coredns_headless_clients_total", []string{`source="pods"`}, 10},
		{"coredns_headless_clients_total", []string{`source="none"`}, 2},
		{"coredns_headless_unknown_clients_total", []string{`source="address"`}, 2},
		{"coredns_headless_client_pods", nil, 7},
		{"coredns_headless_client_nodes", nil, len(harness.Nodes)},
	} {
		if n := metric(t, metrics, c.name, c.labels...); int(n) < c.least {
			t.Errorf("%s%v is %v, want %d at least", c.name, c.labels, n, c.least)
		}
	}
	if n := metric(t, metrics, "coredns_headless_contradicted_pod_cidrs"); n != 0 {
		t.Errorf("%v pod CIDRs are contradicted", n)
	}
}

// reachOf are the counters of a policy, by their labels.
func reachOf(t *testing.T, metrics, policy, mode string) map[string]int {
	t.Helper()
	counters := map[string]int{}
	read := func(name, label, value string) {
		counters[value] += int(metric(t, metrics, name, fmt.Sprintf("policy=%q", policy), fmt.Sprintf("mode=%q", mode),
			fmt.Sprintf("%s=%q", label, value)))
	}
	for _, tier := range []string{"node", "zone", "region", "any", "unknown"} {
		read("coredns_headless_policy_tiers_total", "tier", tier)
	}
	for _, zone := range []string{"same", "other", "unknown"} {
		read("coredns_headless_policy_addresses_total", "zone", zone)
	}
	return counters
}

// expectReach wants one answer over each transport to be counted.
func expectReach(t *testing.T, metrics, policy, mode string, before map[string]int, tier string, zones map[string]int) {
	t.Helper()
	want := maps.Clone(before)
	want[tier] += len(harness.Transports)
	for zone, n := range zones {
		want[zone] += n * len(harness.Transports)
	}
	if got := reachOf(t, metrics, policy, mode); !maps.Equal(got, want) {
		t.Errorf("By %q, %s, the counters are %v, want %v", policy, mode, got, want)
	}
}

// Such agents run on each node: a client means the one of its own.
func TestAgentsInTheNetworkOfTheirNodesAreFoundFromEachNode(t *testing.T) {
	needsTrafficDistribution(t)
	t.Parallel()
	agent := harness.HeadlessService(cluster.NewNamespace(t), "agent")
	agent.Spec.TrafficDistribution = new(corev1.ServiceTrafficDistributionPreferSameNode)
	set := harness.StatefulSet(agent, "agent", 6)
	set.Spec.Template.Spec.HostNetwork = true
	cluster.Create(t, agent, set)
	expectPods(t, shared, "all agents are answered", agent, numbered("agent", 6)...)
	for name, source := range clientSources {
		server := startPlaced(t, harness.CoreDNSOptions{}, agent.Namespace, harness.FreeAddress(t), source.lines,
			"policy near {\nnearest node\n}", "policy as-hinted {\nhints\n}")
		for i, node := range harness.Nodes {
			address := node.Addresses()[0]
			for _, policy := range []string{"near", "as-hinted"} {
				expectFrom(t, server, address, policy, agent, podAddresses(t, agent, fmt.Sprintf("agent-%d", i))...)
			}
		}
		if source.pods == "pod_cidrs" || source.pods == "subnet" {
			expectFrom(t, server, "10.104.3.3", "near", agent, harness.Nodes[3].Addresses()[0])
		}
		t.Logf("By %s each node found its own agent", name)
	}
}

// Peers must find all their peers, wherever they are.
func TestAMemberGetsAllItsPeersUnlessThePolicySaysOtherwise(t *testing.T) {
	t.Parallel()
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	alike := harness.HeadlessService(db.Namespace, "alike")
	alike.Spec.Selector = db.Spec.Selector
	cluster.Create(t, db, alike, harness.StatefulSet(db, "db", 6))
	expectAddresses(t, shared, "all pods are answered", db, numbered("db", 6)...)
	pods := podAddresses(t, db, numbered("db", 6)...)
	server := startPlaced(t, harness.CoreDNSOptions{}, db.Namespace, harness.FreeAddress(t), []string{"nodes"},
		"policy near {\nnearest zone\n}", "policy near-for-all {\nnearest zone\nmembers same\n}",
		"apply near */db", "apply near-for-all */alike")
	for client, want := range map[string]struct{ db, alike []string }{
		pods[0]:                         {pods, pods[:2]},
		pods[5]:                         {pods, pods[4:]},
		harness.Nodes[2].Addresses()[0]: {pods[2:4], pods[2:4]},
	} {
		for s, want := range map[*corev1.Service][]string{db: want.db, alike: want.alike} {
			for _, network := range harness.Transports {
				got, err := addressesFor(net.ParseIP(client), network, server, serviceName(s)+" A")
				if err != nil || !slicesEqual(got, want) {
					t.Errorf("Over %s client %s gets %v of %s, want %v: %v", network, client, got, s.Name, want, err)
				}
			}
		}
	}
}
