package kubernetes

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/source"
)

// world is a cluster in little, and what a headlessScope sees of it: every watch tells in its own time what happened.
type world struct {
	sink *worldSink

	mu       sync.Mutex
	version  uint64
	services map[string]*worldService
	slices   map[string]*worldSlice
	// ofServices is what the watch of Services has not told yet.
	ofServices []func(c *headlessScope)
	// told is the version of the world when it was told that a service is headless.
	told    map[string]uint64
	watches []*worldWatch
	lists   []string // the selectors of all lists so far
	failing bool     // lists fail
	delay   func() time.Duration
	widened int
}

type worldService struct {
	headless, untouched bool
	changed             time.Time
	flipped             time.Time // it was last something else
}

type worldSlice struct {
	service string
	labels  labels.Set
	version uint64
	// born is its first version, and without the one since which it is one of the controller's without the label.
	born, without uint64
}

func (s *worldSlice) unlabelled() bool {
	return s.labels[discoveryv1.LabelManagedBy] == source.SliceController && !s.labels.Has(corev1.IsHeadlessService)
}

// worldWatch is a watch of slices.
type worldWatch struct {
	namespace string
	selector  labels.Selector
	to        sliceSink
	untold    []func()
}

func newWorld() *world {
	return &world{
		sink:     &worldSink{services: map[string]bool{}, slices: map[string]uint64{}},
		services: map[string]*worldService{}, slices: map[string]*worldSlice{}, told: map[string]uint64{},
		delay: func() time.Duration { return 0 },
	}
}

func (w *world) scope() *headlessScope {
	return newHeadlessScope(&headlessScope{
		sink: w.sink, list: w.list, follow: w.follow,
		synced:  func() { w.sink.synced++ },
		widened: func(string, int) { w.widened++ },
	})
}

func (w *world) fail(failing bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failing = failing
}

func named(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: "default", Name: name}
}

func (s *worldSlice) kept(name string) *source.Slice {
	return &source.Slice{NamespacedName: named(name), Service: s.service, Version: s.version}
}

// list is what the API server says when it is asked; the answer takes its time.
func (w *world) list(ctx context.Context, _, selector string) ([]*foundSlice, error) {
	parsed, err := labels.Parse(selector)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.lists = append(w.lists, selector)
	var found []*foundSlice
	for name, s := range w.slices {
		if parsed.Matches(s.labels) {
			found = append(found, &foundSlice{NamespacedName: named(name), service: s.service, unlabelled: s.unlabelled()})
		}
	}
	failing, delay := w.failing, w.delay()
	w.mu.Unlock()
	select {
	case <-ctx.Done():
	case <-time.After(delay):
	}
	if failing {
		return nil, errors.New("the API server is not there")
	}
	return found, ctx.Err()
}

// follow holds a watch until the context is done.
func (w *world) follow(ctx context.Context, namespace, selector string, to sliceSink, synced func()) {
	parsed, err := labels.Parse(selector)
	if err != nil {
		panic(err)
	}
	watch := &worldWatch{namespace: namespace, selector: parsed, to: to}
	w.mu.Lock()
	w.relist(watch, synced)
	w.watches = append(w.watches, watch)
	w.mu.Unlock()
	<-ctx.Done()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watches = slices.DeleteFunc(w.watches, func(other *worldWatch) bool { return other == watch })
}

// relist lets a watch begin anew with all that there is.
func (w *world) relist(watch *worldWatch, synced func()) {
	var all []*source.Slice
	for name, s := range w.slices {
		if watch.selector.Matches(s.labels) {
			all = append(all, s.kept(name))
		}
	}
	// What it did not tell it does not tell any more, save that it is synced.
	watch.untold = []func(){func() {
		watch.to.ReplaceSlices(all)
		synced()
	}}
}

// setSlice writes a slice; without labels it is deleted.
func (w *world) setSlice(name, service string, has labels.Set) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := w.slices[name]
	w.version++
	after := &worldSlice{service: service, labels: has, version: w.version, born: w.version, without: w.version}
	if before != nil {
		if after.born = before.born; before.unlabelled() {
			after.without = before.without
		}
	}
	if w.slices[name] = after; has == nil {
		delete(w.slices, name)
	} else {
		has[discoveryv1.LabelServiceName] = service
	}
	for _, watch := range w.watches {
		switch {
		case has != nil && watch.selector.Matches(has):
			watch.untold = append(watch.untold, func() { watch.to.SetSlice(after.kept(name)) })
		case before != nil && watch.selector.Matches(before.labels):
			watch.untold = append(watch.untold, func() { watch.to.DeleteSlice(named(name)) })
		}
	}
}

// setService writes a service.
func (w *world) setService(name string, headless bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := w.services[name]
	s := &worldService{headless: headless, untouched: before == nil, changed: time.Now()}
	if w.services[name] = s; before != nil && before.headless == headless {
		s.flipped = before.flipped
	} else {
		s.flipped = s.changed
	}
	if headless {
		w.ofServices = append(w.ofServices, func(c *headlessScope) { w.tell(c.setService, s.seen(name)) })
	} else if before != nil && before.headless {
		w.ofServices = append(w.ofServices, func(c *headlessScope) { w.tellGone(c, name) })
	}
}

func (w *world) deleteService(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if before := w.services[name]; before != nil && before.headless {
		w.ofServices = append(w.ofServices, func(c *headlessScope) { w.tellGone(c, name) })
	}
	delete(w.services, name)
}

func (s *worldService) seen(name string) *seenService {
	return &seenService{Service: &source.Service{NamespacedName: named(name)}, untouched: s.untouched, changed: s.changed}
}

// listServices lets the watch of Services begin anew.
func (w *world) listServices() {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []*seenService
	for name, s := range w.services {
		if s.headless {
			all = append(all, s.seen(name))
		}
	}
	w.ofServices = []func(*headlessScope){func(c *headlessScope) {
		w.mu.Lock()
		maps.DeleteFunc(w.told, func(name string, _ uint64) bool {
			return !slices.ContainsFunc(all, func(s *seenService) bool { return s.Name == name })
		})
		w.mu.Unlock()
		for _, s := range all {
			w.tell(func(*seenService) {}, s)
		}
		c.replaceServices(all)
	}}
}

func (w *world) tellGone(c *headlessScope, name string) {
	w.mu.Lock()
	delete(w.told, name)
	w.mu.Unlock()
	c.deleteService(named(name))
}

func (w *world) tell(set func(*seenService), s *seenService) {
	w.mu.Lock()
	if _, known := w.told[s.Name]; !known {
		w.told[s.Name] = w.version
	}
	w.mu.Unlock()
	set(s)
}

// tellOfServices tells the next event of Services, and tellOfSlices the next one of a watch of slices.
func (w *world) tellOfServices(c *headlessScope) bool {
	w.mu.Lock()
	var tell func(*headlessScope)
	if len(w.ofServices) > 0 {
		tell, w.ofServices = w.ofServices[0], w.ofServices[1:]
	}
	w.mu.Unlock()
	if tell != nil {
		tell(c)
	}
	return tell != nil
}

func (w *world) tellOfSlices(random *rand.Rand) bool {
	w.mu.Lock()
	var behind []*worldWatch
	for _, watch := range w.watches {
		if len(watch.untold) > 0 {
			behind = append(behind, watch)
		}
	}
	var tell func()
	if len(behind) > 0 {
		watch := behind[random.IntN(len(behind))]
		tell, watch.untold = watch.untold[0], watch.untold[1:]
	}
	w.mu.Unlock()
	if tell != nil {
		tell()
	}
	return tell != nil
}

// selectors are those of the watches that there are.
func (w *world) selectors() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, watch := range w.watches {
		all = append(all, watch.selector.String())
	}
	slices.Sort(all)
	return all
}
