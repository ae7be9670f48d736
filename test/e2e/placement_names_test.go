package e2e

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// Names of nodes span labels where they have dots. They need no block 'clients', and nobody's place.
func TestTheEndpointsOfANodeHaveNames(t *testing.T) {
	t.Parallel()
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	db.Spec.IPFamilyPolicy = new(corev1.IPFamilyPolicyRequireDualStack)
	for i, node := range []int{0, 0, 5, 5} { // the other nodes have none
		kubelet.Place(db.Namespace, numbered("db", 4)[i], harness.Place{Node: harness.Nodes[node].Name})
	}
	cluster.Create(t, db, harness.StatefulSet(db, "db", 4))
	expectDualStack(t, db, 4)
	podOf := podsByAddress(t, db)
	of := func(pods ...string) (addresses []string) {
		for address, pod := range podOf {
			for _, wanted := range pods {
				if pod == wanted {
					addresses = append(addresses, address)
				}
			}
		}
		return addresses
	}
	all := of("db-0", "db-1", "db-2", "db-3")
	for place, want := range map[string][]string{
		"node-a.pin._node":             of("db-0", "db-1"),
		"node-f.internal.pin._node":    of("db-2", "db-3"),
		"NODE-F.Internal.pin._node":    of("db-2", "db-3"),
		"node-a.prefer._node":          of("db-0", "db-1"),
		"node-f.internal.prefer._node": of("db-2", "db-3"),
		"node-b.pin._node":             nil,
		"node-f.pin._node":             nil,
		"internal.pin._node":           nil,
		"node-b.prefer._node":          all,
		"no-such-node.prefer._node":    all,
	} {
		for _, prefix := range []string{"", "_mysql._tcp."} {
			for question, suffix := range map[string]string{"A": ".", "AAAA": ":", "SRV": ""} {
				if prefix == "" && question == "SRV" {
					continue
				}
				expectAtPlace(t, prefix+place+"."+serviceName(db)+" "+question, suffix, want)
			}
		}
	}
}

// expectAtPlace asks from anywhere, and wants those of the addresses that have a sign of their family in them.
func expectAtPlace(t *testing.T, question, sign string, want []string) {
	t.Helper()
	for _, network := range harness.Transports {
		var of []string
		for _, address := range want {
			if strings.Contains(address, sign) {
				of = append(of, address)
			}
		}
		got, err := addressesAskedBy(shared, "127.0.0.1", network, question)
		if err != nil || !slicesEqual(got, of) {
			t.Errorf("%s over %s has %v, want %v: %v", question, network, got, of, err)
		}
	}
}
