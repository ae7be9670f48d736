package e2e

import (
	"context"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// drained is how often each way to drain a zone is tried.
const drained = 3

// What kube-proxy chooses is written down as the API shows it, and every answer is held against that.
func TestClientsOfAZoneThatIsDrainedGetTheOthersAtOnce(t *testing.T) {
	needsTrafficDistribution(t)
	t.Parallel()
	p := newPlacement(t)
	server := p.start(t, harness.CoreDNSOptions{}, harness.FreeAddress(t), "nodes")
	client := p.clients[slices.IndexFunc(p.clients, func(c placedClient) bool { return c.name == "client-0" })]
	asked := 0
	harness.Eventually(t, "the client gets the pods of its zone", func() error {
		here := p.of(p.zonal, func(n harness.Node) bool { return n.Zone == client.node.Zone })
		return checkChoice(server, p.zonal, "as-hinted", client, here, &asked)
	})
	ofService := discoveryv1.LabelServiceName + "=" + p.zonal.Name
	chosen := cluster.RecordChoice(t, p.zonal.Namespace, ofService, func(all []*discoveryv1.EndpointSlice) []string {
		return slices.DeleteFunc(kubeProxyChooses(client.node, all), func(address string) bool { return net.ParseIP(address).To4() == nil })
	})
	hinted := harness.StartProberFrom(t, net.ParseIP(client.addresses[0]), server.Address, "as-hinted._policy."+serviceName(p.zonal)+" A")
	near := harness.StartProberFrom(t, net.ParseIP(client.addresses[1]), server.AddressFor(net.ParseIP(client.addresses[1])),
		"near._policy."+serviceName(p.zonal)+" A")
	away := p.of(p.zonal, func(n harness.Node) bool { return n.Zone != client.node.Zone })
	for range drained {
		for _, ready := range []string{"false", "true"} {
			begin := time.Now()
			setReady(t, p.zonal, "zonal-0", ready)
			setReady(t, p.zonal, "zonal-1", ready)
			want := away
			if ready == "true" {
				want = p.of(p.zonal, func(n harness.Node) bool { return n.Zone == client.node.Zone })
			}
			harness.Eventually(t, "the client gets others", func() error {
				return checkChoice(server, p.zonal, "as-hinted", client, want, &asked)
			})
			t.Logf("%.0f ms after the pods of the zone were made ready: %s, its clients get %d addresses",
				1000*time.Since(begin).Seconds(), ready, len(want))
		}
	}
	hinted.KeepOn(t, propagation)
	samples := hinted.Stop()
	if err := chosen.Check(samples, propagation); err != nil {
		t.Errorf("Answers did not follow what kube-proxy chooses: %v", err)
	}
	t.Logf("%d answers followed what kube-proxy chooses within %s", len(samples), chosen.Lag(samples))
	for _, sample := range near.Stop() {
		if sample.Err != nil || len(sample.Addresses) == 0 {
			t.Errorf("No answer, or an empty one: %s: %v", sample, sample.Err)
		}
	}
}

// A Pod of a StatefulSet is placed elsewhere, and has other addresses there: as a client it is where it is now, and
// others find it there.
func TestAPodThatMovesIsAClientAndAnEndpointOfItsNewNode(t *testing.T) {
	needsTrafficDistribution(t)
	t.Parallel()
	p := newPlacement(t)
	servers := map[string]*harness.CoreDNS{}
	for name, source := range clientSources {
		servers[name] = p.start(t, harness.CoreDNSOptions{}, harness.FreeAddress(t), source.lines...)
	}
	for _, to := range []harness.Node{harness.Nodes[4], harness.Nodes[2], harness.Nodes[0]} {
		kubelet.Place(p.zonal.Namespace, "zonal-0", harness.Place{Node: to.Name})
		replacePod(t, p.zonal.Namespace, "zonal-0")
		var moved placedClient
		harness.Eventually(t, "the pod runs there", func() (err error) {
			moved, err = p.podOn(t, "zonal-0", to)
			return err
		})
		begin := time.Now()
		asked := 0
		for name, server := range servers {
			harness.Eventually(t, fmt.Sprintf("by %q it is where it runs now", name), func() error {
				here := p.of(p.zonal, func(n harness.Node) bool { return n.Name == to.Name })
				return checkChoice(server, p.zonal, "near", moved, here, &asked)
			})
			t.Logf("By %q it was on %s within %.0f ms", name, to.Name, 1000*time.Since(begin).Seconds())
		}
	}
}

func deletePod(t *testing.T, namespace, pod string) {
	t.Helper()
	if err := cluster.Client.CoreV1().Pods(namespace).Delete(t.Context(), pod, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

// replacePod deletes a Pod, and returns when it is gone: another one of its name may be there by then, and may run where it
// did.
func replacePod(t *testing.T, namespace, pod string) {
	t.Helper()
	pods := cluster.Client.CoreV1().Pods(namespace)
	before, err := pods.Get(t.Context(), pod, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	deletePod(t, namespace, pod)
	harness.Eventually(t, "the deleted pod is gone", func() error {
		now, err := pods.Get(t.Context(), pod, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			return nil
		case err == nil && now.UID == before.UID:
			return fmt.Errorf("pod %q is still there", pod)
		}
		return err
	})
}

// podOn returns a Pod as a client once it is ready on a node, and takes note of where all Pods are.
func (p *placement) podOn(t *testing.T, name string, on harness.Node) (placedClient, error) {
	t.Helper()
	if err := p.find(t, 22); err != nil {
		return placedClient{}, err
	}
	client := placedClient{name: name, node: on}
	for address, pod := range p.pods {
		if pod.name == name && pod.node == on {
			client.addresses = append(client.addresses, address)
		}
	}
	if len(client.addresses) == 0 {
		return placedClient{}, fmt.Errorf("pod %q is not on %s", name, on.Name)
	}
	return client, nil
}

// Its Pods stay where they are. As clients they are in the other zone at once where Nodes are watched; as endpoints, and
// for sources that go by slices, as soon as the controllers look at the service again.
func TestANodeThatChangesItsZoneTakesItsPodsAlong(t *testing.T) {
	needsTrafficDistribution(t)
	t.Parallel()
	namespace := cluster.NewNamespace(t)
	db := harness.HeadlessService(namespace, "db")
	db.Spec.TrafficDistribution = new(corev1.ServiceTrafficDistributionPreferSameZone)
	mover := harness.NewNode("node-of-"+namespace, "region-1")
	mover.Labels[corev1.LabelTopologyZone] = "zone-1"
	mover.Spec.PodCIDR, mover.Spec.PodCIDRs = "10.110.1.0/24", []string{"10.110.1.0/24"}
	kubelet.Place(namespace, "db-5", harness.Place{Node: mover.Name, Addresses: []string{"10.110.1.5"}})
	cluster.Create(t, mover, db, harness.StatefulSet(db, "db", 6))
	expectPods(t, shared, "all pods are answered", db, numbered("db", 6)...)
	pods := podAddresses(t, db, numbered("db", 6)...)

	const policies = "policy near {\nnearest zone\n}\npolicy as-hinted {\nhints\n}"
	servers := map[string]*harness.CoreDNS{}
	for _, name := range []string{"nodes", "pods", "endpoints"} {
		servers[name] = startPlaced(t, harness.CoreDNSOptions{}, namespace, harness.FreeAddress(t), []string{name}, policies)
	}
	move := func(zone string, others ...string) {
		cluster.ChangeNode(t, mover.Name, func(n *corev1.Node) { n.Labels[corev1.LabelTopologyZone] = zone })
		begin := time.Now()
		expectFrom(t, servers["nodes"], pods[5], "near", db, others...)
		t.Logf("By nodes its pod was a client in %s within %.0f ms", zone, 1000*time.Since(begin).Seconds())

		cluster.ChangeService(t, namespace, "db", func(s *corev1.Service) { s.Labels = map[string]string{"looked-at-in": zone} })
		begin = time.Now()
		there := append(slices.Clone(others), pods[5])
		for name, server := range servers {
			for _, client := range there {
				expectFrom(t, server, client, "near", db, there...)
				expectFrom(t, server, client, "as-hinted", db, there...)
			}
			t.Logf("By %s its pod was there as an endpoint within %.0f ms", name, 1000*time.Since(begin).Seconds())
		}
	}
	move("zone-2", pods[2], pods[3])
	move("zone-3", pods[4])
	move("zone-1", pods[0], pods[1])
}

// expectFrom waits until a client gets these addresses by a policy.
func expectFrom(t *testing.T, server *harness.CoreDNS, client, policy string, s *corev1.Service, want ...string) {
	t.Helper()
	harness.Eventually(t, fmt.Sprintf("client %s gets %v by %q", client, want, policy), func() error {
		for _, network := range harness.Transports {
			got, err := addressesFor(net.ParseIP(client), network, server, policy+"._policy."+serviceName(s)+" A")
			if err == nil && !slicesEqual(got, want) {
				err = fmt.Errorf("over %s it gets %v", network, got)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// The network hands an address on as soon as a Pod has ended, before its object is gone.
func TestAnAddressThatAnotherPodHasNowIsWhereThatOneRuns(t *testing.T) {
	needsTrafficDistribution(t)
	t.Parallel()
	const address = "10.110.2.1"
	namespace := cluster.NewNamespace(t)
	db, clients := harness.HeadlessService(namespace, "db"), harness.HeadlessService(namespace, "clients")
	cluster.Create(t, db, clients, harness.StatefulSet(db, "db", 6))
	expectPods(t, shared, "all pods are answered", db, numbered("db", 6)...)
	pods := podAddresses(t, db, numbered("db", 6)...)
	servers := map[string]*harness.CoreDNS{}
	for _, name := range []string{"pods", "endpoints"} {
		servers[name] = startPlaced(t, harness.CoreDNSOptions{}, namespace, harness.FreeAddress(t), []string{name},
			"policy near {\nnearest node\n}")
	}
	run := func(name string, node int) {
		kubelet.Place(namespace, name, harness.Place{Node: harness.Nodes[node].Name, Addresses: []string{address}})
		pod := harness.Pod(clients, name)
		pod.Annotations = map[string]string{harness.StopAnnotation: time.Hour.String()}
		cluster.Create(t, pod)
	}
	expect := func(node int) {
		t.Helper()
		for _, server := range servers {
			expectFrom(t, server, address, "near", db, pods[node])
		}
	}
	run("first", 0)
	expect(0)
	deletePod(t, namespace, "first") // and it goes on terminating
	expect(0)
	run("second", 2)
	expect(2)
	cluster.ChangePod(t, namespace, "first", func(p *corev1.Pod) { delete(p.Annotations, harness.StopAnnotation) })
	harness.Eventually(t, "the first pod is gone", func() error { return podIsGone(t.Context(), namespace, "first") })
	expect(2)
}

func podIsGone(ctx context.Context, namespace, name string) error {
	if pod, err := cluster.Client.CoreV1().Pods(namespace).Get(ctx, name, metav1.GetOptions{}); err == nil {
		return fmt.Errorf("pod %s is still there, deleted at %v", name, pod.DeletionTimestamp)
	}
	return nil
}
