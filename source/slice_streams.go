package source

import (
	"maps"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// SliceStreams makes one stream of EndpointSlices of several, each of which knows those that carry certain labels. A
// slice may be in several of them, and a label may take it out of one and into another. The streams run ahead of each
// other, so it leaves the one before or after it comes in the other, and of a slice in several the newest state counts.
//
// A slice that no stream has any more was deleted, or is on its way from one stream to another, or carries labels now
// that no stream asks for. Nothing in the streams tells these apart: missed is asked.
type SliceStreams struct {
	to    Sink
	scope string
	// missed is told of a slice that no stream has any more, and says whether it is to stay until Forget. It is called
	// under the lock, and so must not call back.
	missed func(s *Slice) (stays bool)

	mu      sync.Mutex
	streams map[*SliceStream]struct{}
	shown   map[types.NamespacedName]*Slice // what was handed on
}

// SliceStream takes one of the streams.
type SliceStream struct {
	all    *SliceStreams
	slices map[types.NamespacedName]*Slice
}

// NewSliceStreams makes one of a scope that has no streams yet.
func NewSliceStreams(to Sink, scope string, missed func(*Slice) bool) *SliceStreams {
	return &SliceStreams{
		to: to, scope: scope, missed: missed,
		streams: make(map[*SliceStream]struct{}), shown: make(map[types.NamespacedName]*Slice),
	}
}

// Open adds a stream, which has nothing yet.
func (s *SliceStreams) Open() *SliceStream {
	s.mu.Lock()
	defer s.mu.Unlock()
	stream := &SliceStream{all: s, slices: make(map[types.NamespacedName]*Slice)}
	s.streams[stream] = struct{}{}
	return stream
}

// SetSlice is as in a Sink.
func (s *SliceStream) SetSlice(slice *Slice) {
	s.all.mu.Lock()
	defer s.all.mu.Unlock()
	s.slices[slice.NamespacedName] = slice
	if shown := s.all.shown[slice.NamespacedName]; shown == nil || newer(slice, shown) {
		s.all.shown[slice.NamespacedName] = slice
		s.all.to.SetSlice(slice)
	}
}

// DeleteSlice is as in a Sink: the slice is in the stream no more. Where it is in another one, what was handed on of it
// stays, also if it is newer: that one is only late.
func (s *SliceStream) DeleteSlice(name types.NamespacedName) {
	s.all.mu.Lock()
	defer s.all.mu.Unlock()
	delete(s.slices, name)
	if s.all.newest(name) == nil && s.all.lost(name) {
		s.all.to.DeleteSlice(name)
	}
}

// ReplaceSlices is as in a Sink, for the scope. What was newer before counts no more: a cluster that was restored from a
// backup begins again with older versions.
func (s *SliceStream) ReplaceSlices(all []*Slice) {
	s.all.mu.Lock()
	defer s.all.mu.Unlock()
	s.replace(all)
}

// Close takes the stream away.
func (s *SliceStream) Close() {
	s.all.mu.Lock()
	defer s.all.mu.Unlock()
	delete(s.all.streams, s)
	s.replace(nil)
}

func (s *SliceStream) replace(all []*Slice) {
	before := s.slices
	s.slices = make(map[types.NamespacedName]*Slice, len(all))
	for _, slice := range all {
		s.slices[slice.NamespacedName] = slice
	}
	for name := range s.slices {
		s.all.shown[name] = s.all.newest(name)
	}
	for name := range before {
		if s.all.newest(name) == nil {
			s.all.lost(name)
		}
	}
	s.all.to.ReplaceSlices(s.all.scope, slices.Collect(maps.Values(s.all.shown)))
}

// Unheld returns which of these missed slices are in no stream still.
func (s *SliceStreams) Unheld(missed []*Slice) []*Slice {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(missed, func(slice *Slice) bool { return !s.unheld(slice) })
}

// Forget takes away those of these missed slices that are in no stream still.
func (s *SliceStreams) Forget(missed []*Slice) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, slice := range missed {
		if s.unheld(slice) {
			delete(s.shown, slice.NamespacedName)
			s.to.DeleteSlice(slice.NamespacedName)
		}
	}
}

// unheld says whether a missed slice is in no stream still. One that was created anew by its name, and was missed again,
// is another one.
func (s *SliceStreams) unheld(missed *Slice) bool {
	return s.shown[missed.NamespacedName] == missed && s.newest(missed.NamespacedName) == nil
}

// newest returns the newest state of a slice that a stream has, nil where none has it.
func (s *SliceStreams) newest(name types.NamespacedName) (newest *Slice) {
	for stream := range s.streams {
		if slice := stream.slices[name]; slice != nil && (newest == nil || newer(slice, newest)) {
			newest = slice
		}
	}
	return newest
}

// lost takes away a slice that no stream has, unless it is to stay, and reports whether it has done that.
func (s *SliceStreams) lost(name types.NamespacedName) bool {
	slice := s.shown[name]
	if slice == nil || s.missed(slice) {
		return false
	}
	delete(s.shown, name)
	return true
}

// newer says whether the first state of a slice is newer than the second. What cannot be compared is taken for newer: it
// came later.
func newer(a, b *Slice) bool { return a.Version > b.Version || a.Version == 0 }
