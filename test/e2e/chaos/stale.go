package chaos

import (
	"fmt"
	"slices"
	"time"
)

// Silence is a time in which a replica certainly heard nothing of the API server.
type Silence struct {
	Replica    int
	Begin, End time.Time
	// Kept says that it has heard nothing since it was started: all that it knows is from its snapshot.
	Kept bool
}

// Silent says that there was a silence.
func (j *Judge) Silent(s Silence) { j.silences = append(j.silences, s) }

// absence is the time from the death of a replica to the next settle.
type absence struct {
	replica    int
	begin, end time.Time // no end while it has not come
	since      time.Time // when what is in the snapshot was true, or later
}

func (a absence) of(s Sample) bool {
	return a.replica == s.Replica && a.begin.Before(s.Asked) && (a.end.IsZero() || s.Asked.Before(a.end))
}

// Killed says that a replica was killed, and of what time its snapshot may be.
func (j *Judge) Killed(replica int, at, since time.Time) {
	j.absences = append(j.absences, absence{replica: replica, begin: at, since: since})
}

// Settled says that every replica has said what is true, from the API server.
func (j *Judge) Settled(at time.Time) {
	for i := range j.absences {
		if a := &j.absences[i]; a.end.IsZero() {
			a.end = at
		}
	}
}

// oldest returns how old what a sample holds may be, at most: where it says that it is stale after its replica was killed,
// as old as the snapshot.
func (j *Judge) oldest(s Sample) time.Time {
	since := s.Asked.Add(-Bound)
	for _, a := range j.absences {
		if s.Stale && a.of(s) && a.since.Before(since) {
			since = a.since
		}
	}
	return since
}

// mustBeStale says whether nothing can have been heard for longer than the Corefile says.
func (j *Judge) mustBeStale(s Sample) bool {
	return slices.ContainsFunc(j.silences, func(silent Silence) bool {
		begin := silent.Begin
		if !silent.Kept {
			begin = begin.Add(StaleAfter + Bound)
		}
		return silent.Replica == s.Replica && s.Asked.After(begin) && s.Answered.Before(silent.End)
	})
}

// age returns what is wrong with what a sample says of its age.
func (j *Judge) age(s Sample, disturbed bool) error {
	switch {
	case !s.Stale && j.mustBeStale(s):
		return fmt.Errorf("%s: does not say that it is stale, and nothing can have been heard", s)
	case s.Stale && !disturbed && !slices.ContainsFunc(j.absences, func(a absence) bool { return a.of(s) }):
		return fmt.Errorf("%s: says that it is stale, and the API server was there", s)
	}
	return nil
}
