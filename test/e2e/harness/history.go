package harness

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// History is which addresses there were when, as the API showed it.
type History struct {
	mu    sync.Mutex
	spans map[string][]span
}

// span is a time in which an address was there. It has no end while the address still is.
type span struct{ begin, end time.Time }

// Set says which addresses there are from now on.
func (h *History) Set(now time.Time, addresses []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.spans == nil {
		h.spans = map[string][]span{}
	}
	for address, spans := range h.spans {
		if last := &spans[len(spans)-1]; last.end.IsZero() && !slices.Contains(addresses, address) {
			last.end = now
		}
	}
	for _, address := range addresses {
		spans := h.spans[address]
		if len(spans) == 0 || !spans[len(spans)-1].end.IsZero() {
			h.spans[address] = append(spans, span{begin: now})
		}
	}
}

// maxViolations is how many are told: they come in crowds.
const maxViolations = 10

// Check holds samples against the history: no answer may lack an address that was there from longer than bound before the
// question until longer than bound after the answer, hold one that was gone for longer than bound, or hold one twice.
//
// The time after the answer is for the history itself: it comes by a watch too, at times later than the watch of the
// server that is tested.
func (h *History) Check(samples []Sample, bound time.Duration) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var violations []error
	for _, sample := range samples {
		violations = append(violations, h.violations(sample, bound)...)
	}
	if n := len(violations); n > maxViolations {
		violations = append(violations[:maxViolations], fmt.Errorf("and %d more", n-maxViolations))
	}
	return errors.Join(violations...)
}

func (h *History) violations(sample Sample, bound time.Duration) []error {
	if sample.Err != nil {
		return []error{fmt.Errorf("%s: %w", sample, sample.Err)}
	}
	var errs []error
	since, until := sample.Asked.Add(-bound), sample.Answered.Add(bound)
	for address, spans := range h.spans {
		if !slices.Contains(sample.Addresses, address) && slices.ContainsFunc(spans, func(s span) bool {
			return s.begin.Before(since) && (s.end.IsZero() || s.end.After(until))
		}) {
			errs = append(errs, fmt.Errorf("%s: lacks %s, which was there for longer than %s", sample, address, bound))
		}
	}
	for i, address := range sample.Addresses {
		if slices.Contains(sample.Addresses[:i], address) {
			errs = append(errs, fmt.Errorf("%s: holds %s twice", sample, address))
		}
		if !slices.ContainsFunc(h.spans[address], func(s span) bool { return s.end.IsZero() || s.end.After(since) }) {
			errs = append(errs, fmt.Errorf("%s: holds %s, which was gone for longer than %s", sample, address, bound))
		}
	}
	return errs
}

// Lag is the shortest bound that Check finds kept, to the next power of two of a millisecond.
func (h *History) Lag(samples []Sample) time.Duration {
	for bound := time.Millisecond; bound < time.Hour; bound *= 2 {
		if h.Check(samples, bound) == nil {
			return bound
		}
	}
	return time.Hour
}

// Addresses is the number of addresses that ever were there.
func (h *History) Addresses() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.spans)
}
