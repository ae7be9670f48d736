package e2e

import (
	"fmt"
	"net"
	"slices"
	"testing"

	"github.com/miekg/dns"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// Services that publish addresses that are not ready have no other way to keep clients from them.
func givesClientsWhatServes(t *testing.T, server *harness.CoreDNS) {
	db := withPolicy(harness.HeadlessService(cluster.NewNamespace(t), "db"), "serving")
	db.Spec.PublishNotReadyAddresses = true
	set := harness.StatefulSet(db, "db", 3)
	set.Spec.PodManagementPolicy = appsv1.ParallelPodManagement // else the others wait for the first
	set.Spec.Template.Annotations = map[string]string{harness.ReadyAnnotation: "false"}
	cluster.Create(t, db, set)
	expectPods(t, shared, "all pods are published", db, "db-0", "db-1", "db-2")
	pods := podAddresses(t, db, "db-0", "db-1", "db-2")
	expectSet(t, server, "no pod serves", db)

	setReady(t, db, "db-1", "true")
	expectSet(t, server, "one pod serves", db, pods[1])
	check(t, server, harness.Want{
		Question: "db-0." + serviceName(db) + " A", Answer: []string{addressRecord("db-0."+serviceName(db), pods[0])},
	})
	expectAllForMembers(t, server, db, pods)
}

// expectAllForMembers asks from an address that no pod has, and from that of each pod.
func expectAllForMembers(t *testing.T, server *harness.CoreDNS, s *corev1.Service, pods []string) {
	t.Helper()
	for _, network := range harness.Transports {
		for client, want := range map[string][]string{"127.0.0.1": pods[1:2], pods[0]: pods, pods[1]: pods, pods[2]: pods} {
			got, err := addressesFor(net.ParseIP(client), network, server, serviceName(s)+" A")
			slices.Sort(got)
			if want := slices.Sorted(slices.Values(want)); err != nil || !slices.Equal(got, want) {
				t.Errorf("Over %s client %s gets %v, want %v: %v", network, client, got, want, err)
			}
		}
	}
}

// givesTheSameClientTheSamePods asks two processes, of which one is started again, in both families and over both
// transports. It asks for the pods, not for their addresses: their order is part of what must be the same.
func givesTheSameClientTheSamePods(t *testing.T, server *harness.CoreDNS) {
	db := withPolicy(harness.HeadlessService(cluster.NewNamespace(t), "db"), "own-two")
	db.Spec.IPFamilyPolicy = new(corev1.IPFamilyPolicyRequireDualStack)
	cluster.Create(t, db, harness.StatefulSet(db, "db", 6))
	expectDualStack(t, db, 6)
	podOf := podsByAddress(t, db)
	replica := cluster.StartCoreDNS(t, harness.CoreDNSOptions{
		Binary: corednsBinary, Corefile: alone("headless", fromKubeconfig, clusterPolicies),
	})
	chosen := map[string]string{}
	askAll := func(server *harness.CoreDNS) error {
		for _, client := range localClients(8) {
			for _, network := range harness.Transports {
				for _, question := range []string{serviceName(db) + " A", serviceName(db) + " AAAA"} {
					addresses, err := addressesFor(client, network, server, question)
					if err != nil {
						return err
					}
					if len(addresses) != 2 {
						return fmt.Errorf("%s over %s: %v", question, network, addresses)
					}
					got := podOf[addresses[0]] + " " + podOf[addresses[1]]
					if before, ok := chosen[client.String()]; ok && got != before {
						return fmt.Errorf("%s over %s: client %s gets %s, and had %s", question, network, client, got, before)
					}
					chosen[client.String()] = got
				}
			}
		}
		return nil
	}
	harness.Eventually(t, "the first replica has all pods", func() error {
		clear(chosen)
		return askAll(server)
	})
	harness.Eventually(t, "the second replica gives the same", func() error { return askAll(replica) })
	replica.Stop()
	if err := replica.Start(); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, "the second replica gives the same after it was started again", func() error { return askAll(replica) })
	if distinct := distinctValues(chosen); distinct < 2 {
		t.Errorf("All clients get the same pods: %v", chosen)
	}
}

func distinctValues(of map[string]string) int {
	distinct := map[string]bool{}
	for _, value := range of {
		distinct[value] = true
	}
	return len(distinct)
}

// podsByAddress are the names of a namespace's pods by their addresses.
func podsByAddress(t *testing.T, s *corev1.Service) map[string]string {
	t.Helper()
	list, err := cluster.Client.CoreV1().Pods(s.Namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, pod := range list.Items {
		for _, ip := range pod.Status.PodIPs {
			names[ip.IP] = pod.Name
		}
	}
	return names
}

// The kubelet of the tests gives pods to the nodes in turn.
func givesPodsOfDifferentZones(t *testing.T, server *harness.CoreDNS) {
	db, pods := createDB(t, "two-zones", 6)
	zone := func(address string) string { return harness.Nodes[slices.Index(pods, address)].Zone }
	harness.Eventually(t, "every client gets a pod of each zone", func() error {
		for i, client := range localClients(8) {
			network := harness.Transports[i%2]
			got, err := addressesFor(client, network, server, serviceName(db)+" A")
			if err != nil {
				return err
			}
			if len(got) != 2 || zone(got[0]) == zone(got[1]) {
				return fmt.Errorf("over %s client %s gets %v of %v", network, client, got, pods)
			}
		}
		return nil
	})
}

// drainsWhatWeighsNothing shows weights in SRV records, and that a pod of weight 0 is the last for every client.
func drainsWhatWeighsNothing(t *testing.T, server *harness.CoreDNS) {
	db, pods := createDB(t, "weighted", 3)
	setLabel(t, db, "db-0", "weight", "0")
	setLabel(t, db, "db-1", "weight", "90")
	want := []string{"0 0 db-0", "0 10 db-2", "0 90 db-1"}
	harness.Eventually(t, "the weights are those of the labels", func() error {
		reply, err := harness.Ask("udp", server.Address, "_mysql._tcp."+serviceName(db)+" SRV")
		if err != nil {
			return err
		}
		var got []string
		for _, rr := range reply.Answer {
			srv := rr.(*dns.SRV)
			got = append(got, fmt.Sprintf("%d %d %s", srv.Priority, srv.Weight, dns.SplitDomainName(srv.Target)[0]))
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			return fmt.Errorf("they are %q, want %q", got, want)
		}
		return nil
	})
	for i, client := range localClients(20) {
		network := harness.Transports[i%2]
		got, err := addressesFor(client, network, server, serviceName(db)+" A")
		if err != nil || len(got) != 3 || got[2] != pods[0] {
			t.Errorf("Over %s client %s gets %v, want %s last: %v", network, client, got, pods[0], err)
		}
	}
}
