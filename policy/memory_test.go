package policy

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// address4 returns the n-th of many addresses.
func address4(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
}

// counting counts how often it is asked for an outcome, in the place of an expression that reads of the client what
// it depends on.
type counting struct {
	depends Depends
	runs    *atomic.Int32
}

func (c counting) Depends() Depends { return c.depends }

func (c counting) Apply(in Ranks, about *View) (Ranks, string) {
	c.runs.Add(1)
	number := uint32(len(about.Client.Labels["tier"]))
	if about.Client.Address.IsValid() {
		number += uint32(about.Client.Address.As4()[3])
	}
	return in.Keep(func(i int32) bool { return uint32(i) != number%uint32(len(about.Endpoints)) }), ""
}

// withCounting is a policy with such a step behind the lines.
func withCounting(tb testing.TB, depends Depends, lines string) (*Policy, *atomic.Int32) {
	tb.Helper()
	p, runs := policyOf(tb, lines), new(atomic.Int32)
	p.steps = append(p.steps, namedStep{Step: counting{depends, runs}})
	return p, runs
}

// remembering is a service's endpoints, prepared for a policy that is computed once for each client.
func remembering(tb testing.TB, m *Memory, endpoints int) (*Prepared, *atomic.Int32) {
	tb.Helper()
	p, runs := withCounting(tb, OnClient, "order sticky")
	return Prepare(p, podsView(endpoints).Endpoints, nil, m, rand.Uint32N), runs
}

// check compares what the memory has counted with what it holds, and its queue with the shelves.
func (m *Memory) check(tb testing.TB, living ...*Prepared) {
	tb.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	queued, sum := 0, int64(0)
	for o := m.queue.newer; o != &m.queue; o = o.newer {
		if found, ok := o.on.outcomes.Load(o.key); !ok || found != o || o.newer.older != o {
			tb.Fatal("An outcome is queued that is not remembered")
		}
		queued++
		sum += o.octets
	}
	shelved := 0
	for _, p := range living {
		for range p.shelf.outcomes.Range {
			shelved++
		}
	}
	if sum != m.used || queued != shelved {
		tb.Fatalf("%d octets are counted and %d remembered, of %d outcomes in the queue and %d on shelves", m.used, sum,
			queued, shelved)
	}
	if m.used > m.limit {
		tb.Fatalf("%d octets are remembered, more than %d", m.used, m.limit)
	}
}

func TestNoMoreThanTheLimitIsRemembered(t *testing.T) {
	const limit = 100_000
	m := NewMemory(limit)
	var services []*Prepared
	for _, endpoints := range []int{1, 3, 20, 100, 3_000, limit / 4} { // the last one has outcomes that are too large
		p, _ := remembering(t, m, endpoints)
		services = append(services, p)
	}
	chance := rand.New(rand.NewPCG(1, 2))
	for n := range rounds(20_000) {
		services[chance.IntN(len(services))].Choose(&Client{Address: address4(chance.IntN(1_000))})
		if n%100 == 0 {
			m.check(t, services...)
		}
	}
	if used := m.Used(); used < limit/2 {
		t.Errorf("Only %d octets of %d are remembered", used, limit)
	}
}

func TestAnOutcomeThatIsTooLargeForgetsNoOther(t *testing.T) {
	m := NewMemory(10_000)
	small, runs := remembering(t, m, 3)
	large, _ := remembering(t, m, 3_000)
	client := Client{Address: address4(1)}
	small.Choose(&client)
	if got := large.Choose(&client).Len(); got != 2_999 {
		t.Errorf("The large outcome has %d endpoints", got)
	}
	small.Choose(&client)
	if runs.Load() != 1 {
		t.Errorf("The small outcome was computed %d times", runs.Load())
	}
	m.check(t, small, large)
}

func TestAnOutcomeIsComputedOnceWhileItIsRemembered(t *testing.T) {
	m := NewMemory(1 << 20)
	p, runs := remembering(t, m, 10)
	for range 3 {
		for n := range 100 {
			if got := p.Choose(&Client{Address: address4(n)}).Len(); got != 9 {
				t.Fatalf("Client %d gets %d endpoints", n, got)
			}
		}
	}
	if runs.Load() != 100 {
		t.Errorf("The outcomes of 100 clients were computed %d times", runs.Load())
	}
}

func TestWhatIsOfUseStaysWhileOtherThingsGo(t *testing.T) {
	m := NewMemory(20_000)
	p, runs := remembering(t, m, 10)
	regular := Client{Address: address4(0)}
	for n := 1; n <= 10_000; n++ {
		p.Choose(&Client{Address: address4(n)})
		if n%10 == 0 {
			before := runs.Load()
			if p.Choose(&regular); n > 10 && runs.Load() != before {
				t.Fatalf("A client that comes all the time was forgotten before client %d", n)
			}
		}
	}
	m.check(t, p)
}

func TestWhatWasOfUseLongAgoGoesToo(t *testing.T) {
	p, runs := remembering(t, NewMemory(100_000), 10)
	for range 2 {
		for n := range 20 {
			p.Choose(&Client{Address: address4(n)})
		}
	}
	for n := range 1_000 {
		p.Choose(&Client{Address: address4(1_000 + n)})
	}
	before := runs.Load()
	for n := range 20 {
		p.Choose(&Client{Address: address4(n)})
	}
	if again := runs.Load() - before; again != 20 {
		t.Errorf("Of 20 clients that came back after 1,000 others %d were not forgotten", 20-again)
	}
}

func TestNewClientsAreRememberedWhereAllOthersAreOfUse(t *testing.T) {
	m := NewMemory(20_000)
	p, runs := remembering(t, m, 10)
	ask := func(client int) { p.Choose(&Client{Address: address4(client)}) }
	for range 3 {
		for n := range int(m.limit / 512) {
			ask(n)
		}
	}
	ask(1 << 16)
	before := runs.Load()
	if ask(1 << 16); runs.Load() != before {
		t.Error("The newest client was forgotten at once")
	}
}

func TestAMemoryIsForSeveralGoroutinesAtOnce(t *testing.T) {
	m := NewMemory(50_000)
	var services []*Prepared
	for n := range 4 {
		p, _ := remembering(t, m, 10+n)
		services = append(services, p)
	}
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			chance := rand.New(rand.NewPCG(uint64(worker), 0))
			for range 2_000 {
				s, n := chance.IntN(4), chance.IntN(100)
				if got := services[s].Choose(&Client{Address: address4(n)}).Len(); got != 9+s {
					t.Errorf("Client %d of service %d gets %d endpoints", n, s, got)
					return
				}
				if chance.IntN(100) == 0 {
					remembering(t, m, 5) // which nobody asks
					m.Used()
				}
			}
		})
	}
	all.Wait()
	m.check(t, services...)
}

func TestAClientHasTheOutcomeOfWhatItIsNow(t *testing.T) {
	base := Client{
		Address: address4(1), Place: Place{Node: "n", Zone: "z", Region: "r"}, Namespace: "default", Pod: "web-0",
		Labels: map[string]string{"tier": "web", "canary": ""},
	}
	p, runs := remembering(t, NewMemory(1<<20), 10)
	first := p.Choose(&base).Pick(nil, 10)
	for name, change := range map[string]func(c *Client){
		"address":   func(c *Client) { c.Address = address4(2) },
		"shared":    func(c *Client) { c.Shared = true },
		"node":      func(c *Client) { c.Node = "m" },
		"zone":      func(c *Client) { c.Zone = "y" },
		"region":    func(c *Client) { c.Region = "s" },
		"namespace": func(c *Client) { c.Namespace = "shop" },
		"pod":       func(c *Client) { c.Pod = "web-1" },
		"a label":   func(c *Client) { c.Labels = map[string]string{"tier": "database", "canary": ""} },
		"values":    func(c *Client) { c.Labels = map[string]string{"tier": "", "canary": "web"} },
		"no labels": func(c *Client) { c.Labels = nil },
	} {
		changed, before := base, runs.Load()
		change(&changed)
		if p.Choose(&changed); runs.Load() != before+1 {
			t.Errorf("A client of another %s has a stale outcome", name)
		}
		if p.Choose(&base); runs.Load() != before+1 {
			t.Errorf("Without the change of %s the outcome is computed again", name)
		}
	}
	relabelled := base
	relabelled.Labels = map[string]string{"tier": "database"}
	slices.Sort(first)
	second := p.Choose(&relabelled).Pick(nil, 10)
	if slices.Sort(second); slices.Equal(first, second) {
		t.Errorf("Other labels make the same outcome: %v", second)
	}
}
