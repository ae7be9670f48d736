// Package sorted has lists that stay in order at little cost while a few of very many items change.
package sorted

import (
	"iter"
	"sort"
)

// Blocks have from blockMin to blockMax items. That of a list with a single one may have fewer.
const (
	blockShift = 6
	blockMin   = 1 << blockShift
	blockMax   = 2 * blockMin
)

// List is an immutable list of items in some order. A changed one is made of it by Edit, and has all of its blocks but
// those in which something changed: what a change costs hardly grows with the list. The zero value is an empty list.
type List[T any] struct{ *table[T] }

type table[T any] struct {
	blocks []block[T]
	// near has the block of each place that is a multiple of blockMin: an item stands there or at most two behind.
	near []int32
}

type block[T any] struct {
	items []T
	end   int // the place behind its last item
}

// Len is how many items there are.
func (l List[T]) Len() int {
	if l.table == nil {
		return 0
	}
	return l.blocks[len(l.blocks)-1].end
}

// At returns the i-th item.
func (l List[T]) At(i int) T {
	b := &l.blocks[l.near[i>>blockShift]]
	if i >= b.end {
		b = l.behind(i)
	}
	return b.items[i-b.end+len(b.items)]
}

func (l List[T]) behind(i int) *block[T] {
	n := l.near[i>>blockShift] + 1
	for i >= l.blocks[n].end {
		n++
	}
	return &l.blocks[n]
}

// Search returns how many items come before something that is looked for: before must be true for these, which are the
// first ones, and false for all others.
func (l List[T]) Search(before func(item T) bool) int {
	if l.table == nil {
		return 0
	}
	b := l.blocks[sort.Search(len(l.blocks)-1, func(i int) bool { return !before(l.blocks[i].last()) })]
	return b.end - len(b.items) + sort.Search(len(b.items), func(i int) bool { return !before(b.items[i]) })
}

// Range returns the items from a place up to another one.
func (l List[T]) Range(from, to int) iter.Seq[T] {
	return func(yield func(T) bool) {
		for i := from; i < to; i++ {
			if !yield(l.At(i)) {
				return
			}
		}
	}
}

// All returns all items.
func (l List[T]) All() iter.Seq[T] { return l.Range(0, l.Len()) }

func (b *block[T]) last() T { return b.items[len(b.items)-1] }
