package headless

import "sync"

// sample draws the numbers 0 to n-1 in a random order, each once and each order equally likely (Fisher and Yates).
// Drawing the first k costs O(k) whatever n is: the table of numbers is kept between samples, and the swaps that
// drew them are undone when the sample is released.
type sample struct {
	numbers []int32 // i stands at i before the first draw
	swapped []int32 // with which place each drawn one changed places
	n       int
	random  func(n uint32) uint32
}

var samples = sync.Pool{New: func() any { return new(sample) }}

// newSample begins a sample of the numbers 0 to n-1. The function random returns a number from 0 to below n. The
// sample must be released.
func newSample(n int, random func(n uint32) uint32) *sample {
	s := samples.Get().(*sample)
	for i := len(s.numbers); i < n; i++ {
		s.numbers = append(s.numbers, int32(i)) // #nosec G115 -- a service has fewer endpoints
	}
	s.n, s.random = n, random
	return s
}

// next draws the next number; ok is false when all were drawn.
func (s *sample) next() (i int, ok bool) {
	k := len(s.swapped)
	if k == s.n {
		return 0, false
	}
	j := k + int(s.random(uint32(s.n-k))) // #nosec G115 -- it is positive
	s.numbers[k], s.numbers[j] = s.numbers[j], s.numbers[k]
	s.swapped = append(s.swapped, int32(j)) // #nosec G115 -- a service has fewer endpoints
	return int(s.numbers[k]), true
}

func (s *sample) release() {
	for k := len(s.swapped) - 1; k >= 0; k-- {
		j := s.swapped[k]
		s.numbers[k], s.numbers[j] = s.numbers[j], s.numbers[k]
	}
	s.swapped = s.swapped[:0]
	samples.Put(s)
}
