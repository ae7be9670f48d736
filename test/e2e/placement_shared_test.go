package e2e

import (
	"fmt"
	"net"
	"slices"
	"testing"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// sharedPolicies are those in which it matters who a client is, beside where it is.
const sharedPolicies = `policy near {
            nearest zone
        }
        policy own {
            nearest zone
            limit 1
        }
        policy what-fits {
            limit fit
        }`

// startShared starts twelve Pods, four in each zone, and returns their addresses by zone.
func startShared(t *testing.T) (db *corev1.Service, byZone map[string][]string) {
	t.Helper()
	const replicas = 12
	db = harness.HeadlessService(cluster.NewNamespace(t), "db")
	for i := range replicas {
		kubelet.Place(db.Namespace, fmt.Sprintf("db-%d", i), harness.Place{Node: harness.Nodes[i%len(harness.Nodes)].Name})
	}
	cluster.Create(t, db, harness.StatefulSet(db, "db", replicas))
	expectPods(t, shared, "all pods are answered", db, numbered("db", replicas)...)
	byZone = map[string][]string{}
	for i, pod := range podAddresses(t, db, numbered("db", replicas)...) {
		zone := harness.Nodes[i%len(harness.Nodes)].Zone
		byZone[zone] = append(byZone[zone], pod)
	}
	return db, byZone
}

// A cache of a node asks with the node's address, for all Pods on it: one answer for all of them would send them all to
// the same Pod.
func TestWhoAsksFromAnAddressThatManyShareHasAPlaceAndNoIdentity(t *testing.T) {
	t.Parallel()
	db, byZone := startShared(t)
	server := startPlaced(t, harness.CoreDNSOptions{}, db.Namespace, harness.FreeAddress(t),
		[]string{"nodes", "shared nodes 10.103.0.200"}, sharedPolicies)
	for client, want := range map[string]struct {
		zone   string
		shared bool
	}{
		harness.Nodes[0].Addresses()[0]: {"zone-1", true},
		harness.Nodes[5].Addresses()[0]: {"zone-3", true},
		"10.103.0.200":                  {"zone-2", true},
		"10.103.0.201":                  {"zone-2", false},
		"10.101.0.201":                  {"zone-1", false},
	} {
		given := map[string]bool{}
		for i := range 60 {
			got, err := addressesFor(net.ParseIP(client), harness.Transports[i%2], server, "own._policy."+serviceName(db)+" A")
			if err != nil || len(got) != 1 || !slices.Contains(byZone[want.zone], got[0]) {
				t.Fatalf("Client %s gets %v, want one of %v: %v", client, got, byZone[want.zone], err)
			}
			given[got[0]] = true
		}
		if want.shared != (len(given) > 1) {
			t.Errorf("Client %s gets %d different pods in 60 answers; it is shared: %t", client, len(given), want.shared)
		}
		expectFrom(t, server, client, "near", db, byZone[want.zone]...)
		octets := sizeOfFitting(t, server, client, db)
		if (octets <= dns.MinMsgSize) != want.shared {
			t.Errorf("Over TCP and without EDNS client %s gets %d octets; it is shared: %t", client, octets, want.shared)
		}
	}
}

// sizeOfFitting asks over TCP and without EDNS for as many addresses as fit, and returns the size of the answer.
func sizeOfFitting(t *testing.T, server *harness.CoreDNS, client string, s *corev1.Service) int {
	t.Helper()
	query := new(dns.Msg).SetQuestion("_mysql._tcp.what-fits._policy."+serviceName(s), dns.TypeSRV)
	reply, _, err := harness.Client(net.ParseIP(client), "tcp").Exchange(query, server.Address)
	if err != nil {
		t.Fatal(err)
	}
	if len(reply.Answer) == 0 || reply.Truncated {
		t.Fatalf("The answer is %q", harness.Text(reply))
	}
	reply.Compress = true
	return reply.Len()
}

// A resolver that tells for whom it asks is believed where the Corefile lists it.
func TestAResolverIsBelievedOnWhomItAsksForWhereItIsListed(t *testing.T) {
	t.Parallel()
	db, byZone := startShared(t)
	metrics := harness.FreeAddress(t)
	trusted, other := harness.Nodes[0].Addresses(), harness.Nodes[1].Addresses()
	server := startPlaced(t, harness.CoreDNSOptions{}, db.Namespace, metrics,
		[]string{"nodes", "ecs " + trusted[0] + " " + trusted[1]}, sharedPolicies)
	const noOption = -1
	everything := slices.Concat(byZone["zone-1"], byZone["zone-2"], byZone["zone-3"])
	for _, c := range []struct {
		what, from, subnet, policy string
		want                       []string
		scope                      int
	}{
		{"a Pod in another zone", trusted[0], "10.103.0.9/32", "near", byZone["zone-2"], 32},
		{"a network of Pods in another zone", trusted[0], "10.105.7.0/24", "near", byZone["zone-3"], 24},
		{"a Pod with an IPv6 address", trusted[0], "fd00:10:244:4::9/128", "near", byZone["zone-2"], 128},
		{"asked over IPv6", trusted[1], "10.103.0.9/32", "near", byZone["zone-2"], 32},
		{"a network that is wider than any that is known", trusted[0], "10.0.0.0/8", "near", everything, 8},
		{"an address that nobody knows", trusted[0], "192.0.2.1/32", "near", everything, 32},
		{"a client that does not want to be known", trusted[0], "0.0.0.0/0", "near", everything, 0},
		{"an answer that is for everybody", trusted[0], "10.103.0.9/32", "none", everything, 0},
		{"a resolver that is not listed", other[0], "10.103.0.9/32", "near", byZone["zone-1"], noOption},
		{"one that is not listed, over IPv6", other[1], "10.103.0.9/32", "near", byZone["zone-1"], noOption},
	} {
		for _, network := range harness.Transports {
			got, scope, err := askForSubnet(server, c.from, network, c.subnet, c.policy+"._policy."+serviceName(db))
			if err != nil || !slicesEqual(got, c.want) || scope != c.scope {
				t.Errorf("%s over %s: %v with scope %d, want %v with %d: %v", c.what, network, got, scope, c.want, c.scope, err)
			}
		}
	}
	if metric(t, metrics, "coredns_headless_unknown_clients_total", `source="ecs"`) == 0 {
		t.Error("No unknown client was counted as one that a resolver has asked for")
	}
}

// askForSubnet asks for the addresses of a name as a resolver asks for a client (RFC 7871), and returns them and the scope
// of the answer, -1 for none.
func askForSubnet(server *harness.CoreDNS, from, network, subnet, name string) (addresses []string, scope int, err error) {
	ip, prefix, err := net.ParseCIDR(subnet)
	if err != nil {
		return nil, 0, err
	}
	ones, bits := prefix.Mask.Size()
	query := new(dns.Msg).SetQuestion(name, dns.TypeA)
	query.SetEdns0(harness.UDPSize, false)
	option := &dns.EDNS0_SUBNET{Code: dns.EDNS0SUBNET, Family: 1, SourceNetmask: uint8(ones), Address: ip}
	if bits > 32 {
		option.Family = 2
	}
	query.IsEdns0().Option = append(query.IsEdns0().Option, option)
	client := net.ParseIP(from)
	reply, _, err := harness.Client(client, network).Exchange(query, server.AddressFor(client))
	if err != nil {
		return nil, 0, err
	}
	scope = -1
	if opt := reply.IsEdns0(); opt != nil {
		for _, o := range opt.Option {
			if answered, ok := o.(*dns.EDNS0_SUBNET); ok {
				scope = int(answered.SourceScope)
				if answered.SourceNetmask != option.SourceNetmask || !answered.Address.Equal(option.Address) {
					return nil, 0, fmt.Errorf("the answer is for %s", answered)
				}
			}
		}
	}
	return harness.Addresses(reply), scope, nil
}
