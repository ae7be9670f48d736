package kubernetes

import "k8s.io/apimachinery/pkg/types"

// held has what is kept of the objects of a resource. Of those that are listed again, or that change in what is not kept
// of them, what is held is handed on: there is no second copy of everything while everything is listed again, and nobody
// works for what is as it was. Contents are compared and not versions: a cluster that was restored from a backup gives
// the same versions to other objects.
type held[T any] struct {
	name  func(*T) types.NamespacedName
	equal func(a, b *T) bool
	// takeOver puts into a new one what of the one before is as it was.
	takeOver func(now, before *T)
	objects  map[types.NamespacedName]*T
}

// sameAs returns what is held where it is equal, else the new one, which then has what is still the same of it.
func (h *held[T]) sameAs(kept *T) *T {
	before := h.objects[h.name(kept)]
	switch {
	case before == nil:
	case h.equal(before, kept):
		return before
	default:
		h.takeOver(kept, before)
	}
	return kept
}

// put takes over what is kept of an object, and reports whether it is another one than before.
func (h *held[T]) put(kept *T) bool {
	name := h.name(kept)
	if h.objects[name] == kept {
		return false
	}
	if h.objects == nil {
		h.objects = make(map[types.NamespacedName]*T)
	}
	h.objects[name] = kept
	return true
}

// replace takes over what is kept of all objects.
func (h *held[T]) replace(all []*T) {
	h.objects = make(map[types.NamespacedName]*T, len(all))
	for _, kept := range all {
		h.objects[h.name(kept)] = kept
	}
}
