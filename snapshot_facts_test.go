package headless

import (
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coredns/caddy"

	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/headless-dns/headless/source"
)

// keepingFacts is a configuration with a snapshot and a policy that looks at a label and at nodes.
func keepingFacts(t *testing.T, path string) *config {
	t.Helper()
	c := caddy.NewTestController("dns", `headless cluster.local {
		endpoint http://127.0.0.1:1
		snapshot `+path+`
		startup_timeout 1s
		policy primary {
			keep labels.role == 'primary' && node_ready
		}
	}`)
	conf, err := parse(c, "")
	if err != nil {
		t.Fatal(err)
	}
	return conf
}

// deliverFacts gives a cache a service that asks for that policy. Of its endpoints one is kept, one is no primary, and the
// node of one is not ready.
func deliverFacts(c *endpointsCache) {
	on := func(address, name, node string) source.Endpoint {
		e := ready(address, name)
		e.Pod, e.Node = nsName("default", name), node
		return e
	}
	pod := func(name, role string) *source.Pod {
		return &source.Pod{NamespacedName: nsName("default", name), Facts: &source.PodFacts{Labels: map[string]string{"role": role}}}
	}
	service := headlessService("default", "db")
	service.Policy = "primary"
	c.ReplaceNodes([]*source.Node{{Name: "n1", Ready: true}, {Name: "n2"}})
	c.ReplacePods("", []*source.Pod{pod("db-0", "primary"), pod("db-1", "replica"), pod("db-2", "primary")})
	c.ReplaceSlices("", []*source.Slice{sliceWith("default", "db", "db-1", on("10.0.0.1", "db-0", "n1"), on("10.0.0.2", "db-1", "n1"), on("10.0.0.3", "db-2", "n2"))})
	c.ReplaceServices("", []*source.Service{service})
	c.Synced()
}

func TestASnapshotHasWhatPoliciesLookAtAndIsServedUntilThatIsThereToo(t *testing.T) {
	conf := keepingFacts(t, filepath.Join(t.TempDir(), "snapshot"))
	synctest.Test(t, func(t *testing.T) {
		services := func() float64 { return testutil.ToFloat64(serviceCount.WithLabelValues("ready")) }
		first := starting(t, conf)
		deliverFacts(first.cache)
		first.cache.FactsSynced()
		allKeepers.join(conf, first.cache)()
		before, stale := services(), testutil.ToFloat64(staleAnswerCount)

		h := starting(t, conf)
		restarting.begin(true, false) // a snapshot is as good as another for who reloads
		defer restarting.done()
		if err := h.waitForSync(t.Context(), conf, time.Now()); err != nil {
			t.Fatal(err)
		}
		m := ask(t, h, dbName, dns.TypeA, client{edns: 1232})
		if !sameAddresses(m, "10.0.0.1") || extendedError(m) != dns.ExtendedErrorCodeStaleAnswer {
			t.Errorf("From the snapshot the answer is %s", m)
		}
		if n := testutil.ToFloat64(staleAnswerCount) - stale; n != 1 {
			t.Errorf("%v stale answers are counted", n)
		}
		deliverFacts(h.cache)
		synctest.Wait()
		if m = ask(t, h, dbName, dns.TypeA, client{edns: 1232}); extendedError(m) != dns.ExtendedErrorCodeStaleAnswer {
			t.Errorf("Before what policies look at is there the answer is %s", m)
		}
		<-time.After(2 * conf.startupTimeout)
		if m = ask(t, h, dbName, dns.TypeA, client{edns: 1232}); !sameAddresses(m, "10.0.0.1") || m.IsEdns0() == nil || extendedError(m) != 0 {
			t.Errorf("When that is too long the answer is %s", m)
		}
		if n := services() - before; n != 1 {
			t.Errorf("%v services more are shown than before", n)
		}
	})
}

func TestWhatHasChangedIsWrittenAtTheEndAndIsAsOldAsTheLastContact(t *testing.T) {
	conf := keepingFacts(t, filepath.Join(t.TempDir(), "snapshot"))
	synctest.Test(t, func(t *testing.T) {
		old := starting(t, conf)
		deliverFacts(old.cache) // and not what policies look at: nobody waits for that for ever
		leave, leaveToo := allKeepers.join(conf, old.cache), allKeepers.join(conf, old.cache)
		<-time.After(keepFacts + 2*keepLook)
		if !isSnapshotOf(t, conf) {
			t.Error("It is not written")
		}
		leaveToo()
		old.cache.Contact(time.Now())
		lost := time.Now()
		old.cache.FactsSynced()
		old.cache.SetNode(&source.Node{Name: "n2", Ready: true})
		<-time.After(time.Minute)
		if at := testutil.ToFloat64(snapshotTime); at != float64(lost.Unix()) {
			t.Errorf("It is of %v, want %v", at, lost.Unix())
		}
		old.cache.SetNode(&source.Node{Name: "n1"})
		leave()
		h := starting(t, conf)
		if !h.serveKept(t.Context(), conf) {
			t.Fatal("It cannot be read")
		}
		if m := ask(t, h, dbName, dns.TypeA, client{edns: 1232}); !sameAddresses(m, "10.0.0.3") {
			t.Errorf("The answer is %s", m)
		}
		h.cache.Synced()
		h.cache.FactsSynced()
	})
}

func TestANewCacheKnowsForHowLongTheAPIWasAway(t *testing.T) {
	older, now := newEndpointsCache(cacheShape{}), newEndpointsCache(cacheShape{podNames: true})
	lost := time.Now().Add(-time.Hour)
	older.Contact(lost)
	older.copyTo(now)
	if got := now.lost.Load(); got == nil || !got.Equal(lost) {
		t.Errorf("It takes the API to be away since %v", got)
	}
}

func TestChangesOfWhereClientsAreMakeASnapshotDue(t *testing.T) {
	h := starting(t, keeping(t, filepath.Join(t.TempDir(), "snapshot")))
	before := h.cache.revision.Load()
	h.cache.SetPod(&source.Pod{NamespacedName: nsName("default", "a")})
	if h.cache.revision.Load() == before {
		t.Error("It is as if nothing had changed")
	}
}

func TestWhatSaysThatAnAnswerIsStaleLeavesOneThatIsToFitWhole(t *testing.T) {
	h := withService(withBlock(t, "policy some {\nlimit fit\n}\napply some */*"), manyReady(1000)...)
	h.staleAfter = time.Minute
	h.cache.Contact(time.Now().Add(-time.Hour))
	for _, qtype := range []uint16{dns.TypeA, dns.TypeSRV} {
		for size := uint16(512); size < 700; size++ {
			if m := ask(t, h, dbName, qtype, client{edns: size}); m.Truncated || len(m.Answer) == 0 || extendedError(m) != dns.ExtendedErrorCodeStaleAnswer {
				t.Fatalf("With %d octets the answer is %s", size, m)
			}
		}
	}
}
