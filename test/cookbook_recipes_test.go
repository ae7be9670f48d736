package test

import (
	"math"
	"slices"
	"testing"

	"github.com/miekg/dns"
)

func readsFromTheOwnZone(t *testing.T, recipes []string) {
	r := try(t, recipes[0])
	all := addressesIn("127.9.1", 0, 1, 2, 3, 4)
	r.expect("127.1.0.5", "db.databases", addressesIn("127.9.1", 0, 1))
	r.expect("127.2.0.5", "db.databases", addressesIn("127.9.1", 2, 3))
	r.expect("127.3.0.5", "db.databases", all)
	r.change("databases.yaml", "name: db-1, namespace: databases}, conditions: {ready: true}",
		"name: db-1, namespace: databases}, conditions: {ready: false}")
	r.await("127.1.0.5", "db.databases", addressesIn("127.9.1", 0, 2, 3, 4))
	r.expect("127.2.0.5", "db.databases", addressesIn("127.9.1", 2, 3))
}

func oneMemberPerClient(t *testing.T, recipes []string) {
	const clients = 100
	r := try(t, recipes[0])
	before := make(map[string]string, clients)
	for n := range clients {
		client := clientNumber(n + 1)
		first := r.from(client).gets("kafka.queues")
		again := r.connect("tcp", client).gets("kafka.queues")
		other := addressesOf(r.from(client).ask("kafka.queues", dns.TypeAAAA, 0).Answer)
		if len(first) != 1 || len(other) != 1 {
			t.Fatalf("%s gets %q, and with IPv6 %q", client, first, other)
		}
		if !slices.Equal(first, again) || lastNumber(first[0]) != lastNumber(other[0]) {
			t.Errorf("%s gets %q, then %q, and with IPv6 %q", client, first, again, other)
		}
		before[client] = first[0]
	}
	const gone = "127.9.3.3"
	r.change("queues.yaml", "name: kafka-2, namespace: queues}, conditions: {ready: true}",
		"name: kafka-2, namespace: queues}, conditions: {ready: false}")
	r.await("127.0.200.1", "none._policy.kafka.queues", addressesIn("127.9.3", 1, 2, 4, 5, 6))
	had, to := 0, map[string]bool{}
	for client, member := range before {
		now := r.from(client).gets("kafka.queues")
		if member == gone {
			had++
			to[now[0]] = true
		}
		if moved := !slices.Equal(now, []string{member}); moved != (member == gone) {
			t.Errorf("%s had %s, which is gone: %t, and gets %q", client, member, member == gone, now)
		}
	}
	if len(to) < 2 || to[gone] {
		t.Errorf("The %d clients of the member that is gone get %v", had, to)
	}
}

func primaryAndReplicas(t *testing.T, recipes []string) {
	r := try(t, recipes[0])
	const primary, member = "primary._policy.db.databases", "127.9.1.3"
	for _, client := range []string{clientNumber(1), member} {
		r.expect(client, "db.databases", addressesIn("127.9.1", 1, 2, 3))
		r.expect(client, primary, addressesIn("127.9.1", 0))
	}
	r.expect(member, "none._policy.db.databases", addressesIn("127.9.1", 0, 1, 2, 3, 4))
	r.change("databases.yaml", "role: primary", "role: replica")
	r.await(clientNumber(1), primary, nil)
	m := r.from(clientNumber(1)).ask(primary, dns.TypeA, 1232)
	if m.Rcode != dns.RcodeSuccess || !slices.Equal(extendedErrors(m.IsEdns0()), []string{"17"}) {
		t.Errorf("Without a primary the answer is\n%v", m)
	}
	r.change("databases.yaml", "name: db-1, namespace: databases, labels: {role: replica}",
		"name: db-1, namespace: databases, labels: {role: primary}")
	r.await(clientNumber(1), primary, addressesIn("127.9.1", 1))
	r.change("databases.yaml", "role: replica", "role: none")
	r.await(clientNumber(1), "db.databases", addressesIn("127.9.1", 0, 1, 2, 3, 4))
}

func largeFleet(t *testing.T, recipes []string) {
	r := try(t, recipes[0])
	a := r.from(clientNumber(1))
	for _, size := range []uint16{0, 512, 1232, 4096} {
		for _, qtype := range []uint16{dns.TypeA, dns.TypeSRV} {
			m := a.ask("agents.fleets", qtype, size)
			m.Compress = true
			limit := max(int(size), dns.MinMsgSize)
			if m.Truncated || m.Len() > limit || m.Len() < limit-100 {
				t.Errorf("With %d octets the answer to type %d has %d, TC: %t", size, qtype, m.Len(), m.Truncated)
			}
		}
	}
	// 70 of 500 are drawn: that two such draws are the same set does not happen.
	if one, other := a.gets("agents.fleets"), a.gets("agents.fleets"); sameSet(one, other) {
		t.Error("Two answers hold the same addresses")
	}
	if got := r.connect("tcp", clientNumber(1)).gets("agents.fleets"); len(got) != 500 {
		t.Errorf("Over TCP the answer holds %d addresses", len(got))
	}
}

// The canary is expected to be first once in 31 times: 129 times of 4,000, with a standard deviation of 11.2. The
// bounds are five of them away: a false alarm is raised less than once in 10,000 runs.
func canary(t *testing.T, recipes []string) {
	const queries, fewest, most = 4000, 73, 185
	limited := replaced(t, recipes[0], "order weighted\n", "order weighted\n limit 1\n")
	for _, recipe := range []string{recipes[0], limited} {
		t.Run("", func(t *testing.T) {
			a := try(t, recipe).from(clientNumber(1))
			first := map[string]int{}
			for range queries {
				got := a.gets("shop.web")
				first[got[0]]++
				if len(got) > 1 && got[len(got)-1] != "127.9.4.4" {
					t.Fatalf("The last of %q is not the one with the weight 0", got)
				}
			}
			if n := first["127.9.4.3"]; n < fewest || n > most || first["127.9.4.4"] > 0 {
				t.Errorf("First were %v", first)
			}
		})
	}
	weights := map[string]uint16{}
	for _, rr := range try(t, recipes[0]).from(clientNumber(1)).ask("_http._tcp.shop.web", dns.TypeSRV, 1232).Answer {
		weights[rr.(*dns.SRV).Target[:1]] = rr.(*dns.SRV).Weight
	}
	for host, want := range map[string]uint16{"a": 10, "b": 10, "c": 10, "d": 1, "e": 0} {
		if got, ok := weights[host]; !ok || got != want {
			t.Errorf("The SRV record of %q has the weight %d, want %d", host, got, want)
		}
	}
}

func drain(t *testing.T, recipes []string) {
	t.Run("prefer", func(t *testing.T) {
		r := try(t, recipes[0])
		r.expect(clientNumber(1), "shop.web", addressesIn("127.9.4", 0, 1, 2))
		r.expect(clientNumber(1), "batch.web", addressesIn("127.9.5", 0))
	})
	a := try(t, replaced(t, recipes[0], "prefer", "rank")).from(clientNumber(1))
	for range 20 { // a shuffle of all would put these two last once in 10
		if got := a.gets("shop.web"); len(got) != 5 || !sameSet(got[3:], addressesIn("127.9.4", 3, 4)) {
			t.Errorf("By rank the client gets %q", got)
		}
	}
}

func peersAndClients(t *testing.T, recipes []string) {
	r := try(t, recipes[0])
	all := addressesIn("127.9.2", 0, 1, 2)
	r.expect(clientNumber(1), "etcd.databases", all[:2])
	for _, member := range all {
		r.expect(member, "etcd.databases", all)
	}
	r.expect(clientNumber(1), "etcd-2.etcd.databases", all[2:])
	r.change("databases.yaml", "serving: true", "serving: false")
	r.await(clientNumber(1), "etcd.databases", nil)
	if m := r.from(clientNumber(1)).ask("etcd.databases", dns.TypeA, 0); m.Rcode != dns.RcodeSuccess || len(m.Ns) != 1 {
		t.Errorf("Where none serves the answer is\n%v", m)
	}
	r.expect(all[0], "etcd.databases", all)
}

func bootstrapServers(t *testing.T, recipes []string) {
	r := try(t, recipes[0])
	zones := map[string]string{"1": "a", "2": "b", "3": "c", "4": "a", "5": "b", "6": "c"}
	used := map[string]bool{}
	for n := range 50 {
		a := r.from(clientNumber(n + 1))
		got := a.gets("kafka.queues")
		in := map[string]bool{}
		for _, address := range got {
			in[zones[lastNumber(address)]], used[address] = true, true
		}
		if again := a.gets("kafka.queues"); len(got) != 3 || len(in) != 3 || !slices.Equal(got, again) {
			t.Errorf("%s gets %q, and then %q", clientNumber(n+1), got, again)
		}
	}
	if len(used) != 6 {
		t.Errorf("Of six brokers the clients know %d", len(used))
	}
}

func nobodyThenATenth(t *testing.T, recipes []string) {
	const metric, clients = "coredns_headless_policy_endpoints_total", 500
	reached := func(t *testing.T, recipe string) (in []int) {
		r := try(t, recipe)
		for n := range clients {
			switch got := r.from(clientNumber(n + 1)).gets("kafka.queues"); len(got) {
			case 1:
				in = append(in, n)
			case 6:
			default:
				t.Errorf("%s gets %q", clientNumber(n+1), got)
			}
		}
		return in
	}
	t.Run("observe", func(t *testing.T) {
		r := &trial{t: t}
		counted := func(outcome string) float64 {
			return r.total(metric, "mode=observed", "policy=own-member", "outcome="+outcome)
		}
		left, withheld := counted("left"), counted("withheld")
		if in := reached(t, recipes[0]); len(in) > 0 {
			t.Errorf("%d clients do not get all", len(in))
		}
		left, withheld = counted("left")-left, counted("withheld")-withheld
		if left != clients || withheld != 5*clients {
			t.Errorf("%v endpoints are counted as left and %v as withheld", left, withheld)
		}
	})
	// Who is in is decided by a hash: it is the same in each run, and as good as by chance.
	var tenth, half []int
	t.Run("10%", func(t *testing.T) { tenth = reached(t, recipes[1]) })
	t.Run("50%", func(t *testing.T) { half = reached(t, replaced(t, recipes[1], " 10% ", " 50% ")) })
	for share, in := range map[float64][]int{0.1: tenth, 0.5: half} {
		mean := share * clients
		if deviation := math.Sqrt(mean * (1 - share)); math.Abs(float64(len(in))-mean) > 5*deviation {
			t.Errorf("Of %d clients %d are in, with a share of %v", clients, len(in), share)
		}
	}
	for _, n := range tenth {
		if !slices.Contains(half, n) {
			t.Errorf("%s is among the tenth and not among the half", clientNumber(n+1))
		}
	}
}
