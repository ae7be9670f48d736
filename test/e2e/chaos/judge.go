package chaos

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"syscall"
	"time"

	"github.com/miekg/dns"
)

// Bound is how long an answer may lag behind what a watch of the API server has shown, on two cores with the race
// detector.
//
// It begins when another watch shows a change, which does not take part in what is tested: by then the API server has
// sent the change to all of its watches, but for those of whom it is a little slower. What the plugin does with it takes
// milliseconds. The rest is for a machine that has much else to do.
const Bound = 2 * time.Second

// window is a time in which the API could not be reached by somebody, or had just come back: until all answers were
// those of the API's objects again.
type window struct{ begin, end time.Time }

// Judge holds samples against the history.
type Judge struct {
	history *History
	// possible is what there would have been with all services headless: changes of services and of slices are read apart,
	// and one of them may be out of reach.
	possible *History
	windows  []window
	// reloads are when a replica was told to reload.
	reloads  []reload
	silences []Silence
	absences []absence

	differ map[string]difference // by question
}

// NewJudge returns one that goes by a history, and by that of what was possible.
func NewJudge(history, possible *History) *Judge {
	return &Judge{history: history, possible: possible, differ: map[string]difference{}}
}

// Disturbed says that the API could not be reached by somebody for that time.
func (j *Judge) Disturbed(begin, end time.Time) { j.windows = append(j.windows, window{begin, end}) }

// difference is what replicas say of the same question, and since when.
type difference struct {
	since time.Time
	said  [][]string
}

type reload struct {
	replica int
	at      time.Time
}

// reloadPatience is how long after it was told a replica may still be reloading.
const reloadPatience = 20 * time.Second

// stretched returns the time in which a sample may have been right: that of the sample, with the bound and the windows
// that it falls into.
func (j *Judge) stretched(s Sample) (since, until time.Time, disturbed bool) {
	return j.stretch(j.oldest(s), s.Answered.Add(Bound))
}

// stretch stretches a time by the windows that it falls into.
func (j *Judge) stretch(first, last time.Time) (since, until time.Time, disturbed bool) {
	since, until = first, last
	for _, w := range j.windows {
		if w.begin.After(last) || w.end.Before(first) {
			continue
		}
		disturbed = true
		if begin := w.begin.Add(-Bound); begin.Before(since) {
			since = begin
		}
		if end := w.end.Add(Bound); end.After(until) {
			until = end
		}
	}
	return since, until, disturbed
}

// count counts samples by what they had to be.
func (j *Judge) count(samples []Sample, stats *Stats) {
	for _, s := range samples {
		if s.Down {
			continue
		}
		stats.Answers++
		if _, _, disturbed := j.stretched(s); !disturbed {
			stats.Strict++
		}
		if j.mustBeStale(s) {
			stats.Stale++
		}
	}
}

// Check returns what is wrong with samples, which are those of all replicas for each question.
func (j *Judge) Check(samples []Sample, replicas int) []error {
	j.history.mu.Lock()
	defer j.history.mu.Unlock()
	j.possible.mu.Lock()
	defer j.possible.mu.Unlock()
	var errs []error
	for _, s := range samples {
		errs = append(errs, j.violations(s)...)
	}
	for pair := range slices.Chunk(samples, replicas) {
		if err := j.agree(pair); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

func (j *Judge) violations(s Sample) []error {
	if s.Down {
		return nil
	}
	if s.Err != nil {
		if j.reloading(s) {
			return nil
		}
		return []error{fmt.Errorf("%s: %w", s, s.Err)}
	}
	if s.Rcode != dns.RcodeSuccess && s.Rcode != dns.RcodeNameError {
		return []error{fmt.Errorf("%s: that is no answer", s)}
	}
	since, until, disturbed := j.stretched(s)
	entries := j.history.questions[s.Question]
	if disturbed {
		plain, _ := clientOf(s.Question) // a client whose place cannot be known may get all
		entries = j.possible.questions[plain]
	}
	var errs []error
	if err := j.age(s, disturbed); err != nil {
		errs = append(errs, err)
	}
	for _, data := range s.Data {
		if e := entries[data]; e == nil || !e.heldAfter(since) {
			errs = append(errs, fmt.Errorf("%s: holds %s, which was gone before %s", s, data, since.Format("15:04:05.000")))
		}
	}
	for data, e := range j.history.questions[s.Question] {
		lacks := !s.Truncated && !slices.Contains(s.Data, data)
		if lacks && slices.ContainsFunc(e.spans, func(there span) bool { return there.covers(since, until) }) {
			errs = append(errs, fmt.Errorf("%s: lacks %s, which was there from %s to %s", s, data,
				since.Format("15:04:05.000"), until.Format("15:04:05.000")))
		}
	}
	return errs
}

// forget forgets what no sample after that time can need. After a settle all replicas have said the same.
func (j *Judge) forget(before time.Time) {
	j.windows = slices.DeleteFunc(j.windows, func(w window) bool { return w.end.Before(before) })
	j.reloads = slices.DeleteFunc(j.reloads, func(r reload) bool { return r.at.Add(reloadPatience).Before(before) })
	j.silences = slices.DeleteFunc(j.silences, func(s Silence) bool { return s.End.Before(before) })
	j.absences = slices.DeleteFunc(j.absences, func(a absence) bool { return !a.end.IsZero() && a.end.Before(before) })
	clear(j.differ)
}

// reloading says whether a connection was closed because the replica was reloading. CoreDNS closes those that it has
// accepted and not read from yet; clients try again.
func (j *Judge) reloading(s Sample) bool {
	return s.Network == "tcp" && (errors.Is(s.Err, io.EOF) || errors.Is(s.Err, syscall.ECONNRESET)) &&
		slices.ContainsFunc(j.reloads, func(r reload) bool {
			return r.replica == s.Replica && s.Answered.After(r.at) && s.Asked.Before(r.at.Add(reloadPatience))
		})
}

// agree returns an error where replicas that were asked at the same time have said different things for longer than the
// bound, each the same all the time.
func (j *Judge) agree(asked []Sample) error {
	first, same := asked[0], true
	var said [][]string
	for _, s := range asked {
		if s.Down || s.Stale {
			delete(j.differ, first.Question)
			return nil
		}
		if s.Err != nil || s.Truncated {
			return nil
		}
		said = append(said, s.Data)
		same = same && s.Rcode == first.Rcode && slices.Equal(s.Data, first.Data)
	}
	if same {
		delete(j.differ, first.Question)
		return nil
	}
	before, known := j.differ[first.Question]
	if !known || !slices.EqualFunc(before.said, said, slices.Equal) {
		j.differ[first.Question] = difference{first.Asked, said}
		return nil
	}
	if _, _, disturbed := j.stretched(first); disturbed || first.Asked.Sub(before.since) <= Bound {
		return nil
	}
	return fmt.Errorf("since %s the replicas do not agree: %s", before.since.Format("15:04:05.000"), asked)
}
