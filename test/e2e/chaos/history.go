package chaos

import (
	"slices"
	"sync"
	"time"
)

// History is which records there were when, as the API server showed its objects.
type History struct {
	mu        sync.Mutex
	questions map[string]map[string]*entry // by question and data
}

// entry is a record and when it was there.
type entry struct {
	Record
	spans []span
}

// span is a time in which a record was there all the time. It has no end while the record still is.
type span struct{ begin, end time.Time }

func (s span) open() bool { return s.end.IsZero() }

// covers says whether the record was there from before one time until after another.
func (s span) covers(since, until time.Time) bool {
	return s.begin.Before(since) && (s.open() || s.end.After(until))
}

// there says whether the record is there now.
func (e *entry) there() bool { return len(e.spans) > 0 && e.spans[len(e.spans)-1].open() }

// heldAfter says whether the record was there at some time after the given one.
func (e *entry) heldAfter(since time.Time) bool {
	return slices.ContainsFunc(e.spans, func(s span) bool { return s.open() || s.end.After(since) })
}

// Set says which records there are from now on.
func (h *History) Set(now time.Time, records map[Record]bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.questions == nil {
		h.questions = map[string]map[string]*entry{}
	}
	for _, entries := range h.questions {
		for _, e := range entries {
			if e.there() && !records[e.Record] {
				e.spans[len(e.spans)-1].end = now
			}
		}
	}
	for record := range records {
		entries := h.questions[record.Question]
		if entries == nil {
			entries = map[string]*entry{}
			h.questions[record.Question] = entries
		}
		e := entries[record.Data]
		if e == nil {
			e = &entry{Record: record}
			entries[record.Data] = e
		}
		if !e.there() {
			e.spans = append(e.spans, span{begin: now})
		}
	}
}

// Interrupt says that records may be gone for a while from now on, shorter than the API server shows it to us where it
// cannot be reached.
func (h *History) Interrupt(now time.Time, match func(Record) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, entries := range h.questions {
		for _, e := range entries {
			if e.there() && match(e.Record) {
				e.spans[len(e.spans)-1].end = now
				e.spans = append(e.spans, span{begin: now})
			}
		}
	}
}

// Forget forgets what was gone before a time.
func (h *History) Forget(before time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for question, entries := range h.questions {
		for data, e := range entries {
			e.spans = slices.DeleteFunc(e.spans, func(s span) bool { return !s.open() && s.end.Before(before) })
			if len(e.spans) == 0 {
				delete(entries, data)
			}
		}
		if len(entries) == 0 {
			delete(h.questions, question)
		}
	}
}

// Questions are those that have, or had, an answer.
func (h *History) Questions() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	questions := make([]string, 0, len(h.questions))
	for question := range h.questions {
		questions = append(questions, question)
	}
	slices.Sort(questions)
	return questions
}
