package headless

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// twoKeepers are those of the old and the new instance of a reload that changes what is read, of the same file.
func twoKeepers(t *testing.T) (old, now *keeper, oldConf, nowConf *config) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "snapshot")
	keeperOf := func(conf *config, number uint64) *keeper {
		h := starting(t, conf)
		deliver(h.cache, "10.0.0.2")
		return newKeeper(conf, h.cache, number)
	}
	oldConf, nowConf = keeping(t, path), keeping(t, path)
	nowConf.namespaces = []string{"default"}
	return keeperOf(oldConf, 1), keeperOf(nowConf, 2), oldConf, nowConf
}

func TestTheNewInstanceWritesWhileTheOldOneIsWritingAndItsOwnStays(t *testing.T) {
	old, now, _, nowConf := twoKeepers(t)
	of := old.source
	old.source = func() (string, error) { // which is asked for at the beginning of a write
		now.look(time.Now())
		return of()
	}
	before := testutil.ToFloat64(snapshotErrorCount.WithLabelValues("write"))
	old.look(time.Now())
	if !isSnapshotOf(t, nowConf) {
		t.Error("The old instance has put its own in the place of what the new one wrote")
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(old.path), ".*")); err != nil || len(left) > 0 {
		t.Errorf("It leaves %q behind: %v", left, err)
	}
	if n := testutil.ToFloat64(snapshotErrorCount.WithLabelValues("write")) - before; n != 0 {
		t.Errorf("%v errors are counted", n)
	}
	if about, err := os.Stat(old.path); err != nil || testutil.ToFloat64(snapshotOctets) != float64(about.Size()) {
		t.Errorf("It is not as large as the metric says: %v", err)
	}
}

func TestWhatANewInstanceWroteThatHasNotStartedIsWrittenOverAtOnce(t *testing.T) {
	old, now, oldConf, _ := twoKeepers(t)
	old.look(time.Now())
	now.look(time.Now())
	now.turn.leave(now)
	old.look(time.Now().Add(2 * keepPause))
	if !isSnapshotOf(t, oldConf) {
		t.Error("It stays")
	}
}
