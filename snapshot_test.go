package headless

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coredns/caddy"

	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/headless-dns/headless/source"
	"github.com/headless-dns/headless/source/kubernetes"
)

// keeping is a configuration with a snapshot and a policy by zones.
func keeping(t *testing.T, path string) *config {
	t.Helper()
	c := caddy.NewTestController("dns", `headless cluster.local in-addr.arpa {
		endpoint http://127.0.0.1:1
		snapshot `+path+`
		startup_timeout 1s
		clients {
			nodes
			pods
		}
		policy near {
			nearest zone
		}
		apply near */*
	}`)
	conf, err := parse(c, "")
	if err != nil {
		t.Fatal(err)
	}
	return conf
}

// starting is the plugin of the configuration as it starts, before anything was delivered.
func starting(t *testing.T, conf *config) *Headless {
	t.Helper()
	h := conf.handler()
	h.cache = newEndpointsCache(conf.cacheShape())
	h.finder = conf.newFinder(h.cache.clients)
	h.started.Store(true)
	t.Cleanup(h.cache.close)
	return h
}

// deliver gives a cache what a source would.
func deliver(c *endpointsCache, second string) {
	near, far := ready("10.0.0.1", "db-0"), ready(second, "db-1")
	near.Zone, far.Zone = "a", "b"
	c.ReplaceNodes([]*source.Node{nodeAt("n1", "a", "172.16.0.1")})
	c.ReplacePods("", []*source.Pod{{NamespacedName: nsName("default", "client"), Client: source.PodClient{Node: "n1", Addresses: []netip.Addr{netip.MustParseAddr("10.9.0.1")}}}})
	c.ReplaceSlices("", []*source.Slice{sliceWith("default", "db", "db-1", near, far)})
	c.ReplaceServices("", []*source.Service{headlessService("default", "db")})
	c.Synced()
	c.FactsSynced()
}

func TestAServerThatStartsWithoutTheAPIAnswersFromTheSnapshotUntilEverythingWasDelivered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "snapshot")
	conf := keeping(t, path)
	synctest.Test(t, func(t *testing.T) {
		first := starting(t, conf)
		deliver(first.cache, "10.0.0.2")
		allKeepers.join(conf, first.cache)() // which writes what is known when it ends

		at := testutil.ToFloat64(snapshotTime)
		snapshotTime.Set(0)
		h := starting(t, conf)
		if h.Ready() {
			t.Error("It is ready before it has read anything")
		}
		if err := h.waitForSync(t.Context(), conf, time.Now()); err != nil || !h.Ready() {
			t.Fatalf("It is ready: %v; %v", h.Ready(), err)
		}
		if got := testutil.ToFloat64(snapshotTime); got != at || at == 0 {
			t.Errorf("It is shown to be of %v, want %v", got, at)
		}
		check := func(what string, wantStale bool, want ...string) {
			t.Helper()
			m := ask(t, h, dbName, dns.TypeA, client{edns: 1232, address: "10.9.0.9"})
			if stale := extendedError(m) == dns.ExtendedErrorCodeStaleAnswer; !sameAddresses(m, want...) || stale != wantStale {
				t.Errorf("%s the answer is %s", what, m)
			}
			if m = ask(t, h, dbName, dns.TypeA, client{edns: 1232, address: "10.9.0.1"}); !sameAddresses(m, "10.0.0.1") {
				t.Errorf("%s the answer for a Pod in a zone is %s", what, m)
			}
			if m = ask(t, h, "1.0.0.10.in-addr.arpa.", dns.TypePTR, client{}); len(m.Answer) != 1 {
				t.Errorf("%s the answer for an address is %s", what, m)
			}
		}
		check("From the snapshot", true, "10.0.0.1", "10.0.0.2")
		h.cache.ReplaceServices("", nil)
		h.cache.ReplaceSlices("", nil)
		check("While the source delivers", true, "10.0.0.1", "10.0.0.2")
		deliver(h.cache, "10.0.0.3")
		synctest.Wait()
		check("When the source has delivered", false, "10.0.0.1", "10.0.0.3")
		if n := testutil.ToFloat64(servedSnapshots); n != 0 {
			t.Errorf("It is shown that %v snapshots are served", n)
		}
	})
}

func sameAddresses(m *dns.Msg, want ...string) bool {
	got := make(map[string]bool)
	for _, address := range addressesOf(m.Answer) {
		got[address] = true
	}
	for _, address := range want {
		if !got[address] {
			return false
		}
	}
	return len(got) == len(want)
}

func TestWithoutASnapshotThatCanBeUsedTheServerStartsAsEver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "snapshot")
	conf := keeping(t, path)
	if err := os.WriteFile(path, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := testutil.ToFloat64(snapshotErrorCount.WithLabelValues("read"))
	synctest.Test(t, func(t *testing.T) {
		h := starting(t, conf)
		if err := h.waitForSync(t.Context(), conf, time.Now()); err != nil || h.Ready() {
			t.Errorf("It is ready: %v; %v", h.Ready(), err)
		}
		if m := ask(t, h, dbName, dns.TypeA, client{edns: 1232}); extendedError(m) != dns.ExtendedErrorCodeNotReady {
			t.Errorf("The answer is %s", m)
		}
	})
	if n := testutil.ToFloat64(snapshotErrorCount.WithLabelValues("read")) - before; n != 1 {
		t.Errorf("%v errors are counted", n)
	}
}

func TestASnapshotIsWrittenAtABoundedRateAndOnlyWhileThereIsSomethingToSay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "snapshot")
	conf := keeping(t, path)
	synctest.Test(t, func(t *testing.T) {
		h := starting(t, conf)
		leave := allKeepers.join(conf, h.cache)
		defer leave()
		written := func() int64 { return int64(testutil.ToFloat64(snapshotTime)) }
		<-time.After(time.Minute)
		if _, err := os.Stat(path); err == nil {
			t.Error("It is written before everything was delivered")
		}
		deliver(h.cache, "10.0.0.2")
		synctest.Wait()
		<-time.After(2 * time.Second)
		first := written()
		changes := 0
		times := map[int64]bool{}
		for end := time.Now().Add(time.Minute); time.Now().Before(end); <-time.After(100 * time.Millisecond) {
			changes++
			h.cache.SetSlice(sliceWith("default", "db", "db-1", ready("10.0.0.1", "db-0")))
			times[written()] = true
		}
		if changes < 500 || len(times) < 4 || len(times) > 7 {
			t.Errorf("In a minute of %d changes it is written %d times", changes, len(times))
		}
		<-time.After(keepPause + keepLook)
		last := written()
		<-time.After(keepTrue / 2)
		if written() != last || last <= first {
			t.Error("It is written though nothing has changed")
		}
		<-time.After(keepTrue)
		if written() == last {
			t.Error("It grows old though the API server is there")
		}
		last = written()
		h.cache.Contact(time.Now())
		<-time.After(3 * keepTrue)
		if written() != last {
			t.Error("It is called true though the API server is away")
		}
	})
}

func TestBlocksShareASnapshotOnlyWhenTheyReadTheSame(t *testing.T) {
	path := filepath.Join(t.TempDir(), "snapshot")
	for _, ca := range []string{"a", "b"} {
		if err := os.WriteFile(path+ca, []byte(ca), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	conf := func(change func(c *config)) *config {
		c := &config{zones: []string{"cluster.local."}, api: kubernetes.Config{Endpoint: "https://127.0.0.1:1", CA: path + "a"}, snapshot: path}
		change(c)
		return c
	}
	others := map[string]func(c *config){
		"another API server":  func(c *config) { c.api.Endpoint = "https://127.0.0.1:2" },
		"another cluster":     func(c *config) { c.api.CA = path + "b" },
		"other namespaces":    func(c *config) { c.namespaces = []string{"a"} },
		"more than endpoints": func(c *config) { c.uses.Nodes = true },
	}
	for what, other := range others {
		in := caddy.NewTestController("dns", "")
		if err := conf(func(*config) {}).claimSnapshot(in); err != nil {
			t.Fatal(err)
		}
		if err := conf(func(c *config) { c.ttl = 7 }).claimSnapshot(in); err != nil {
			t.Errorf("A block that reads the same is refused: %v", err)
		}
		if err := conf(other).claimSnapshot(in); err == nil || !strings.Contains(err.Error(), "'"+path+"' is also that of another block") {
			t.Errorf("With %s the error is %v", what, err)
		}
		if err := conf(func(c *config) { other(c); c.snapshot += "2" }).claimSnapshot(in); err != nil {
			t.Errorf("With a file of its own the error is %v", err)
		}
	}
}
