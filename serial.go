package headless

import (
	"sync/atomic"
	"time"
)

// serials gives the zones their serial numbers: when an answer changed last, in seconds since 1970.
type serials struct {
	started time.Time
	last    atomic.Uint32
}

func (s *serials) begin() {
	s.started = time.Now()
	s.changed()
}

// changed notes that an answer has changed. Queries must see the change already.
func (s *serials) changed() { s.last.Store(s.now()) }

// now is the time in seconds since 1970. It never goes back while the process runs, whatever the machine's clock does.
func (s *serials) now() uint32 {
	return uint32(s.started.Unix() + int64(time.Since(s.started)/time.Second)) // #nosec G115 -- until 2106
}

// at returns the serial of a zone at a time that is not after its records are read. Where a plugin behind us has a part
// of the zone, behind is its serial, which counts like a change of ours; else it is 0.
//
// A secondary must notice every change, but several may fall into one second. So a second is told only when it is over,
// and the one before until then: whoever has seen some of a second's changes is told a greater number afterwards. A
// count of the changes would run ahead of the clock, and fall back when the process starts anew.
func (s *serials) at(now, behind uint32) uint32 {
	return min(max(s.last.Load(), behind), now-1)
}

// olderSerial says whether one serial is older than the other (RFC 1982).
func olderSerial(one, other uint32) bool { return int32(one-other) < 0 } // #nosec G115 -- it is to wrap
