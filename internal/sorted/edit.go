package sorted

import (
	"slices"
	"sort"
)

// Edit returns the list with some items less and some more. What is removed must be in the list, both must be in its
// order, and afterwards no two items may be equal. The list itself stays as it is.
func (l List[T]) Edit(removed, added []T, compare func(a, b T) int) List[T] {
	if len(removed)+len(added) == 0 {
		return l
	}
	var old []block[T]
	if l.table != nil {
		old = l.blocks
	} else {
		old = []block[T]{{}}
	}
	e := editor[T]{blocks: make([]block[T], 0, len(old)+2+len(added)/blockMin)}
	for len(removed)+len(added) > 0 {
		next := first(removed, added, compare)
		// It belongs to the first block that does not end before it, and what follows it up to the end of that block too.
		at := sort.Search(len(old)-1, func(i int) bool { return compare(old[i].last(), next) >= 0 })
		here, less, more := &old[at], len(removed), len(added)
		if at < len(old)-1 {
			less, more = upTo(here.last(), removed, compare), upTo(here.last(), added, compare)
		}
		e.keep(old[:at])
		e.put(merge(here.items, removed[:less], added[:more], compare))
		old, removed, added = old[at+1:], removed[less:], added[more:]
	}
	e.keep(old)
	return e.list()
}

// first returns the first item of both lists.
func first[T any](a, b []T, compare func(a, b T) int) T {
	if len(b) == 0 || len(a) > 0 && compare(a[0], b[0]) <= 0 {
		return a[0]
	}
	return b[0]
}

// upTo returns how many of the items do not come behind the last one.
func upTo[T any](last T, of []T, compare func(a, b T) int) int {
	return sort.Search(len(of), func(i int) bool { return compare(of[i], last) > 0 })
}

// merge returns a copy of the items with some less and some more.
func merge[T any](items, removed, added []T, compare func(a, b T) int) []T {
	out := make([]T, 0, len(items)-len(removed)+len(added))
	for len(removed)+len(added) > 0 {
		remove := len(added) == 0 || len(removed) > 0 && compare(removed[0], added[0]) <= 0
		next := &added
		if remove {
			next = &removed
		}
		at, _ := slices.BinarySearchFunc(items, (*next)[0], compare)
		out, items = append(out, items[:at]...), items[at:]
		if remove {
			items = items[1:]
		} else {
			out = append(out, added[0])
		}
		*next = (*next)[1:]
	}
	return append(out, items...)
}

// editor puts the blocks of a list together.
type editor[T any] struct {
	blocks []block[T]
	few    []T // items that follow, too few for a block
}

// keep takes over blocks as they are.
func (e *editor[T]) keep(blocks []block[T]) {
	if len(blocks) > 0 && len(e.few) > 0 {
		e.put(blocks[0].items)
		blocks = blocks[1:]
	}
	e.blocks = append(e.blocks, blocks...)
}

// put adds items, as blocks of the right size.
func (e *editor[T]) put(items []T) {
	if len(e.few) > 0 {
		items = slices.Concat(e.few, items)
		e.few = nil
	}
	switch {
	case len(items) < blockMin:
		e.few = items
	case len(items) <= blockMax:
		e.blocks = append(e.blocks, block[T]{items: items})
	default:
		// Each gets memory of its own, so that it goes when the block does.
		for pieces := (len(items) + blockMax - 1) / blockMax; pieces > 0; pieces-- {
			n := len(items) / pieces
			e.blocks = append(e.blocks, block[T]{items: append(make([]T, 0, n), items[:n]...)})
			items = items[n:]
		}
	}
}

func (e *editor[T]) list() List[T] {
	if n := len(e.blocks); n > 0 && len(e.few) > 0 {
		last := e.blocks[n-1].items
		few := e.few
		e.blocks, e.few = e.blocks[:n-1], nil
		e.put(slices.Concat(last, few))
	} else if len(e.few) > 0 {
		e.blocks = append(e.blocks, block[T]{items: e.few})
	}
	if len(e.blocks) == 0 {
		return List[T]{}
	}
	return List[T]{newTable(e.blocks)}
}

func newTable[T any](blocks []block[T]) *table[T] {
	end := 0
	for i := range blocks {
		end += len(blocks[i].items)
		blocks[i].end = end
	}
	t := &table[T]{blocks: slices.Clip(blocks), near: make([]int32, (end+blockMin-1)/blockMin)}
	b := int32(0)
	for i := range t.near {
		for blocks[b].end <= i*blockMin {
			b++
		}
		t.near[i] = b
	}
	return t
}
