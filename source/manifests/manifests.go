// Package manifests is the source that needs no cluster: it reads Services and EndpointSlices, and where policies
// look at them Pods and Nodes, from YAML or JSON files, and reads them again when they change.
//
//	paths --> files.go --> document.go --> objects.go --> source.Decoder --> source.Sink
//	          which files  as JSON         strictly       what is kept       all of it or nothing
//
// What is in a file is taken as an API server would take it: an unknown field or a wrong type is a mistake, never
// ignored, and a mistake is named by file and line (lines.go). A reading with a mistake is given up as a whole: what
// was served stays served.
//
// Changes are found by looking at the files five times a second, not by being told of them: that works wherever they
// are, behind the links of a ConfigMap's volume or of git-sync and on network file systems, which tell of nothing.
package manifests

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/headless-dns/headless/source"
)

const (
	// pollInterval is how often the files are looked at. Editors and volumes change them in several steps, so they are
	// read only when two looks in a row have found the same.
	pollInterval = 200 * time.Millisecond
	// patience is how many looks may find changes before the files are read all the same: a writer may never rest.
	patience = 3
	// longestPause is how many looks there are at most between two attempts at a file that cannot be read: 30 s.
	longestPause = 150
)

// Source reads manifests and delivers what they say.
type Source struct {
	paths   []string
	decoder source.Decoder
	failed  func(error)

	// Only New and then Run touch what follows.
	served reading // what was delivered last; what New has read before that
	told   string  // the error that failed was told last, empty after a reading without one
	read   []stamp // the files as they were when they were last read; nil if they must be read again in any case
	last   []stamp // the files as they were at the last look
	looks  int     // how many looks in a row have found a change
	pause  int     // looks from one attempt at a file that cannot be read to the next, 0 where all can
	again  int     // what is left of them
}

// New reads everything once, so that a mistake is refused at start. The function failed is told of every later reading
// that fails, and once only while the error stays the same.
func New(paths []string, decoder source.Decoder, failed func(error)) (*Source, error) {
	files := list(paths)
	first, err := read(files, decoder)
	if err != nil {
		return nil, err
	}
	return &Source{paths: paths, decoder: decoder, failed: failed, served: first, read: files, last: files}, nil
}

// Run delivers what was read and follows the files until ctx is done.
func (s *Source) Run(ctx context.Context, sink source.Sink) {
	s.deliver(sink)
	s.report(nil)
	sink.FactsSynced()
	sink.Synced()
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
			s.look(sink)
		}
	}
}

// look looks at the files, and reads them when they have changed and rest.
func (s *Source) look(sink source.Sink) {
	files := list(s.paths)
	rest := same(files, s.last)
	s.last = files
	if s.read != nil && same(files, s.read) {
		s.looks = 0
		if s.again == 0 {
			return
		}
		if s.again--; s.again > 0 {
			return
		}
	} else if s.looks++; !rest && s.looks < patience {
		return
	}
	s.looks = 0
	err := s.reread(files, sink)
	if s.read = files; !rest {
		s.read = nil // of what is being written to, a part may have been read that looks the same when it is finished
	}
	s.tryAgain(err)
}

// tryAgain plans another reading where a file could not be read: nothing of it need change for it to become readable.
// The looks until then become more and more.
func (s *Source) tryAgain(err error) {
	if _, unreadable := errors.AsType[*fs.PathError](err); !unreadable {
		s.pause, s.again = 0, 0
		return
	}
	s.pause = min(2*s.pause+1, longestPause)
	s.again = s.pause
}

// reread reads the files and delivers them where they say something else than before.
func (s *Source) reread(files []stamp, sink source.Sink) error {
	next, err := read(files, s.decoder)
	if err != nil {
		if text := err.Error(); text != s.told {
			s.told = text
			s.failed(err)
		}
		return err
	}
	s.told = ""
	before := s.served
	s.served = next
	if !next.equal(before) {
		s.deliver(sink)
	}
	s.report(before.problems)
	return nil
}

// deliver delivers the slices before the services, so that a service that is new never appears without its endpoints,
// and what policies look at before both.
func (s *Source) deliver(sink source.Sink) {
	if s.decoder.Uses.AnyNodes() {
		sink.ReplaceNodes(s.served.nodes)
	}
	if s.decoder.Uses.Pods() {
		sink.ReplacePods("", s.served.pods)
	}
	sink.ReplaceSlices("", s.served.slices)
	sink.ReplaceServices("", s.served.services)
}

// report tells of the problems of what is served, save those that were there before.
func (s *Source) report(before []source.Problem) {
	known := map[source.Problem]bool{}
	for _, p := range before {
		known[p] = true
	}
	for _, p := range s.served.problems {
		if !known[p] {
			s.decoder.Report(p)
		}
	}
}
