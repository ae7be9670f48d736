package headless

import (
	"context"
	"sync"
	"time"

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
	path, source string
	maxAge       time.Duration
	cache        *endpointsCache

	revision uint64    // of the cache when it was written last; 0 for never
	written  time.Time // when that was
	next     time.Time // before this it is not written again
}

// keepers are of the process: blocks of a Corefile that read the same write one file together, and so do the old and the
// new instance during a reload.
type keepers struct {
	mu      sync.Mutex
	running map[keeperKey]*sharedKeeper
}

type keeperKey struct {
	path  string
	cache *endpointsCache
}

type sharedKeeper struct {
	users int
	stop  func()
}

var allKeepers = keepers{running: make(map[keeperKey]*sharedKeeper)}

// join keeps what the cache knows in the configuration's snapshot, until leave is called.
func (k *keepers) join(c *config, cache *endpointsCache) (leave func()) {
	of, err := c.snapshotSource()
	if c.snapshot == "" || err != nil { // which was refused before
		return func() {}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	key := keeperKey{c.snapshot, cache}
	shared := k.running[key]
	if shared == nil {
		one := &keeper{path: c.snapshot, source: of, maxAge: c.maxAge, cache: cache}
		shared = &sharedKeeper{stop: inBackground(one.run)}
		k.running[key] = shared
	}
	shared.users++
	return sync.OnceFunc(func() { k.leave(key) })
}

func (k *keepers) leave(key keeperKey) {
	k.mu.Lock()
	defer k.mu.Unlock()
	shared := k.running[key]
	if shared.users--; shared.users == 0 {
		delete(k.running, key)
		shared.stop()
	}
}

// run writes what has changed, now and then, until the context is done, and then what is left.
func (k *keeper) run(ctx context.Context) {
	if err := snapshot.RemoveAbandoned(k.path); err != nil {
		k.failed(err)
	}
	if !k.waitForSync(ctx) {
		return
	}
	look := time.NewTicker(keepLook)
	defer look.Stop()
	for {
		if now := time.Now(); now.After(k.next) && k.due(now) {
			k.write(now)
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			if k.cache.revision.Load() != k.revision {
				k.write(time.Now())
			}
			return
		}
	}
}

// waitForSync waits until everything was delivered, or nobody waits any more, and says whether endpoints were.
func (k *keeper) waitForSync(ctx context.Context) bool {
	select {
	case <-k.cache.firstSync:
	case <-ctx.Done():
		return k.cache.synced.Load()
	}
	select {
	case <-k.cache.factsSync:
	case <-time.After(keepFacts):
	case <-ctx.Done():
	}
	return true
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
	about := snapshot.Header{Source: k.source, Time: now}
	if lost := k.cache.lost.Load(); lost != nil {
		about.Time = *lost
	}
	revision := k.cache.revision.Load() // before what it stands for is read
	octets, err := snapshot.Write(k.path, about, k.cache.content())
	took := time.Since(now)
	k.next = now.Add(took + max(keepPause, keepRest*took))
	if err != nil {
		k.failed(err)
		return
	}
	k.revision, k.written = revision, now
	snapshotTime.Set(float64(about.Time.UnixMilli()) / 1e3)
	snapshotOctets.Set(float64(octets))
}

func (k *keeper) failed(err error) {
	snapshotErrorCount.WithLabelValues("write").Inc()
	log.Warningf("The snapshot could not be written, will try again: %s", printable(err.Error()))
}
