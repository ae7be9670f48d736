package kubernetes

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/labels"
)

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
