package kubernetes

import (
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/source"
)

// worldSink keeps the names of Services, and the versions of slices.
type worldSink struct {
	source.Sink
	mu       sync.Mutex
	services map[string]bool
	slices   map[string]uint64
	synced   int
}

func (s *worldSink) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *worldSink) SetService(in *source.Service) { s.change(func() { s.services[in.Name] = true }) }
func (s *worldSink) DeleteService(name types.NamespacedName) {
	s.change(func() { delete(s.services, name.Name) })
}
func (s *worldSink) ReplaceServices(_ string, all []*source.Service) {
	s.change(func() {
		clear(s.services)
		for _, in := range all {
			s.services[in.Name] = true
		}
	})
}
func (s *worldSink) SetSlice(in *source.Slice) {
	s.change(func() { s.slices[in.Name] = in.Version })
}
func (s *worldSink) DeleteSlice(name types.NamespacedName) {
	s.change(func() { delete(s.slices, name.Name) })
}
func (s *worldSink) ReplaceSlices(_ string, all []*source.Slice) {
	s.change(func() {
		clear(s.slices)
		for _, in := range all {
			s.slices[in.Name] = in.Version
		}
	})
}

// version returns that of a slice, 0 where it was not handed on.
func (s *worldSink) version(slice string) (version uint64) {
	s.change(func() { version = s.slices[slice] })
	return version
}

// check compares what was handed on with what there is: of headless services everything.
func (s *worldSink) check(w *world) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, service := range w.services {
		if s.services[name] != service.headless {
			return fmt.Errorf("service %s is headless: %t, handed on: %t", name, service.headless, s.services[name])
		}
	}
	for name := range s.services {
		if w.services[name] == nil {
			return fmt.Errorf("service %s is gone", name)
		}
	}
	for name, slice := range w.slices {
		if s.services[slice.service] && s.slices[name] != slice.version {
			return fmt.Errorf("slice %s of %s (%s) has version %d, handed on: %d", name, slice.service, slice.labels, slice.version, s.slices[name])
		}
	}
	for name := range s.slices {
		if w.slices[name] == nil {
			return fmt.Errorf("slice %s is gone", name)
		}
	}
	return nil
}
