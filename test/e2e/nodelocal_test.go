package e2e

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// behindNodeCaches is what a server is told of clients that ask by caches on their nodes, and the policies of the
// services below.
var behindNodeCaches = []string{
	"clients {\nnodes\nshared nodes\n}",
	"policy near {\nnearest zone\n}",
	"policy one {\nlimit 1\n}",
	"policy fit {\nlimit fit\n}",
	"policy short {\norder shuffle\nttl 1\n}",
	"policy long {\norder shuffle\nttl 300\n}",
}

// startBehindNodeCaches starts a server that logs who has asked for what, and how.
func startBehindNodeCaches(t *testing.T) *harness.CoreDNS {
	t.Helper()
	return startBlocks(t, block("cluster.local in-addr.arpa ip6.arpa", `log . "{name} {type} {remote} {proto}"`,
		headlessOn(fromKubeconfig, behindNodeCaches...)))
}

// cachingNodes are two nodes in different zones.
var cachingNodes = []string{"node-a", "node-c"}

func TestThePodsOfANodeShareWhatItsNodeLocalDNSCacheKeeps(t *testing.T) {
	t.Parallel()
	namespace := cluster.NewNamespace(t)
	db, members := placeOnNodes(t, namespace, "db", "near")
	web, all := placeOnNodes(t, namespace, "web", "one")
	_, pods := placeOnNodes(t, namespace, "app", "none")
	server := startBehindNodeCaches(t)
	harness.Eventually(t, "the server has all that its clients need", func() error {
		err := checkSetFor(nil, server, "none._policy."+serviceName(web)+" A", slices.Concat(all...))
		for n, node := range cachingNodes {
			err = errors.Join(err, checkSetFor(nodeAddress(node), server, "near._policy."+serviceName(db)+" A", members[n]))
		}
		return err
	})
	if err := checkSetFor(nil, server, "near._policy."+serviceName(db)+" A", slices.Concat(members...)); err != nil {
		t.Errorf("To a client that is on no node: %v", err)
	}
	for n, node := range cachingNodes {
		cache := startNodeLocal(t, server, nodeAddress(node))
		// Members are clients like all others here, and find all their peers by the name of no policy.
		askers := slices.Concat(pods[n], members[n])
		for question, want := range map[string][]string{
			serviceName(db) + " A": members[n], "none._policy." + serviceName(db) + " A": slices.Concat(members...),
		} {
			if got := expectShared(t, server, cache, node, askers, question); !sameSet(got, want) {
				t.Errorf("For %s the pods of %s share %v, want %v", question, node, got, want)
			}
		}
		if got := expectShared(t, server, cache, node, askers, serviceName(web)+" A"); len(got) != 1 {
			t.Errorf("The pods of %s share %v, want one address", node, got)
		}
	}
}

// A pod that clients stick to would be the one pod of all clients behind a shared address.
func TestAnAddressThatManyClientsShareSticksToNoPod(t *testing.T) {
	t.Parallel()
	db, pods := placeOnNodes(t, cluster.NewNamespace(t), "db", "one")
	_, others := placeOnNodes(t, db.Namespace, "app", "none")
	server := startBehindNodeCaches(t)
	distinct := func(client string) int {
		got := map[string]bool{}
		for range 40 {
			addresses, err := addressesFor(net.ParseIP(client), "tcp", server, serviceName(db)+" A")
			if err != nil || len(addresses) != 1 {
				t.Fatalf("Client %s gets %v of %v: %v", client, addresses, pods, err)
			}
			got[addresses[0]] = true
		}
		return len(got)
	}
	harness.Eventually(t, "the node is known", func() error {
		if n := distinct(nodeAddress(cachingNodes[0]).String()); n < 2 {
			return fmt.Errorf("%d pods in 40 answers", n)
		}
		return nil
	})
	if n := distinct(others[0][0]); n != 1 {
		t.Errorf("A pod that asks itself gets %d pods, want always the same", n)
	}
}

func nodeAddress(name string) net.IP {
	node, _ := harness.NodeNamed(name)
	return net.ParseIP(node.Addresses()[0])
}

// placeOnNodes creates a service with a policy and two pods on each of the nodes with caches, and returns the addresses
// of the pods of each node.
func placeOnNodes(t *testing.T, namespace, name, policy string) (s *corev1.Service, addresses [][]string) {
	t.Helper()
	s = withPolicy(harness.HeadlessService(namespace, name), policy)
	pods := numbered(name, 2*len(cachingNodes))
	for i, pod := range pods {
		kubelet.Place(namespace, pod, harness.Place{Node: cachingNodes[i/2]})
	}
	cluster.Create(t, s, harness.StatefulSet(s, name, int32(len(pods))))
	expectPods(t, shared, "the pods are answered without a policy", s, pods...)
	for onNode := range slices.Chunk(podAddresses(t, s, pods...), 2) {
		addresses = append(addresses, onNode)
	}
	return s, addresses
}

// expectShared asks the cache of a node as pods on it do, over UDP and over TCP, and returns the addresses that all get
// in the same order. The server behind is asked once.
func expectShared(t *testing.T, server, cache *harness.CoreDNS, node string, pods []string, question string) []string {
	t.Helper()
	var first []string
	for _, network := range harness.Transports {
		for _, pod := range pods {
			got, err := addressesFor(net.ParseIP(pod), network, cache, question)
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = got
			}
			if !slices.Equal(got, first) {
				t.Errorf("Over %s pod %s gets %v for %s, and another one %v", network, pod, got, question, first)
			}
		}
	}
	expectAsked(t, server, nodeAddress(node), question, 1)
	return first
}

// checkSetFor asks from a client's address for the addresses in any order.
func checkSetFor(client net.IP, server *harness.CoreDNS, question string, want []string) error {
	got, err := addressesFor(client, "udp", server, question)
	if err == nil && !sameSet(got, want) {
		err = fmt.Errorf("%s gets %v for %s, want %v", client, got, question, want)
	}
	return err
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
