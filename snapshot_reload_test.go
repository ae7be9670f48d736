package headless

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/headless-dns/headless/source"
	"github.com/headless-dns/headless/source/snapshot"
)

// isSnapshotOf says whether a block of the configuration could start from its file.
func isSnapshotOf(t *testing.T, conf *config) bool {
	t.Helper()
	of, err := conf.snapshotSource()
	if err != nil {
		t.Fatal(err)
	}
	c := newEndpointsCache(conf.cacheShape())
	defer c.close()
	decoder := source.Decoder{Namespaces: conf.namespaces, Uses: conf.sourceUses(), Report: func(source.Problem) {}}
	_, err = snapshot.Read(conf.snapshot, of, time.Hour, decoder, c)
	return err == nil
}

// reloading is an old and a new instance of CoreDNS that read other namespaces, and have both read them.
func reloading(t *testing.T) (old, now *config, oldPlugin *Headless, leaveOld, leaveNow func()) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "snapshot")
	old, now = keeping(t, path), keeping(t, path)
	now.namespaces = []string{"default"}
	leave := func(conf *config) (*Headless, func()) {
		h := starting(t, conf)
		deliver(h.cache, "10.0.0.2")
		leave := allKeepers.join(conf, h.cache)
		<-time.After(2 * keepLook)
		if !isSnapshotOf(t, conf) {
			t.Error("What the instance knows is not written")
		}
		return h, leave
	}
	oldPlugin, leaveOld = leave(old)
	_, leaveNow = leave(now)
	return old, now, oldPlugin, leaveOld, leaveNow
}

func TestAfterAReloadTheSnapshotIsThatOfTheNewInstance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, now, oldPlugin, leaveOld, leaveNow := reloading(t)
		defer leaveNow()
		oldPlugin.cache.ReplaceServices("", nil)
		<-time.After(2 * keepPause)
		if !isSnapshotOf(t, now) {
			t.Error("The old instance has written its own over it")
		}
		leaveOld()
		if !isSnapshotOf(t, now) {
			t.Error("When the old instance ended it has written its own over it")
		}
	})
}

func TestAfterAReloadThatFailedTheSnapshotIsThatOfTheOldInstance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, _, _, leaveOld, leaveNow := reloading(t)
		defer leaveOld()
		leaveNow()
		<-time.After(2 * keepPause)
		if !isSnapshotOf(t, old) {
			t.Error("What the instance wrote that did not start stays")
		}
	})
}

func TestAServerThatEndsBeforeItHasEverythingLeavesTheSnapshotAsItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "snapshot")
	conf := keeping(t, path)
	synctest.Test(t, func(t *testing.T) {
		h := starting(t, conf)
		h.cache.ReplaceServices("", []*source.Service{headlessService("default", "db")})
		h.cache.Synced()
		leave := allKeepers.join(conf, h.cache)
		<-time.After(keepFacts / 2)
		leave()
		if _, err := os.Stat(path); err == nil {
			t.Error("It is written without what policies look at of Pods and Nodes")
		}
	})
}

func TestAServerThatHasItsEndpointsStartsHoweverShortTheTimeoutIs(t *testing.T) {
	conf := keeping(t, filepath.Join(t.TempDir(), "snapshot"))
	conf.snapshot, conf.startupTimeout = "", 0
	h := starting(t, conf)
	deliver(h.cache, "10.0.0.2")
	restarting.begin(true, true)
	defer restarting.done()
	for range 50 {
		if err := h.waitForSync(t.Context(), conf, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAServerThatHasItsEndpointsFromItsSourceIsNotReplacedByOneWithASnapshot(t *testing.T) {
	conf := keeping(t, filepath.Join(t.TempDir(), "snapshot"))
	synctest.Test(t, func(t *testing.T) {
		first := starting(t, conf)
		deliver(first.cache, "10.0.0.2")
		allKeepers.join(conf, first.cache)()
		restarting.begin(true, true)
		defer restarting.done()
		if err := starting(t, conf).waitForSync(t.Context(), conf, time.Now()); err == nil {
			t.Error("It starts, and the old Corefile does not stay in use")
		}
	})
}
