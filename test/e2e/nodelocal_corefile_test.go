package e2e

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// startNodeLocal starts the cache of a node before a server, and waits until it answers. NodeLocal DNSCache is CoreDNS
// with a few of its plugins, and a program around it (cmd/node-cache of k8s.io/dns) that gives the node an interface and
// rules of iptables. No proxy of Go modules need have that module, so this is the CoreDNS of the tests, with the
// Corefile that Kubernetes installs. What is left out is the way of a query from a pod to the cache.
func startNodeLocal(t *testing.T, server *harness.CoreDNS, node net.IP) *harness.CoreDNS {
	t.Helper()
	clusterDNS := harness.OpenNodeGate(t, node, server.Address).Address
	return cluster.StartCoreDNS(t, harness.CoreDNSOptions{Binary: corednsBinary, Corefile: nodeLocalCorefile(t, clusterDNS)})
}

// nodeLocalCorefile is what Kubernetes installs, with the placeholders that are filled in when it is installed and
// when the cache starts, and on loopback with ports of its own.
func nodeLocalCorefile(t *testing.T, clusterDNS string) string {
	t.Helper()
	corefile := corefileOfNodeLocal(t)
	resolver := harness.StartResolver(t)
	for _, change := range []struct {
		old, new string
		times    int
	}{
		{"__PILLAR__DNS__DOMAIN__", "cluster.local", 1},
		{":53 {", " {", 4},
		{"__PILLAR__LOCAL__DNS__ __PILLAR__DNS__SERVER__", "127.0.0.1", 4},
		{"__PILLAR__CLUSTER__DNS__", clusterDNS, 3},
		{"__PILLAR__UPSTREAM__SERVERS__", resolver.Address, 1},
		{"prometheus :9253", "prometheus " + harness.FreeAddress(t), 4},
		{"health __PILLAR__LOCAL__DNS__:8080", "health " + harness.FreeAddress(t), 1},
	} {
		if n := strings.Count(corefile, change.old); n != change.times {
			t.Fatalf("The Corefile of NodeLocal DNSCache has %q %d times, not %d:\n%s", change.old, n, change.times, corefile)
		}
		corefile = strings.ReplaceAll(corefile, change.old, change.new)
	}
	return corefile
}

// corefileOfNodeLocal reads it from the source of the Kubernetes that belongs to the control plane.
func corefileOfNodeLocal(t *testing.T) string {
	t.Helper()
	path := kubernetesSource(t, "cluster", "addons", "dns", "nodelocaldns", "nodelocaldns.yaml")
	manifests, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for manifest := range strings.SplitSeq(string(manifests), "\n---\n") {
		var configMap corev1.ConfigMap
		if err := yaml.Unmarshal([]byte(manifest), &configMap); err != nil {
			t.Fatal(err)
		}
		if configMap.Kind == "ConfigMap" {
			return configMap.Data["Corefile"]
		}
	}
	t.Fatalf("No ConfigMap in %s", path)
	return ""
}

// expectAsked fails where a server was asked a question otherwise than this often by the cache of a node: over TCP, from
// the address of the node. A line is in the log after the answer is sent only.
func expectAsked(t *testing.T, server *harness.CoreDNS, node net.IP, question string, times int) {
	t.Helper()
	harness.Eventually(t, "all that was asked is in the log", func() error { return checkAsked(server, node, question, times) })
}

// checkAsked reads the log of startBehindNodeCaches.
func checkAsked(server *harness.CoreDNS, node net.IP, question string, times int) error {
	var protocols []string
	for line := range strings.Lines(server.Output()) {
		if _, protocol, ok := strings.Cut(strings.TrimSpace(line), fmt.Sprintf("[INFO] %s %s ", question, node)); ok {
			protocols = append(protocols, protocol)
		}
	}
	if want := slices.Repeat([]string{"tcp"}, times); !slices.Equal(protocols, want) {
		return fmt.Errorf("for %s node %s has asked over %q, want %q", question, node, protocols, want)
	}
	return nil
}
