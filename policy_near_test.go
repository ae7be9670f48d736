package headless

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/coredns/coredns/plugin/metadata"
	"github.com/coredns/coredns/plugin/pkg/dnstest"
	"github.com/coredns/coredns/request"

	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/headless-dns/headless/policy"
)

// nearCounts are what was counted of a policy, by tier and by zone.
type nearCounts map[string]float64

func countNear(mode string) nearCounts {
	counts := nearCounts{}
	for _, tier := range tierNames {
		counts["tier "+tier] = testutil.ToFloat64(policyTierCount.WithLabelValues("near", mode, tier))
	}
	for _, zone := range []string{"same", "other", "unknown"} {
		counts["zone "+zone] = testutil.ToFloat64(policyAddressCount.WithLabelValues("near", mode, zone))
	}
	return counts
}

// expectCounted checks what a question adds to the counts. What is not wanted is 0.
func expectCounted(t *testing.T, h *Headless, mode string, qtype uint16, from client, want nearCounts) {
	t.Helper()
	before := countNear(mode)
	ask(t, h, ofDB, qtype, from)
	for what, now := range countNear(mode) {
		if got := now - before[what]; got != want[what] {
			t.Errorf("A question of %s adds %v to %q, want %v", from.address, got, what, want[what])
		}
	}
}

func TestItIsCountedHowNearAnswersAre(t *testing.T) {
	h := nearClients(t, "nodes\nsubnet 10.8.0.0/16 zone x region north\nsubnet 10.9.0.0/16 region south", "nearest")
	for _, qtype := range []uint16{dns.TypeA, dns.TypeSRV} {
		for address, want := range map[string]nearCounts{
			"172.16.0.2": {"tier node": 1, "zone same": 1},
			"10.8.0.1":   {"tier region": 1, "zone other": 6},
			"10.9.0.1":   {"tier any": 1, "zone unknown": 6},
			"192.0.2.1":  {"tier unknown": 1, "zone unknown": 6},
		} {
			expectCounted(t, h, "applied", qtype, client{address: address, edns: 4096}, want)
		}
	}
	h.cache.SetNode(nodeAt("n9", "b", "172.16.0.9"))
	expectCounted(t, h, "applied", dns.TypeA, client{address: "172.16.0.9"}, nearCounts{"tier zone": 1, "zone same": 2})
}

func TestThoseThatComeAlongDoNotMakeAnAnswerLessNear(t *testing.T) {
	h := nearClients(t, "nodes", "nearest node\nspare 3")
	expectCounted(t, h, "applied", dns.TypeA, client{address: "172.16.0.2"}, nearCounts{"tier node": 1, "zone same": 2, "zone other": 2})
}

func TestWhatIsObservedIsCountedAsIfItWereAnswered(t *testing.T) {
	h := withBlock(t, "clients {\nnodes\n}\npolicy near {\nnearest node zone\n}\napply near observe */*")
	h.cache.SetNode(nodeAt("n0", "a", "172.16.0.0"))
	withService(h, placed("10.0.0.0", "db-0", "n1", "a"), placed("10.0.0.2", "db-2", "n2", "b"))
	expectCounted(t, h, "observed", dns.TypeA, client{address: "172.16.0.0"}, nearCounts{"tier zone": 1, "zone same": 1})
	expectCounted(t, h, "applied", dns.TypeA, client{address: "172.16.0.0"}, nil)
	expectFor(t, h, "172.16.0.0", "10.0.0.0", "10.0.0.2")
}

func TestClientsAreCountedByWhatKnowsThem(t *testing.T) {
	h := nearClients(t, "nodes\nsubnet 10.8.0.0/16 zone x\necs 192.0.2.53", "nearest")
	counts := func() (all [4]float64) {
		for i, source := range []string{"nodes", "subnet", "none"} {
			all[i] = testutil.ToFloat64(clientCount.WithLabelValues(source))
		}
		all[3] = testutil.ToFloat64(unknownClientCount.WithLabelValues("ecs"))
		return all
	}
	for _, each := range []struct {
		from client
		want [4]float64
	}{
		{client{address: "172.16.0.2"}, [4]float64{1, 0, 0, 0}},
		{client{address: "10.8.0.2"}, [4]float64{0, 1, 0, 0}},
		{client{address: "192.0.2.1"}, [4]float64{0, 0, 1, 0}},
		{client{address: "192.0.2.53", edns: 512, subnet: subnet(t, "172.16.0.2/32")}, [4]float64{1, 0, 0, 0}},
		{client{address: "192.0.2.53", edns: 512, subnet: subnet(t, "203.0.113.0/24")}, [4]float64{0, 0, 1, 1}},
	} {
		before := counts()
		ask(t, h, ofDB, dns.TypeA, each.from)
		for i, now := range counts() {
			if now-before[i] != each.want[i] {
				t.Errorf("A question of %+v is counted as %v - %v, want %v", each.from, counts(), before, each.want)
				break
			}
		}
	}
}

// The law: what is measured by numbers is what the places say one by one.
func TestTheMeasureOfAnAnswerIsWhatThePlacesSay(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 1))
	draw := func() policy.Place {
		names := []string{"", "a", "b"}
		return policy.Place{Node: names[random.IntN(3)], Zone: names[random.IntN(3)], Region: names[random.IntN(3)]}
	}
	for range 5000 {
		endpoints := make([]policy.Endpoint, 1+random.IntN(3))
		answered := make([]int32, len(endpoints))
		for i := range endpoints {
			p := draw()
			endpoints[i] = policy.Endpoint{Node: p.Node, Zone: p.Zone, Region: p.Region}
			answered[i] = int32(i)
		}
		client, first := draw(), 1+random.IntN(len(endpoints))
		got, want := numberPlaces(endpoints).reach(&client, answered, first), slowReach(&client, endpoints, first)
		if got != want {
			t.Fatalf("From %+v the first %d of %+v are %+v, want %+v", client, first, endpoints, got, want)
		}
	}
}

func slowReach(client *policy.Place, endpoints []policy.Endpoint, first int) (r reach) {
	levels := [][2]func(i int) string{
		{func(int) string { return client.Node }, func(i int) string { return endpoints[i].Node }},
		{func(int) string { return client.Zone }, func(i int) string { return endpoints[i].Zone }},
		{func(int) string { return client.Region }, func(i int) string { return endpoints[i].Region }},
	}
	r.tier = tierAny
	for tier, level := range slices.Backward(levels) {
		all := true
		for i := range first {
			all = all && level[0](i) != "" && level[0](i) == level[1](i)
		}
		if all {
			r.tier = tier
		}
	}
	if *client == (policy.Place{}) {
		r.tier = tierUnknown
	}
	for i := range endpoints {
		switch {
		case client.Zone == "" || endpoints[i].Zone == "":
			r.unknown++
		case client.Zone == endpoints[i].Zone:
			r.same++
		default:
			r.other++
		}
	}
	return r
}

func TestMetadataSaysWhereTheClientIsAndHowNearItsAnswer(t *testing.T) {
	h := nearClients(t, "nodes\necs 192.0.2.53", "nearest zone")
	h.tellsMetadata = true
	for _, from := range []client{{address: "172.16.0.2"}, {address: "192.0.2.53", edns: 1232, subnet: subnet(t, "172.16.0.2/32")}} {
		r := new(dns.Msg).SetQuestion(ofDB, dns.TypeA)
		if from.subnet != nil {
			r.SetEdns0(from.edns, false)
			r.IsEdns0().Option = append(r.IsEdns0().Option, from.subnet)
		}
		state := request.Request{W: from.writer(), Req: r}
		ctx := h.Metadata(metadata.ContextWithMetadata(t.Context()), state)
		if _, err := h.ServeDNS(ctx, dnstest.NewRecorder(from.writer()), r); err != nil {
			t.Fatal(err)
		}
		for label, want := range map[string]string{"headless/client-node": "n2", "headless/client-zone": "b", "headless/tier": "zone"} {
			value := metadata.ValueFunc(ctx, label)
			if value == nil || value() != want {
				t.Errorf("Of client %s %s is %v, want %q", from.address, label, value, want)
			}
		}
	}
}
