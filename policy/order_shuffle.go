package policy

import "sync"

// shuffle is the order of chance: each one is equally likely.
type shuffle struct{}

// Depends says that chance is used.
func (shuffle) Depends() Depends { return OnQuery }

// Apply shuffles each rank.
func (s shuffle) Apply(in Ranks, about *View) (Ranks, string) {
	return applyOrder(in, s.first, about), ""
}

// deck is the numbers from 0, each in its place, which a shuffle exchanges and puts back.
type deck struct {
	numbers []int32
	swapped []int32 // with which place each drawn one changed places
}

var decks = sync.Pool{New: func() any { return new(deck) }}

// first draws as Fisher and Yates do, and then undoes what it has exchanged in the deck, so that it costs as much as
// is drawn, however long the rank is.
func (shuffle) first(dst, rank []int32, k int, about *View) []int32 {
	d := decks.Get().(*deck)
	for i := len(d.numbers); i < len(rank); i++ {
		d.numbers = append(d.numbers, int32(i)) // #nosec G115 -- a service has fewer endpoints
	}
	numbers, swapped := d.numbers, d.swapped[:0]
	for i := range int32(k) { // #nosec G115 -- k is at most the length of the rank
		j := i + int32(about.Random(uint32(len(rank))-uint32(i))) // #nosec G115 -- it is in the rank
		numbers[i], numbers[j] = numbers[j], numbers[i]
		swapped = append(swapped, j)
		dst = append(dst, rank[numbers[i]])
	}
	for i := k - 1; i >= 0; i-- {
		j := swapped[i]
		numbers[i], numbers[j] = numbers[j], numbers[i]
	}
	d.swapped = swapped
	decks.Put(d)
	return dst
}
