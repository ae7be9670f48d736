package source

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/types"
)

// keptSlices is a sink that keeps slices alone.
type keptSlices struct {
	Sink
	slices map[types.NamespacedName]*Slice
	sets   int
}

func newKeptSlices() *keptSlices { return &keptSlices{slices: map[types.NamespacedName]*Slice{}} }

func (k *keptSlices) SetSlice(s *Slice) {
	k.sets++
	k.slices[s.NamespacedName] = s
}
func (k *keptSlices) DeleteSlice(name types.NamespacedName) { delete(k.slices, name) }
func (k *keptSlices) ReplaceSlices(_ string, all []*Slice) {
	clear(k.slices)
	for _, s := range all {
		k.slices[s.NamespacedName] = s
	}
}

func (k *keptSlices) versions() map[string]uint64 {
	versions := map[string]uint64{}
	for name, s := range k.slices {
		versions[name.Name] = s.Version
	}
	return versions
}

func sliceOf(name string, version uint64) *Slice {
	return &Slice{NamespacedName: types.NamespacedName{Namespace: "default", Name: name}, Version: version}
}

func neverStays(*Slice) bool { return false }

func TestOfASliceInSeveralStreamsTheNewestStateCounts(t *testing.T) {
	kept := newKeptSlices()
	all := NewSliceStreams(kept, "", neverStays)
	one, other := all.Open(), all.Open()
	name := sliceOf("db-1", 0).NamespacedName
	for _, step := range []struct {
		what string
		do   func()
		want uint64 // 0 for none
	}{
		{"one stream has it", func() { one.SetSlice(sliceOf("db-1", 5)) }, 5},
		{"another one is behind", func() { other.SetSlice(sliceOf("db-1", 4)) }, 5},
		{"the other one is ahead", func() { other.SetSlice(sliceOf("db-1", 7)) }, 7},
		{"the first one follows", func() { one.SetSlice(sliceOf("db-1", 7)) }, 7},
		{"it leaves the first one later", func() { one.SetSlice(sliceOf("db-1", 8)); one.DeleteSlice(name) }, 8},
		{"the other one follows", func() { other.SetSlice(sliceOf("db-1", 9)) }, 9},
		{"it leaves the other one", func() { other.DeleteSlice(name) }, 0},
		{"it comes back", func() { one.ReplaceSlices([]*Slice{sliceOf("db-1", 12)}) }, 12},
		{"a backup is restored", func() { one.ReplaceSlices([]*Slice{sliceOf("db-1", 3)}) }, 3},
		{"something without a number comes", func() { one.SetSlice(sliceOf("db-1", 0)) }, 0},
		{"the stream is closed", func() { one.Close() }, 0},
	} {
		step.do()
		if got := kept.versions()["db-1"]; got != step.want {
			t.Errorf("When %s there is version %d, want %d", step.what, got, step.want)
		}
	}
	if len(kept.slices) > 0 {
		t.Errorf("At the end there are %v", kept.versions())
	}
}

func TestWhatIsTheSameInSeveralStreamsIsHandedOnOnce(t *testing.T) {
	kept := newKeptSlices()
	all := NewSliceStreams(kept, "", neverStays)
	for range 3 {
		all.Open().SetSlice(sliceOf("db-1", 5))
	}
	if kept.sets != 1 {
		t.Errorf("It was handed on %d times", kept.sets)
	}
}

func TestASliceThatNoStreamHasStaysUntilItIsForgotten(t *testing.T) {
	kept := newKeptSlices()
	var missed []*Slice
	all := NewSliceStreams(kept, "", func(s *Slice) bool {
		missed = append(missed, s)
		return s.Name != "gone"
	})
	one, other := all.Open(), all.Open()
	one.ReplaceSlices([]*Slice{sliceOf("gone", 1), sliceOf("db-1", 1), sliceOf("db-2", 1), sliceOf("db-3", 1)})
	one.ReplaceSlices(nil)
	other.SetSlice(sliceOf("db-1", 1))                 // it is in another stream
	one.SetSlice(sliceOf("db-3", 5))                   // it was created anew
	one.DeleteSlice(sliceOf("db-3", 5).NamespacedName) // and is missed again
	if want := map[string]uint64{"db-1": 1, "db-2": 1, "db-3": 5}; !maps.Equal(kept.versions(), want) {
		t.Errorf("There are %v, want %v", kept.versions(), want)
	}
	again := missed[len(missed)-1:]
	missed = missed[:len(missed)-1]
	if unheld := all.Unheld(slices.Clone(missed)); len(unheld) != 1 || unheld[0].Name != "db-2" {
		t.Errorf("In no stream are %v", unheld)
	}
	all.Forget(missed)
	if want := map[string]uint64{"db-1": 1, "db-3": 5}; !maps.Equal(kept.versions(), want) {
		t.Errorf("Then there are %v, want %v", kept.versions(), want)
	}
	if all.Forget(again); len(kept.slices) != 1 {
		t.Errorf("At the end there are %v", kept.versions())
	}
}

// The model: objects change, go, and move between streams; each stream tells that in its own time and may be listed
// anew. At no time is there a slice that is older than what every stream has told, nor one missing that a stream has;
// and when all streams have told everything there is exactly what exists.
func TestHoweverFarStreamsAreApartTheirSlicesAreJoined(t *testing.T) {
	for seed := range uint64(500) {
		random := rand.New(rand.NewPCG(seed, 0))
		kept := newKeptSlices()
		all := NewSliceStreams(kept, "", neverStays)
		world := newStreamWorld(all, 3)
		for range 60 {
			switch random.IntN(3) {
			case 0:
				world.change(fmt.Sprint("s", random.IntN(3)), uint64(random.IntN(8)))
			case 1:
				world.streams[random.IntN(3)].tell()
			case 2:
				if random.IntN(5) == 0 {
					world.relist(world.streams[random.IntN(3)])
				}
			}
			want := map[string]uint64{}
			for _, stream := range world.streams {
				for name, version := range stream.told {
					want[name] = max(want[name], version)
				}
			}
			got := kept.versions()
			if len(got) != len(want) {
				t.Fatalf("With seed %d there are %v, and the streams have told %v", seed, got, want)
			}
			for name, version := range want {
				if got[name] < version {
					t.Fatalf("With seed %d there are %v, and the streams have told %v", seed, got, want)
				}
			}
		}
		for _, stream := range world.streams {
			for len(stream.untold) > 0 {
				stream.tell()
			}
		}
		if want := world.existing(); !maps.Equal(kept.versions(), want) {
			t.Fatalf("With seed %d there are %v at the end, want %v", seed, kept.versions(), want)
		}
	}
}

// streamWorld has slices, each in some of the streams at a time.
type streamWorld struct {
	version uint64
	slices  map[string]*Slice
	in      map[string]uint64 // bits of the streams that have it
	streams []*streamOfWorld
}

type streamOfWorld struct {
	*SliceStream
	untold []func()
	told   map[string]uint64
}

func newStreamWorld(all *SliceStreams, streams int) *streamWorld {
	w := &streamWorld{slices: map[string]*Slice{}, in: map[string]uint64{}}
	for range streams {
		w.streams = append(w.streams, &streamOfWorld{SliceStream: all.Open(), told: map[string]uint64{}})
	}
	return w
}

func (s *streamOfWorld) tell() {
	if len(s.untold) > 0 {
		s.untold[0]()
		s.untold = s.untold[1:]
	}
}

// change writes a slice, which is then in the streams of which a bit is set; in none it is deleted.
func (w *streamWorld) change(name string, in uint64) {
	w.version++
	before := w.in[name]
	slice := sliceOf(name, w.version)
	w.in[name], w.slices[name] = in, slice
	for i, stream := range w.streams {
		switch bit := uint64(1) << i; {
		case in&bit > 0:
			stream.untold = append(stream.untold, func() {
				stream.told[name] = slice.Version
				stream.SetSlice(slice)
			})
		case before&bit > 0:
			stream.untold = append(stream.untold, func() {
				delete(stream.told, name)
				stream.DeleteSlice(slice.NamespacedName)
			})
		}
	}
}

func (w *streamWorld) relist(stream *streamOfWorld) {
	var all []*Slice
	stream.untold, stream.told = nil, map[string]uint64{}
	for i, s := range w.streams {
		for name, slice := range w.slices {
			if s == stream && w.in[name]&(1<<i) > 0 {
				all = append(all, slice)
				stream.told[name] = slice.Version
			}
		}
	}
	stream.ReplaceSlices(all)
}

func (w *streamWorld) existing() map[string]uint64 {
	existing := map[string]uint64{}
	for name, in := range w.in {
		if in > 0 {
			existing[name] = w.slices[name].Version
		}
	}
	return existing
}
