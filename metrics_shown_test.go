package headless

import (
	"maps"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestWhileASnapshotIsServedTheGaugesShowWhatIsInItOnce(t *testing.T) {
	conf := keeping(t, filepath.Join(t.TempDir(), "snapshot"))
	check := func(what string, want map[string]float64) {
		t.Helper()
		got := gauges()
		for kind, gauge := range map[string]float64{"Pods": testutil.ToFloat64(clientPodCount), "Nodes": testutil.ToFloat64(clientNodeCount)} {
			if gauge != 0 {
				got[kind] = gauge
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s the gauges show %v, want %v", what, got, want)
		}
	}
	kept := map[string]float64{"services with endpoints": 1, "headless slices": 1, "endpoints": 2, "Pods": 1, "Nodes": 1}
	synctest.Test(t, func(t *testing.T) {
		first := newEndpointsCache(conf.cacheShape())
		deliver(first, "10.0.0.2")
		allKeepers.join(conf, first)()
		first.close()
		check("Before it is served", map[string]float64{})

		one := starting(t, conf)
		other := *one // another block that reads the same
		other.kept = conf.handler().kept
		for _, h := range []*Headless{one, &other} {
			if !h.serveKept(t.Context(), conf) {
				t.Fatal("It cannot be served")
			}
			check("When it is served", kept)
		}
		one.cache.SetSlice(sliceWith("default", "web", "web-1", manyReady(3)...))
		one.cache.SetService(headlessService("default", "web"))
		one.cache.SetNode(nodeAt("n2", "b", "172.16.0.2"))
		check("While the source delivers", kept)
		one.kept.Load().cache.close() // as when the old instance of a reload ends
		check("When one block ends", kept)
		one.cache.Synced()
		one.cache.FactsSynced()
		synctest.Wait()
		check("When the source has delivered", map[string]float64{"services with endpoints": 1, "headless slices": 1, "endpoints": 3, "Nodes": 1})
		one.cache.SetService(headlessService("default", "empty"))
		check("After a change", map[string]float64{"services with endpoints": 1, "services without": 1, "headless slices": 1, "endpoints": 3, "Nodes": 1})
	})
}

func TestASnapshotThatCannotBeReadIsNotShownInThePlaceOfWhatIsThere(t *testing.T) {
	conf := keeping(t, filepath.Join(t.TempDir(), "missing"))
	h := starting(t, conf)
	if h.serveKept(t.Context(), conf) {
		t.Fatal("It is served")
	}
	withService(h, ready("10.0.0.1", "db-0"))
	if got, want := gauges(), map[string]float64{"services with endpoints": 1, "headless slices": 1, "endpoints": 1}; !maps.Equal(got, want) {
		t.Errorf("The gauges show %v, want %v", got, want)
	}
}
