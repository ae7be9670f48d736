package chaos

import "time"

// Disk is what can be said of the snapshot of a replica.
type Disk struct {
	// since is a time: what is in the file was true then or later.
	since time.Time
	// usable says that there was one when it was killed, of what it read.
	usable bool
	// mixed says that it was given a Corefile since the start that reads something else. Whether that is in use, and the
	// file of the one or of the other, is not known.
	mixed bool
	// writing is the first settle after the start: from then on what it knows is written. Zero before that.
	writing time.Time
}

// keepLag is how far a snapshot may be behind what is known: it is written every ten seconds at most, which is looked at
// every second, and takes its time on a busy disk.
const keepLag = 13*time.Second + Bound

// Since returns a time: what is in the file was true then or later, where the API was heard last at the given one.
func (d *Disk) Since(heard time.Time) time.Time {
	if old := heard.Add(-keepLag); !d.writing.IsZero() && old.After(d.writing) {
		return old
	}
	return d.since
}

// Killed notes that the replica was killed, and when it had heard of the API last.
func (d *Disk) Killed(now, heard time.Time) {
	d.since = d.Since(heard)
	d.usable = d.usable || !d.writing.IsZero() && now.Sub(d.writing) > Bound
	d.writing = time.Time{}
}

// Mix notes that the replica was given a Corefile that reads something else.
func (d *Disk) Mix() { d.mixed = true }

// Started notes that the replica was started again, and returns whether it certainly has a snapshot that it can use.
func (d *Disk) Started() bool {
	d.usable = d.usable && !d.mixed
	d.mixed = false
	return d.usable
}

// Settled notes that the replica has said what is true, from the API server.
func (d *Disk) Settled(now time.Time) {
	if d.writing.IsZero() {
		d.writing = now
	}
}
