package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/miekg/dns"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

func TestNodeLocalDNSCacheKeepsAnswersFor5SecondsAtLeastAnd30AtMost(t *testing.T) {
	t.Parallel()
	namespace := cluster.NewNamespace(t)
	node := nodeAddress(cachingNodes[0])
	server := startBehindNodeCaches(t)
	names := map[string]string{}
	for policy, ttl := range map[string]uint32{"short": 1, "none": 30, "long": 300} {
		names[policy] = createEndpoints(t, server, namespace, policy, policy, 3)
		if err := checkTTL(server, "_mysql._tcp."+names[policy]+" A", ttl); err != nil {
			t.Errorf("The server itself: %v", err)
		}
	}
	cache := startNodeLocal(t, server, node)
	begin := time.Now()
	for question, ttl := range map[string]uint32{
		names["short"] + " A": 5, names["none"] + " A": 30, names["long"] + " A": 30,
		names["none"] + " AAAA": 5, "db-9." + names["none"] + " A": 5, // the denials
	} {
		if err := checkTTL(cache, question, ttl); err != nil {
			t.Errorf("The cache of the node: %v", err)
		}
	}
	queries := 1
	harness.Eventually(t, "the cache asks again", func() error {
		queries++
		if _, err := harness.Ask(harness.Transports[queries%2], cache.Address, names["short"]+" A"); err != nil {
			return err
		}
		return checkAsked(server, node, names["short"]+" A", 2)
	})
	took := time.Since(begin)
	if took < 5*time.Second {
		t.Errorf("It has asked again after %s, want 5 s", took)
	}
	expectAsked(t, server, node, names["long"]+" A", 1)
	t.Logf("%d queries within %s were two of the cache", queries, took)
}

// checkTTL compares the TTL of all records of a reply.
func checkTTL(server *harness.CoreDNS, question string, want uint32) error {
	reply, err := harness.Ask("udp", server.Address, question)
	if err != nil {
		return err
	}
	records := slices.Concat(reply.Answer, reply.Ns)
	if len(records) == 0 {
		return fmt.Errorf("the reply to %s has no records", question)
	}
	for _, rr := range records {
		if got := rr.Header().Ttl; got != want {
			return fmt.Errorf("the TTL of %s is %d, want %d", rr, got, want)
		}
	}
	return nil
}

// podClient is how a pod asks: without EDNS where it announces no size.
type podClient struct {
	network string
	size    uint16
}

func (c podClient) String() string { return fmt.Sprintf("%s-%d", c.network, c.size) }

// What a cache keeps for one client it gives to all others, so the first one decides.
func TestWhatFitsBehindNodeLocalDNSCacheIsWhatFitsWhoAskedFirst(t *testing.T) {
	t.Parallel()
	namespace := cluster.NewNamespace(t)
	node := nodeAddress(cachingNodes[0])
	server := startBehindNodeCaches(t)
	cache := startNodeLocal(t, server, node)
	old, oldTCP := podClient{"udp", 0}, podClient{"tcp", 0}
	usual, large := podClient{"udp", harness.UDPSize}, podClient{"tcp", 4096}
	for _, test := range []struct {
		first      podClient
		octets     int
		whole, cut []podClient
	}{
		{old, 512, []podClient{usual, oldTCP, large}, nil},
		{oldTCP, 512, []podClient{old, usual, large}, nil},
		{usual, harness.UDPSize, []podClient{oldTCP, large}, []podClient{old}},
		{large, harness.UDPSize, []podClient{oldTCP, usual}, []podClient{old}},
	} {
		t.Run(fmt.Sprintf("%s asks first", test.first), func(t *testing.T) {
			name := createEndpoints(t, server, namespace, test.first.String(), "fit", largeSize)
			first := test.first.ask(t, cache, name)
			if octets := size(first); first.Truncated || octets > test.octets || octets < test.octets-50 {
				t.Errorf("It gets %d octets, truncated: %t, want about %d", octets, first.Truncated, test.octets)
			}
			for _, client := range slices.Concat(test.whole, test.cut) {
				reply := client.ask(t, cache, name)
				if cut := slices.Contains(test.cut, client); reply.Truncated != cut {
					t.Errorf("What %s gets is truncated: %t, want %t", client, reply.Truncated, cut)
				}
				if !reply.Truncated && !slices.Equal(harness.Addresses(reply), harness.Addresses(first)) {
					t.Errorf("%s gets %d other addresses", client, len(reply.Answer))
				}
			}
			expectAsked(t, server, node, name+" A", 1)
		})
	}
}

func (c podClient) ask(t *testing.T, server *harness.CoreDNS, name string) *dns.Msg {
	t.Helper()
	query := new(dns.Msg).SetQuestion(name, dns.TypeA)
	if c.size > 0 {
		query.SetEdns0(c.size, false)
	}
	reply, _, err := harness.Client(nil, c.network).Exchange(query, server.Address)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

// size is what a reply takes on the wire.
func size(reply *dns.Msg) int {
	reply.Compress = true
	return reply.Len()
}

// createEndpoints creates a service with a policy and n endpoints that no pod stands behind, waits until a server has
// them, and returns its name.
func createEndpoints(t *testing.T, server *harness.CoreDNS, namespace, name, policy string, n int) string {
	t.Helper()
	s := withPolicy(harness.WithoutSelector(harness.HeadlessService(namespace, name)), policy)
	cluster.Create(t, s, harness.Slice(s, name, discoveryv1.AddressTypeIPv4, endpointsOf(n)...))
	harness.Eventually(t, "the server has the endpoints", func() error {
		got, err := addressesFor(nil, "tcp", server, "none._policy."+serviceName(s)+" A")
		if err == nil && len(got) != n {
			err = fmt.Errorf("%d of %d", len(got), n)
		}
		return err
	})
	return serviceName(s)
}
