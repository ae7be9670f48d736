package e2e

import (
	"slices"
	"strings"
	"testing"

	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// byAddress is a policy that orders, for all services.
const byAddress = "policy by-address {\norder address\n}\napply by-address */*"

// orderedDB is a service with five addresses, out of order in its slice. That a shuffle gives their order 60 times
// does not happen.
var orderedDB = service{name: chainDB.name, endpoints: []endpoint{
	{"db-3", "10.1.0.30"}, {"db-0", "10.1.0.4"}, {"db-4", "10.2.0.1"}, {"db-1", "10.1.0.5"}, {"db-2", "10.1.0.29"},
}}

var inOrder = []string{"10.1.0.4", "10.1.0.5", "10.1.0.29", "10.1.0.30", "10.2.0.1"}

// expectOrder asks 30 times over UDP, and as often over TCP.
func expectOrder(t *testing.T, server *harness.CoreDNS, name string, want []string) {
	t.Helper()
	for i := range 60 {
		got, err := addressesFor(nil, harness.Transports[i%2], server, name+" A")
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("The answer %d over %s is %v, want %v: %v", i, harness.Transports[i%2], got, want, err)
		}
	}
}

func TestTheOrderOfAPolicyComesThroughTheChain(t *testing.T) {
	t.Parallel()
	server := startBlocks(t, block(".", "loadbalance", "cache 30",
		"rewrite name exact alias.example.org. "+orderedDB.name,
		"rewrite name suffix .data.example.org. .default.svc.cluster.local. answer auto",
		headlessFor("cluster.local", onManifests(t, orderedDB), byAddress)))
	for _, name := range []string{orderedDB.name, "alias.example.org.", "db.data.example.org."} {
		expectOrder(t, server, name, inOrder)
	}
}

func TestTheOrderOfAPolicyComesThroughTheCorefileOfKubeadm(t *testing.T) {
	t.Parallel()
	db := harness.WithoutSelector(harness.HeadlessService(cluster.NewNamespace(t), "db"))
	cluster.Create(t, db, harness.Slice(db, "db", discoveryv1.AddressTypeIPv4,
		harness.Endpoint("198.18.22.20", ""), harness.Endpoint("198.18.22.3", ""),
		harness.Endpoint("198.18.22.100", ""), harness.Endpoint("198.18.22.4", "")))
	corefile := kubeadmCorefile(t, harness.FreeAddress(t), "noendpoints")
	corefile = strings.Replace(corefile, fromKubeconfig, fromKubeconfig+"\n"+byAddress, 1)
	server := cluster.StartCoreDNS(t, harness.CoreDNSOptions{Binary: corednsBinary, Corefile: corefile})
	want := []string{"198.18.22.3", "198.18.22.4", "198.18.22.20", "198.18.22.100"}
	expectSet(t, server, "the endpoints are answered", db, want...)
	expectOrder(t, server, serviceName(db), want)
}

func TestDirectlyBeforeKubernetesAPolicyIsRefusedWhereAPluginAboveWouldUndoIt(t *testing.T) {
	options := placed(t, beforeKubernetes)
	t.Parallel()
	const keep = "policy some {\nkeep ready\nlimit fit\n}\napply some */*"
	shuffled := "loadbalance stands before headless in this build of CoreDNS and would shuffle " +
		"what the policy 'by-address' orders: " +
		"leave it out of the server block, or move its line in plugin.cfg to directly after headless\n"
	kept := "cache stands before headless in this build of CoreDNS and would give " +
		"what a policy chooses for one client to all: " +
		"move the line of headless in plugin.cfg to directly after acl\n"
	for what, tt := range map[string]struct{ cache, policy, said string }{
		"loadbalance and an order":        {"cache", byAddress, shuffled},
		"an old cache and an order":       {"oldcache", byAddress, kept},
		"an old cache and any policy":     {"oldcache", keep, kept},
		"a cache and what orders nothing": {"cache", keep, ""},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			options := options
			options.Corefile = strings.Replace(withCache(tt.cache), fromKubeconfig, onManifests(t, orderedDB)+"\n"+tt.policy, 1)
			if tt.said == "" {
				check(t, cluster.StartCoreDNS(t, options), orderedDB.wants()...)
				return
			}
			_, err := cluster.RunCoreDNS(options)
			if err == nil || !strings.Contains(err.Error(), "plugin/headless: "+tt.said) {
				t.Errorf("It does not say %q but\n%v", tt.said, err)
			}
		})
	}
}
