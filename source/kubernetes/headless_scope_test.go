package kubernetes

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
		if w.sink.version("db-3") == 0 || len(w.lists) > lists+10 {
			t.Errorf("While nothing can be known there are %v, after %d lists", w.sink.slices, len(w.lists)-lists)
		}
		w.fail(false)
		w.pass(c, time.Minute)
		expect(t, w, "it can be known")
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
		if got := len(w.lists) - lists; got > 2*(1+len(lookAgain)) {
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

// The model: services flip, slices change, come, go and move between the watches; each watch tells that in its own time,
// lists take theirs, watches begin anew and lists fail. No slice that was there, of a service that was there all the
// time, is ever missing while it exists; no service appears without the slices that only a watch of its own has; and
// when all is told there is exactly what exists.
func TestWhateverOrderThingsAreToldInNoSliceIsMissingAndNoneStays(t *testing.T) {
	for seed := range uint64(200) {
		if t.Failed() {
			return
		}
		inWorld(t, func(t *testing.T, w *world, c *headlessScope) {
			random := rand.New(rand.NewPCG(seed, 0))
			slow := rand.New(rand.NewPCG(seed, 1))
			w.delay = func() time.Duration { return time.Duration(slow.IntN(3)) * 100 * time.Millisecond }
			w.listServices()
			var before view
			for i := range 150 {
				what := w.step(c, random)
				synctest.Wait()
				now := w.view()
				if missing := now.missing(before); missing != "" {
					t.Fatalf("With seed %d, step %d (%s): %s", seed, i, what, missing)
				}
				before = now
			}
			w.fail(false)
			w.pass(c, time.Duration(random.IntN(20))*time.Minute+time.Minute)
			if err := w.sink.check(w); err != nil {
				t.Fatalf("With seed %d: %v", seed, err)
			}
		})
	}
}

// step does something at random.
func (w *world) step(c *headlessScope, random *rand.Rand) string {
	service := fmt.Sprint("s", random.IntN(2))
	slice := fmt.Sprint(service, "-", random.IntN(3))
	switch random.IntN(14) {
	case 0:
		w.setService(service, random.IntN(3) > 0)
		return "set " + service
	case 1:
		if random.IntN(3) == 0 {
			w.deleteService(service)
		}
	case 2, 3:
		if s := w.services[service]; s != nil {
			has := []labels.Set{ofHeadless(), ofHeadless(), ofNobody(), nil}[random.IntN(4)]
			// Else the controller has labelled it: it does not know for long what the service was before.
			if !s.untouched && time.Since(s.flipped) < lookAgain[2]*9/10 || w.slices[slice] != nil {
				has = []labels.Set{ofHeadless(), ofController(), ofNobody(), nil}[random.IntN(4)]
			}
			w.setSlice(slice, service, has)
			return fmt.Sprintf("set %s %v", slice, has)
		}
	case 4:
		elapse(time.Duration(random.IntN(1000)) * time.Millisecond)
		return "wait"
	case 5:
		if random.IntN(10) == 0 {
			elapse(suspectFor)
			return "wait long"
		}
	case 6:
		if random.IntN(4) == 0 {
			w.listServices()
			return "list services"
		}
	case 7:
		w.mu.Lock()
		if n := len(w.watches); n > 0 && random.IntN(4) == 0 {
			watch := w.watches[random.IntN(n)]
			if first := watch.untold; len(first) == 0 {
				w.relist(watch, func() {})
			}
		}
		w.mu.Unlock()
	case 8:
		w.fail(random.IntN(4) == 0)
	case 9, 10:
		w.tellOfServices(c)
		return "tell of services"
	default:
		w.tellOfSlices(random)
		return "tell of slices"
	}
	return "nothing"
}

// view is what was handed on at a time of what exists.
type view struct {
	services map[string]bool
	slices   map[string]*worldSlice
	exists   map[string]*worldSlice
	told     map[string]uint64
}

func (w *world) view() view {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sink.mu.Lock()
	defer w.sink.mu.Unlock()
	v := view{services: maps.Clone(w.sink.services), slices: map[string]*worldSlice{}, exists: maps.Clone(w.slices), told: maps.Clone(w.told)}
	for name, version := range w.sink.slices {
		if s := w.slices[name]; s != nil && version >= s.born {
			v.slices[name] = s
		}
	}
	return v
}

// missing returns a slice of a service that was handed on that should be there.
func (v view) missing(before view) string {
	for name, s := range v.exists {
		was := before.slices[name]
		switch {
		case !v.services[s.service] || v.slices[name] != nil:
		case before.services[s.service] && was != nil && was.born == s.born && was.service == s.service:
			return name + " vanished"
		case !before.services[s.service] && s.unlabelled() && s.without <= v.told[s.service]:
			return name + " has not come with its service"
		}
	}
	return ""
}

func TestWhatChangedAServiceTellsWhetherItWasAlwaysHeadless(t *testing.T) {
	created := time.Now().Truncate(time.Second)
	field := func(after time.Duration) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{Manager: "kubectl", Time: &metav1.Time{Time: created.Add(after)}}
	}
	for _, test := range []struct {
		what      string
		fields    []metav1.ManagedFieldsEntry
		untouched bool
		changed   time.Duration
	}{
		{"created", []metav1.ManagedFieldsEntry{field(0)}, true, 0},
		{"created over the change of a second", []metav1.ManagedFieldsEntry{field(-time.Second)}, true, 0},
		{"changed later", []metav1.ManagedFieldsEntry{field(time.Minute)}, false, time.Minute},
		{"changed by another program", []metav1.ManagedFieldsEntry{field(0), field(0)}, false, 0},
		{"without a past", nil, false, 0},
		{"without times", []metav1.ManagedFieldsEntry{{}}, true, 0},
	} {
		in := service("default", "db", "None")
		in.CreationTimestamp, in.ManagedFields = metav1.Time{Time: created}, test.fields
		got := new(Source).seen(in)
		if got.untouched != test.untouched || got.changed.Sub(created) != test.changed || got.Name != "db" {
			t.Errorf("One that was %s is seen as %+v", test.what, got)
		}
	}
	if got := new(Source).seen(service("default", "db", "10.96.0.1")); got != nil {
		t.Errorf("One that is not headless is seen as %+v", got)
	}
}

func TestOfSlicesThatAreLookedForTheMetadataAreEnough(t *testing.T) {
	for labels, want := range map[string]bool{
		"endpointslice.kubernetes.io/managed-by=endpointslice-controller.k8s.io":                                      true,
		"endpointslice.kubernetes.io/managed-by=endpointslice-controller.k8s.io,service.kubernetes.io/headless=":      false,
		"endpointslice.kubernetes.io/managed-by=endpointslicemirroring-controller.k8s.io,service.kubernetes.io/app=x": false,
		"app=db": false,
	} {
		in := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "db-1", Labels: map[string]string{discoveryv1.LabelServiceName: "db"}}}
		for label := range strings.SplitSeq(labels, ",") {
			key, value, _ := strings.Cut(label, "=")
			in.Labels[key] = value
		}
		if got := found(in); got.unlabelled != want || got.service != "db" || got.Name != "db-1" {
			t.Errorf("With %s it is %+v", labels, got)
		}
	}
}
