package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// replicas is how many CoreDNS there are.
const replicas = 2

// Run carries out a schedule in a namespace of its own, with processes of CoreDNS of its own.
type Run struct {
	testing.TB
	plane     *harness.ControlPlane
	reader    *harness.Reader
	namespace string
	replicas  []*replica

	watcher *Watcher
	history *History
	// possible is what there would have been with all services headless.
	possible *History
	judge    *Judge
	askers   []*Asker
	end      func()

	// disturbed is when the API was first taken from somebody since the last settle, zero for never.
	disturbed time.Time
	// frozen says that the API server hangs.
	frozen  bool
	markers int
	// Notes are steps that did not do what they say, as where the API server was away.
	Notes []string
	Stats Stats
}

// Stats are what a run has done.
type Stats struct {
	Steps, Settles int
	// Answers are those that were judged, Strict those of them that had to be true within the bound.
	Answers, Strict int
	// Stale are those that had to say that they are stale, Kept the starts without the API server, from a snapshot.
	Stale, Kept int
	Faults      map[string]int
	// Longest is the longest time that a settle took, and All of all of them.
	Longest, All time.Duration
}

// Start begins a run: the schedule is empty yet.
func Start(t testing.TB, plane *harness.ControlPlane, binary, namespace string) (*Run, error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &Run{TB: t, plane: plane, namespace: namespace, history: &History{}, possible: &History{}, end: cancel, Stats: Stats{Faults: map[string]int{}}}
	r.judge = NewJudge(r.history, r.possible)
	r.watcher = &Watcher{client: plane.Client, namespace: namespace, history: r.history, possible: r.possible}
	r.reader = plane.NewReader(t)
	if err := r.heal(); err != nil {
		return r, err
	}
	object := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	if _, err := plane.Client.CoreV1().Namespaces().Create(ctx, object, metav1.CreateOptions{}); err != nil {
		return r, err
	}
	for number := range replicas {
		next, err := r.newReplica(number, binary)
		if err != nil {
			return r, err
		}
		r.replicas = append(r.replicas, next)
	}
	var running sync.WaitGroup
	if err := r.watcher.Follow(ctx, &running); err != nil {
		return r, err
	}
	stop := make(chan struct{})
	r.end = func() {
		close(stop)
		cancel()
		running.Wait()
	}
	r.ask(&running, stop)
	return r, nil
}

// ask begins to ask: for the services' own names, of which there are few, and for all others.
func (r *Run) ask(running *sync.WaitGroup, stop <-chan struct{}) {
	for _, which := range []func(string) bool{isOfService, func(q string) bool { return !isOfService(q) }} {
		asker := &Asker{questions: func() []string {
			return slices.DeleteFunc(r.history.Questions(), func(q string) bool { return !which(q) })
		}}
		for _, each := range r.replicas {
			asker.targets = append(asker.targets, &each.target)
		}
		r.askers = append(r.askers, asker)
		running.Go(func() { asker.Run(stop) })
	}
}

// Do carries out the next step. An error means that the law was broken, not that a step did not come to anything.
func (r *Run) Do(s Step) error {
	r.Stats.Steps++
	if s.Verb == settle {
		return r.settle()
	}
	v := verbs[s.Verb]
	if v.fault {
		r.Stats.Faults[s.String()]++
	}
	err := v.do(r, s.Arguments)
	if broken := new(violation); errors.As(err, broken) {
		return fmt.Errorf("%s: %w", s, err)
	}
	if err != nil {
		r.Notes = append(r.Notes, fmt.Sprintf("%s: %v", s, err))
	}
	if !r.disturbed.IsZero() {
		return nil // what was answered is judged when the API is back
	}
	return r.check()
}

// Close ends the run, and tells of what CoreDNS did not survive.
func (r *Run) Close() error {
	r.end()
	var errs []error
	for _, each := range r.replicas {
		each.Signal(syscall.SIGCONT)
		end := each.Close
		if each.dead {
			end = each.Trouble
		}
		if err := end(); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, r.heal())...)
}

// Clear takes the world away: another run has the same addresses.
func (r *Run) Clear() error {
	if r.markers > 0 {
		if err := r.plane.Client.CoreV1().Nodes().Delete(context.Background(), r.markerNode(), metav1.DeleteOptions{}); err != nil {
			return err
		}
	}
	client := r.plane.Client.CoreV1().Namespaces()
	if err := client.Delete(context.Background(), r.namespace, metav1.DeleteOptions{}); err != nil {
		return err
	}
	return harness.Poll(settlePatience, func() error {
		_, err := client.Get(context.Background(), r.namespace, metav1.GetOptions{})
		switch {
		case err == nil:
			return errors.New("the namespace is still there")
		case apierrors.IsNotFound(err):
			return nil
		}
		return err
	})
}

// check judges what was answered and can be: what is newer than the bound may still be proven right.
func (r *Run) check() error {
	var errs []error
	before := time.Now().Add(-2 * Bound)
	for _, a := range r.askers {
		samples := a.TakeBefore(before)
		r.judge.count(samples, &r.Stats)
		errs = append(errs, r.judge.Check(samples, len(r.replicas))...)
	}
	return first(errs)
}

// forget forgets what nothing that is still to be judged can need, nor what is answered from a snapshot. The replicas have
// said the same at that time.
func (r *Run) forget(before time.Time) {
	settled := before
	for _, each := range r.replicas {
		if since, _, _ := r.judge.stretch(each.disk.Since(settled), settled); since.Before(before) {
			before = since
		}
	}
	for _, a := range r.askers {
		if next := a.next(); next != nil {
			if since, _, _ := r.judge.stretched(*next); since.Before(before) {
				before = since
			}
		}
	}
	r.judge.forget(before)
	r.history.Forget(before)
	r.possible.Forget(before)
}

// mostErrors is how many are told: they come in crowds.
const mostErrors = 5

// first are the first errors, in the order of their times.
func first(errs []error) error {
	if n := len(errs); n > mostErrors {
		errs = append(errs[:mostErrors], fmt.Errorf("and %d more", n-mostErrors))
	}
	return errors.Join(errs...)
}

// await waits until the askers have asked for so long.
func (r *Run) await(while time.Duration) error {
	end := time.Now().Add(while)
	return harness.Poll(while+harness.Patience, func() error {
		for _, a := range r.askers {
			if last := a.last.Load(); last == nil || last.Before(end) {
				return fmt.Errorf("they are to ask until %s", end)
			}
		}
		return nil
	})
}

// disturb says that somebody cannot reach the API from now on.
func (r *Run) disturb() {
	if r.disturbed.IsZero() {
		r.disturbed = time.Now()
	}
}

func (s Stats) String() string {
	faults := 0
	for _, n := range s.Faults {
		faults += n
	}
	mean := s.All / time.Duration(max(s.Settles, 1))
	return fmt.Sprintf("%d steps, %d faults, %d answers (%d while the API was there, %d that had to be stale), %d starts from a snapshot, settled %d times, in %.1f s and %.1f s at most",
		s.Steps, faults, s.Answers, s.Strict, s.Stale, s.Kept, s.Settles, mean.Seconds(), s.Longest.Seconds())
}
