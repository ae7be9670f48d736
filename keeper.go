package headless

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/headless-dns/headless/source"
	"github.com/headless-dns/headless/source/snapshot"
)

const (
	// keepLook is how often it is looked whether something has changed.
	keepLook = time.Second
	// keepPause is the time between two writings of a snapshot at least. It is also keepRest times as long as the last one
	// took, so that a large cluster that never rests costs no more of the disk and of the processor than a part of it.
	keepPause = 10 * time.Second
	keepRest  = 50
	// keepTrue is how long what is on disk is not written again although nothing has changed: its age is not that of the
	// last change, but that of the last contact.
	keepTrue = 10 * time.Minute
	// keepFacts is how long the first snapshot waits for what policies look at beside endpoints.
	keepFacts = time.Minute
)

// keeper keeps what a cache knows on disk.
type keeper struct {
	path   string
	source func() (string, error) // asked each time, for the certificates of a cluster change
	uses   source.Uses
	maxAge time.Duration
	cache  *endpointsCache
	turn   *turn
	number uint64 // in the order in which keepers have come

	revision uint64    // of the cache when it was written last; 0 for never
	written  time.Time // when that was
	next     time.Time // before this it is not written again
	failures failures
}

func newKeeper(c *config, cache *endpointsCache, number uint64) *keeper {
	return &keeper{
		path: c.snapshot, source: c.snapshotSource, uses: c.sourceUses(), maxAge: c.maxAge, cache: cache,
		turn: turnOf(c.snapshot), number: number,
	}
}

// keepers are of the process: blocks of a Corefile that read the same write one file together, and so do the old and the
// new instance during a reload that changes nothing of it.
type keepers struct {
	mu      sync.Mutex
	running map[keeperKey]*sharedKeeper
	joined  uint64
}

type keeperKey struct {
	path   string
	maxAge time.Duration
	cache  *endpointsCache
}

type sharedKeeper struct {
	users int
	stop  func()
}

var allKeepers = keepers{running: make(map[keeperKey]*sharedKeeper)}

// join keeps what the cache knows in the configuration's snapshot, until leave is called.
func (k *keepers) join(c *config, cache *endpointsCache) (leave func()) {
	if c.snapshot == "" {
		return func() {}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	key := keeperKey{c.snapshot, c.maxAge, cache}
	shared := k.running[key]
	if shared == nil {
		k.joined++
		shared = &sharedKeeper{stop: inBackground(newKeeper(c, cache, k.joined).run)}
		k.running[key] = shared
	}
	shared.users++
	return sync.OnceFunc(func() { k.leave(key) })
}

func (k *keepers) leave(key keeperKey) {
	if stop := k.release(key); stop != nil {
		stop() // which may take long, where a disk does
	}
}

// release takes back a use of a keeper, and returns what ends it where that was the last one.
func (k *keepers) release(key keeperKey) (stop func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	shared := k.running[key]
	if shared.users--; shared.users > 0 {
		return nil
	}
	delete(k.running, key)
	return shared.stop
}

// run writes what has changed, now and then, until the context is done, and then what is left.
func (k *keeper) run(ctx context.Context) {
	if err := snapshot.RemoveAbandoned(k.path); err != nil {
		k.failed(err)
	}
	if !k.waitForSync(ctx) {
		return
	}
	defer k.turn.leave(k)
	look := time.NewTicker(keepLook)
	defer look.Stop()
	for {
		k.look(time.Now())
		select {
		case <-look.C:
		case <-ctx.Done():
			if k.turn.take(k) && k.cache.revision.Load() != k.revision {
				k.write(time.Now())
			}
			return
		}
	}
}

// look writes what is to be written, where it is the keeper's turn.
func (k *keeper) look(now time.Time) {
	if k.turn.take(k) && now.After(k.next) && k.due(now) {
		k.write(now)
	}
}

// waitForSync waits until everything was delivered, and says whether it was before nobody waits any more: what is on disk
// may be of a time when it was.
func (k *keeper) waitForSync(ctx context.Context) bool {
	return k.cache.waitForAll(ctx, keepFacts) || k.cache.synced.Load() && k.cache.factsSynced.Load()
}

// due says whether what is on disk is not what is known, or not known to be true for long.
func (k *keeper) due(now time.Time) bool {
	if k.cache.revision.Load() != k.revision {
		return true
	}
	return k.cache.lost.Load() == nil && now.Sub(k.written) >= min(keepTrue, k.maxAge/4)
}

// write writes everything. What is known is as old as the last contact.
func (k *keeper) write(now time.Time) {
	revision := k.cache.revision.Load() // before what it stands for is read
	about, octets, err := k.writeAt(now)
	took := time.Since(now)
	k.next = now.Add(took + max(keepPause, keepRest*took))
	switch {
	case errors.Is(err, errNotItsTurn):
		return
	case err != nil:
		k.failed(err)
		return
	}
	k.revision, k.written = revision, now
	snapshotTime.Set(float64(about.Time.UnixMilli()) / 1e3)
	snapshotOctets.Set(float64(octets))
}

func (k *keeper) writeAt(now time.Time) (about snapshot.Header, octets int64, err error) {
	about = snapshot.Header{Time: now, Uses: k.uses}
	if about.Source, err = k.source(); err != nil {
		return about, 0, err
	}
	if lost := k.cache.lost.Load(); lost != nil {
		about.Time = *lost
	}
	put := func(from, to string) error { return k.turn.put(k, from, to) }
	octets, err = snapshot.Write(k.path, about, k.cache.content(), put)
	return about, octets, err
}

// failed says so, but not each time: a volume may be full or read-only for long. The names of files that are being
// written are others each time.
func (k *keeper) failed(err error) {
	snapshotErrorCount.WithLabelValues("write").Inc()
	if k.failures.first("write", "", time.Now()) {
		log.Warningf("The snapshot could not be written, will try again: %s", printable(err.Error()))
	}
}
