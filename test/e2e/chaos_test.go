package e2e

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/headless-dns/headless/test/e2e/chaos"
	"github.com/headless-dns/headless/test/e2e/harness"
)

var (
	chaosFor      = flag.Duration("chaos.for", 50*time.Second, "how long the chaos goes on, but for its beginning and its end")
	chaosSeed     = flag.Uint64("chaos.seed", 820, "seed of its schedule; this one breaks everything once within a minute")
	chaosSchedule = flag.String("chaos.schedule", "", "file with a schedule to carry out in the place of one that is made up")
)

// It does not run beside others: it measures times.
func TestWhateverHappensAnswersAreRightOrTheLatestThatCouldBeKnown(t *testing.T) {
	begin := time.Now()
	plane := startOwnPlane(t)
	b := &bench{T: t, plane: plane}
	g := chaos.NewGenerator(*chaosSeed)
	beginning := g.Begin()
	next := g.Episode
	if *chaosSchedule != "" {
		text, err := os.ReadFile(*chaosSchedule)
		if err != nil {
			t.Fatal(err)
		}
		steps, err := chaos.Parse(string(text))
		if err != nil {
			t.Fatal(err)
		}
		beginning, next = nil, once(steps)
	}
	t.Logf("The schedule has the seed %d", *chaosSeed)
	done, err := b.run(beginning, next, func() bool { return time.Since(begin) < *chaosFor })
	if err == nil {
		return
	}
	t.Errorf("After %d steps: %v", len(done), err)
	patience := time.Now().Add(max(2*time.Minute, *chaosFor/4))
	more := func() bool { return time.Now().Before(patience) }
	var last error
	small := chaos.Shrink(beginning, done[len(beginning):], more, func(steps []chaos.Step) bool {
		harness.Progress("chaos: does a schedule of %d steps fail too?", len(steps))
		_, err := b.run(nil, once(steps), func() bool { return true })
		last = cmp.Or(err, last)
		return err != nil
	})
	if last == nil {
		t.Logf("It did not fail again. The whole schedule was:\n%s", chaos.Text(done))
		return
	}
	t.Logf("The smallest schedule that fails (-chaos.schedule FILE):\n%s\nIt fails so: %v", chaos.Text(small), last)
}

// once returns a function that returns steps, and then none.
func once(steps []chaos.Step) func() []chaos.Step {
	return func() []chaos.Step {
		defer func() { steps = nil }()
		return steps
	}
}

// startOwnPlane starts a control plane that a test may break.
func startOwnPlane(t *testing.T) *harness.ControlPlane {
	t.Helper()
	binary := harness.Built(harness.ControlPlaneBinary)
	plane, err := harness.StartControlPlane(binary, cmp.Or(*otherKubernetes, binary))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(plane.Stop)
	if _, err := harness.StartKubelet(t.Context(), plane.Client); err != nil {
		t.Fatal(err)
	}
	return plane
}

// bench is where schedules are carried out.
type bench struct {
	*testing.T
	plane *harness.ControlPlane
	runs  int
	last  *chaos.Run
}

// run carries out a beginning and then all that comes, until it is enough. It returns the steps that were done.
func (b *bench) run(beginning []chaos.Step, next func() []chaos.Step, more func() bool) (done []chaos.Step, err error) {
	if b.last != nil {
		if err := b.last.Clear(); err != nil {
			return nil, err
		}
	}
	b.runs++
	r, err := chaos.Start(b, b.plane, corednsBinary, fmt.Sprintf("chaos-%d", b.runs))
	defer func() { err = errors.Join(err, r.Close()) }()
	b.last = r
	if err != nil {
		return nil, err
	}
	report := time.Now()
	for steps := beginning; more(); steps = next() {
		if len(steps) == 0 && len(done) > 0 {
			break
		}
		for _, s := range steps {
			done = append(done, s)
			if err := r.Do(s); err != nil {
				return done, err
			}
		}
		if time.Since(report) > progressPeriod {
			report = time.Now()
			harness.Progress("chaos: %s", r.Stats)
		}
	}
	b.Logf("%s", r.Stats)
	b.Logf("Steps that came to nothing: %q", r.Notes)
	return done, nil
}

const progressPeriod = 10 * time.Second
