package kubernetes

import (
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
)

// object is what is left of an object of the API after decoding: what is kept of it, of type *T, and nothing else. A
// listing hands it through the reflector, which wants objects.
type object[T any] struct {
	kept *T
}

// GetObjectKind implements runtime.Object.
func (o *object[T]) GetObjectKind() schema.ObjectKind { return schema.EmptyObjectKind }

// DeepCopyObject implements runtime.Object. What is kept is immutable.
func (o *object[T]) DeepCopyObject() runtime.Object { return &object[T]{kept: o.kept} }

// objectList is a list of them.
type objectList[T any] struct {
	metav1.TypeMeta
	metav1.ListMeta
	Items []*object[T]
}

// DeepCopyObject implements runtime.Object.
func (l *objectList[T]) DeepCopyObject() runtime.Object {
	list := *l
	list.Items = append([]*object[T](nil), l.Items...)
	return &list
}

// store hands what a reflector sees to the sink, reduced to what is kept.
//
// The reflector reads the first state, and the state after an interruption, into a store of its own before it calls
// Replace; the transformer reduces each object on its way into that one.
type store[K runtime.Object, T any] struct {
	reduce  func(K) *T // nil where nothing of the object is kept
	set     func(*T)
	remove  func(types.NamespacedName)
	replace func([]*T)

	held *held[T] // nil where each object is taken for a new one

	pulse  *pulse // nil where nobody waits for it
	first  sync.Once
	synced func() // called after the first Replace
}

var (
	_ cache.TransformingStore      = (*store[*metav1.PartialObjectMetadata, int])(nil)
	_ cache.ReflectorBookmarkStore = (*store[*metav1.PartialObjectMetadata, int])(nil)
)

// Transformer implements cache.TransformingStore.
func (s *store[K, T]) Transformer() cache.TransformFunc {
	return func(in any) (any, error) { return s.object(in) }
}

// object reduces an object. One that was reduced before stays as it is.
func (s *store[K, T]) object(in any) (*object[T], error) {
	switch in := in.(type) {
	case *object[T]:
		return in, nil
	case K:
		return &object[T]{kept: s.keep(in)}, nil
	}
	return nil, fmt.Errorf("unexpected object of type %T", in)
}

// keep returns what is kept of an object, nil for nothing.
func (s *store[K, T]) keep(in K) *T {
	kept := s.reduce(in)
	if s.held != nil && kept != nil {
		return s.held.sameAs(kept)
	}
	return kept
}

// Add implements cache.ReflectorStore.
func (s *store[K, T]) Add(in any) error {
	s.pulse.beat()
	o, err := s.object(in)
	if err != nil {
		return err
	}
	switch {
	case o.kept == nil:
		return s.Delete(in) // it may have been one of ours before
	case s.held == nil || s.held.put(o.kept):
		s.set(o.kept)
	}
	return nil
}

// Update implements cache.ReflectorStore.
func (s *store[K, T]) Update(in any) error { return s.Add(in) }

// Delete implements cache.ReflectorStore.
func (s *store[K, T]) Delete(in any) error {
	s.pulse.beat()
	o, err := meta.Accessor(in)
	if err != nil {
		return err
	}
	name := types.NamespacedName{Namespace: o.GetNamespace(), Name: o.GetName()}
	if s.held != nil {
		delete(s.held.objects, name)
	}
	s.remove(name)
	return nil
}

// Replace implements cache.ReflectorStore.
func (s *store[K, T]) Replace(list []any, _ string) error {
	s.pulse.beat()
	kept := make([]*T, 0, len(list))
	for _, in := range list {
		o, err := s.object(in)
		if err != nil {
			return err
		}
		if o.kept != nil {
			kept = append(kept, o.kept)
		}
	}
	if s.held != nil {
		s.held.replace(kept)
	}
	s.replace(kept)
	s.first.Do(s.synced)
	return nil
}

// Bookmark implements cache.ReflectorBookmarkStore: nothing has changed, and the API server is there.
func (s *store[K, T]) Bookmark(string) error {
	s.pulse.beat()
	return nil
}

// Resync implements cache.ReflectorStore.
func (s *store[K, T]) Resync() error { return nil }
