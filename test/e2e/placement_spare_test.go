package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// sparePolicies are those whose clients have somebody to go on with, and one whose clients have not.
const sparePolicies = `policy alone {
            nearest zone
        }
        policy near {
            nearest zone
            spare 2
        }
        policy as-hinted {
            hints
            spare 2
        }`

// Nothing listens at the Pods of the client's zone, and no probe has noticed it: they are called ready. The Pods
// elsewhere are real: something listens at their addresses.
func TestWithASpareClientsOfADeadZoneGoOn(t *testing.T) {
	needsTrafficDistribution(t)
	t.Parallel()
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	db.Spec.TrafficDistribution = new(corev1.ServiceTrafficDistributionPreferSameZone)
	cluster.Create(t, db, harness.StatefulSet(db, "db", 6))
	expectPods(t, shared, "all pods are answered", db, numbered("db", 6)...)
	pods := podAddresses(t, db, numbered("db", 6)...)
	dead, alive := pods[:2], pods[2:]
	listenAt(t, alive)
	server := startPlaced(t, harness.CoreDNSOptions{}, db.Namespace, harness.FreeAddress(t), []string{"nodes"}, sparePolicies)
	client := harness.Nodes[0].Addresses()[0]
	harness.Eventually(t, "the hints are there", func() error { return checkSpare(server, client, "as-hinted", db, dead, alive) })
	if err := checkSpare(server, client, "near", db, dead, alive); err != nil {
		t.Error(err)
	}
	for _, policy := range []string{"near", "as-hinted"} {
		for range 20 {
			if tried, err := connect(t.Context(), server, client, policy, db); err != nil || tried < 2 {
				t.Errorf("By %q a client connects after %d tries: %v", policy, tried, err)
			}
		}
	}
	if _, err := connect(t.Context(), server, client, "alone", db); err == nil {
		t.Error("Without a spare a client connects to a pod of its zone, which is dead")
	}
}

// listenAt serves the port of HeadlessService at the addresses of Pods.
func listenAt(t *testing.T, pods []string) {
	t.Helper()
	for _, pod := range pods {
		listener, err := net.Listen("tcp", net.JoinHostPort(pod, "3306"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = listener.Close() })
		go func() {
			for {
				connection, err := listener.Accept()
				if err != nil {
					return // it was closed
				}
				_ = connection.Close()
			}
		}()
	}
}

// connect does what most clients do: it asks for the addresses, and tries one after the other. It returns how many did
// not answer.
func connect(ctx context.Context, server *harness.CoreDNS, client, policy string, s *corev1.Service) (tried int, err error) {
	addresses, err := addressesFor(net.ParseIP(client), "udp", server, policy+"._policy."+serviceName(s)+" A")
	if err != nil {
		return 0, err
	}
	dialer := net.Dialer{Timeout: 5 * time.Second, LocalAddr: &net.TCPAddr{IP: net.ParseIP(client)}}
	for _, address := range addresses {
		connection, dialError := dialer.DialContext(ctx, "tcp", net.JoinHostPort(address, "3306"))
		if dialError == nil {
			return tried, connection.Close()
		}
		tried, err = tried+1, errors.Join(err, dialError)
	}
	return tried, err
}

// checkSpare wants the near ones first, in any order, and then two of the others; in SRV records with a lower priority.
func checkSpare(server *harness.CoreDNS, client, policy string, s *corev1.Service, near, others []string) error {
	name := policy + "._policy." + serviceName(s)
	for _, network := range harness.Transports {
		got, err := addressesFor(net.ParseIP(client), network, server, name+" A")
		if err != nil {
			return err
		}
		if len(got) != len(near)+2 || !slicesEqual(got[:len(near)], near) || !subset(got[len(near):], others) {
			return fmt.Errorf("by %q over %s the answer is %v, want %v and then two of %v", policy, network, got, near, others)
		}
		reply, err := harness.AskFrom(net.ParseIP(client), network, server.Address, "_mysql._tcp."+name+" SRV")
		if err != nil {
			return err
		}
		var priorities []uint16
		for _, rr := range reply.Answer {
			priorities = append(priorities, rr.(*dns.SRV).Priority)
		}
		if want := []uint16{0, 0, 10, 10}; !slices.Equal(priorities, want) {
			return fmt.Errorf("by %q over %s the priorities are %v, want %v", policy, network, priorities, want)
		}
	}
	return nil
}

func subset(of, all []string) bool {
	return !slices.ContainsFunc(of, func(one string) bool { return !slices.Contains(all, one) })
}

// rankPolicy orders and leaves nobody out: SRV records have a priority for each distance.
const rankPolicy = "policy ranked {\nrank node zone region\n}"

func TestRankPutsTheNodeBeforeTheZoneAndTheZoneBeforeTheRegion(t *testing.T) {
	t.Parallel()
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	cluster.Create(t, db, harness.StatefulSet(db, "db", 6))
	expectPods(t, shared, "all pods are answered", db, numbered("db", 6)...)
	pods := podAddresses(t, db, numbered("db", 6)...)
	server := startPlaced(t, harness.CoreDNSOptions{}, db.Namespace, harness.FreeAddress(t), []string{"nodes"}, rankPolicy)
	ranks := [][]string{pods[:1], pods[1:2], pods[2:4], pods[4:]} // for a client on the first node
	for _, client := range []string{pods[0], harness.Nodes[0].Addresses()[0]} {
		for i := range 10 {
			got, err := addressesFor(net.ParseIP(client), harness.Transports[i%2], server, "ranked._policy."+serviceName(db)+" A")
			if err != nil || len(got) != len(pods) {
				t.Fatalf("Client %s gets %v: %v", client, got, err)
			}
			rest := got
			for _, rank := range ranks {
				if !slicesEqual(rest[:len(rank)], rank) {
					t.Errorf("Client %s gets %v, want these ranks: %v", client, got, ranks)
				}
				rest = rest[len(rank):]
			}
		}
	}
	reply, err := harness.AskFrom(net.ParseIP(pods[0]), "tcp", server.Address, "_mysql._tcp.ranked._policy."+serviceName(db)+" SRV")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]uint16{"db-0": 0, "db-1": 10, "db-2": 20, "db-3": 20, "db-4": 30, "db-5": 30}
	got := map[string]uint16{}
	for _, rr := range reply.Answer {
		got[dns.SplitDomainName(rr.(*dns.SRV).Target)[0]] = rr.(*dns.SRV).Priority
	}
	if !maps.Equal(got, want) {
		t.Errorf("The priorities are %v, want %v", got, want)
	}
}
