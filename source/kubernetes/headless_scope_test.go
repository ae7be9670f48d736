package kubernetes

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/headless-dns/headless/source"
)

// The labels of slices.
func ofController() labels.Set { return labels.Set{discoveryv1.LabelManagedBy: source.SliceController} }
func ofHeadless() labels.Set {
	return labels.Set{discoveryv1.LabelManagedBy: source.SliceController, corev1.IsHeadlessService: ""}
}
func ofNobody() labels.Set { return labels.Set{"app": "db"} }

// inWorld runs a scope in a world whose clock stands still until everybody waits for it.
func inWorld(t *testing.T, test func(t *testing.T, w *world, c *headlessScope)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		c := w.scope()
		ctx, end := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.run(ctx)
		}()
		defer func() { end(); <-done }()
		synctest.Wait()
		test(t, w, c)
	})
}

// settle lets everything be told.
func (w *world) settle(c *headlessScope) {
	random := rand.New(rand.NewPCG(0, 0))
	for told := true; told; {
		synctest.Wait()
		told = w.tellOfServices(c) || w.tellOfSlices(random)
	}
}

// pass lets time pass, and all be told in it.
func (w *world) pass(c *headlessScope, d time.Duration) {
	for range 20 {
		w.settle(c)
		elapse(d / 20)
	}
	w.settle(c)
}

// elapse lets the world's clock go on.
func elapse(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // on the clock of synctest

func expect(t *testing.T, w *world, what string) {
	t.Helper()
	if err := w.sink.check(w); err != nil {
		t.Errorf("When %s: %v", what, err)
	}
}

func expectWatches(t *testing.T, w *world, what string, services ...string) {
	t.Helper()
	want := []string{parsed(labelled), parsed(others)}
	for _, name := range services {
		want = append(want, parsed(discoveryv1.LabelServiceName+"="+name))
	}
	slices.Sort(want)
	if got := w.selectors(); !slices.Equal(got, want) {
		t.Errorf("When %s the watches are\n%q, want\n%q", what, got, want)
	}
}

func parsed(selector string) string {
	s, err := labels.Parse(selector)
	if err != nil {
		panic(err)
	}
	return s.String()
}

func TestSlicesOfOtherServicesAreNotWatched(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, c *headlessScope) {
		w.setService("db", true)
		w.setService("web", false)
		w.setSlice("db-1", "db", ofHeadless())
		w.setSlice("db-mirrored", "db", labels.Set{discoveryv1.LabelManagedBy: "endpointslicemirroring-controller.k8s.io"})
		w.setSlice("db-mine", "db", ofNobody())
		w.setSlice("web-1", "web", ofController())
		w.listServices()
		w.settle(c)
		expect(t, w, "all is told")
		expectWatches(t, w, "all is told")
		if _, ok := w.sink.slices["web-1"]; ok || w.sink.synced != 1 {
			t.Errorf("Handed on are %v, and it was synced %d times", w.sink.slices, w.sink.synced)
		}
	})
}

// The sequence that was seen with the real controller.
func TestAServiceThatBecomesHeadlessHasItsSlicesThoughTheyCarryNoLabel(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, c *headlessScope) {
		w.setService("db", false)
		w.setSlice("db-1", "db", ofController())
		w.listServices()
		w.settle(c)
		expectWatches(t, w, "it has a cluster IP")

		w.setService("db", true)
		w.settle(c)
		expect(t, w, "it has become headless")
		expectWatches(t, w, "it has become headless", "db")
		w.setSlice("db-1", "db", ofController())
		w.settle(c)
		expect(t, w, "the slice is filled")
		w.setSlice("db-2", "db", ofHeadless())
		w.setSlice("db-1", "db", ofHeadless())
		w.pass(c, suspectFor/2)
		expect(t, w, "the label has come")
		expectWatches(t, w, "the label has come", "db")
		w.pass(c, suspectFor)
		expect(t, w, "the label is there for long")
		expectWatches(t, w, "the label is there for long")

		w.setService("db", false)
		w.setSlice("db-1", "db", ofHeadless())
		w.pass(c, time.Minute)
		expect(t, w, "it has a cluster IP again")
	})
}

func TestAtTheStartAServiceWithUnlabelledSlicesIsNotHandedOnWithoutThem(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, c *headlessScope) {
		w.setService("old", true)
		w.setService("db", true)
		for _, s := range w.services {
			s.changed = time.Now().Add(-time.Hour)
		}
		w.setSlice("old-1", "old", ofController())
		w.setSlice("old-2", "old", ofHeadless())
		w.setSlice("db-1", "db", ofHeadless())
		w.listServices()
		w.tellOfServices(c)
		synctest.Wait()
		if !w.sink.services["db"] || w.sink.services["old"] || w.sink.synced > 0 {
			t.Errorf("Handed on are %v, synced %d times", w.sink.services, w.sink.synced)
		}
		w.settle(c)
		expect(t, w, "all is told")
		if w.sink.synced != 1 {
			t.Errorf("It was synced %d times", w.sink.synced)
		}
		w.pass(c, suspectFor-time.Minute)
		if !slices.Equal(w.lists, []string{unlabelled}) {
			t.Errorf("It was listed by %q", w.lists)
		}
	})
}

func TestASliceThatLosesTheLabelIsNeverMissing(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, c *headlessScope) {
		w.setService("db", true)
		w.setSlice("db-1", "db", ofHeadless())
		w.listServices()
		w.pass(c, time.Hour)
		w.delay = func() time.Duration { return time.Second }
		w.setSlice("db-1", "db", ofController())
		for range 40 {
			w.tellOfSlices(rand.New(rand.NewPCG(0, 0)))
			synctest.Wait()
			if w.sink.version("db-1") == 0 {
				t.Fatal("It is missing")
			}
			elapse(100 * time.Millisecond)
		}
		w.settle(c)
		expect(t, w, "it has lost the label")
		expectWatches(t, w, "it has lost the label", "db")

		w.setSlice("db-1", "db", nil)
		w.pass(c, time.Minute)
		expect(t, w, "it was deleted")
	})
}

func TestADeletedSliceIsGoneAsSoonAsItIsKnownThatItIs(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, c *headlessScope) {
		w.setService("db", true)
		w.setSlice("db-1", "db", ofHeadless())
		w.setSlice("db-2", "db", ofNobody())
		w.listServices()
		w.pass(c, time.Hour)
		lists := len(w.lists)
		w.setSlice("db-1", "db", nil)
		w.setSlice("db-2", "db", nil)
		w.settle(c)
		expect(t, w, "both were deleted")
		if got := w.lists[lists:]; len(got) == 0 || len(got) > 2 || got[0] != "kubernetes.io/service-name=db" {
			t.Errorf("It was listed by %q", got)
		}
		w.fail(true)
		w.setSlice("db-3", "db", ofHeadless())
		w.settle(c)
		w.setSlice("db-3", "db", nil)
		w.pass(c, time.Minute)
		if w.sink.version("db-3") == 0 || len(w.lists) > lists+14 {
			t.Errorf("While nothing can be known there are %v, after %d lists", w.sink.slices, len(w.lists)-lists)
		}
		w.fail(false)
		w.pass(c, time.Minute)
		expect(t, w, "it can be known")
	})
}

func TestAServiceWhoseWatchNeverBeginsIsHandedOnWhenItsSlicesCarryTheLabel(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, c *headlessScope) {
		w.listServices()
		w.settle(c)
		w.setService("db", false)
		w.setSlice("db-1", "db", ofController())
		w.setService("db", true)
		for w.tellOfServices(c) {
		}
		elapse(suspectFor / 2)
		w.setSlice("db-1", "db", ofHeadless())
		elapse(suspectFor)
		w.settle(c)
		expect(t, w, "the label has come")
		expectWatches(t, w, "the label has come")
	})
}

// The controller may write what it knew of a service when that is headless already.
func TestOfAServiceThatHasBecomeHeadlessALateSliceIsNotMissed(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, c *headlessScope) {
		w.listServices()
		w.setService("db", false)
		w.setService("db", true)
		w.settle(c)
		w.setSlice("db-1", "db", ofController())
		w.settle(c)
		expect(t, w, "the slice is there")
	})
}

// A look for another reason does not stand for one that comes later.
func TestALateSliceIsNotMissedThoughTheServiceWasLookedAtOften(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, c *headlessScope) {
		w.listServices()
		w.setService("db", true)
		w.settle(c)
		for range 5 {
			w.setSlice("db-1", "db", ofHeadless())
			w.settle(c)
			w.setSlice("db-1", "db", nil)
			w.settle(c)
		}
		elapse(lookAgain[2] / 2)
		w.settle(c)
		w.setSlice("db-2", "db", ofController())
		w.pass(c, lookAgain[2])
		expect(t, w, "the slice has come late")
	})
}

func TestASliceThatMovesBetweenWatchesIsNeverMissingAndSoonLookedForNoMore(t *testing.T) {
	for seed := range uint64(4) { // in both orders
		inWorld(t, func(t *testing.T, w *world, c *headlessScope) {
			random := rand.New(rand.NewPCG(seed, 0))
			w.setService("db", true)
			w.setSlice("db-1", "db", ofHeadless())
			w.listServices()
			w.pass(c, time.Hour)
			lists := len(w.lists)
			w.setSlice("db-1", "db", ofNobody())
			for w.tellOfSlices(random) {
				if w.sink.version("db-1") == 0 {
					t.Error("It is missing")
				}
				elapse(time.Millisecond)
			}
			w.pass(c, time.Hour)
			expect(t, w, "it has moved")
			if len(w.lists) > lists+2 {
				t.Errorf("It was looked for by %q", w.lists[lists:])
			}
		})
	}
}

func TestManyNewServicesAreLookedAtTogether(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, c *headlessScope) {
		w.listServices()
		w.pass(c, time.Hour)
		lists := len(w.lists)
		for i := range 1000 {
			w.setService(fmt.Sprint("db-", i), true)
		}
		w.delay = func() time.Duration { return 5 * time.Millisecond }
		for w.tellOfServices(c) {
		}
		w.pass(c, time.Hour)
		expect(t, w, "they were looked at")
		if got := len(w.lists) - lists; got > maxLooks+2*(1+len(lookAgain)) {
			t.Errorf("There were %d lists for 1000 services", got)
		}
	})
}

func TestWithManySuspectsAllSlicesAreWatched(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, c *headlessScope) {
		for i := range maxSuspects + 1 {
			w.setService(fmt.Sprint("db-", i), true)
			w.setSlice(fmt.Sprint("db-", i), fmt.Sprint("db-", i), ofController())
		}
		w.setSlice("labelled", "db-0", ofHeadless())
		w.listServices()
		w.settle(c)
		expect(t, w, "it has gone over to all slices")
		w.setService("late", true)
		w.setSlice("late", "late", ofController())
		w.setSlice("labelled", "db-0", ofController())
		w.pass(c, 2*lateness)
		expect(t, w, "that goes on")
		if got := w.selectors(); !slices.Equal(got, []string{""}) || w.widened != 1 || w.sink.synced != 1 {
			t.Errorf("The watches are %q, told %d times, synced %d times", got, w.widened, w.sink.synced)
		}
		w.setSlice("labelled", "db-0", nil)
		w.deleteService("late")
		w.settle(c)
		expect(t, w, "something goes")
		if len(w.lists) > 2 {
			t.Errorf("It was listed by %q", w.lists)
		}
	})
}
