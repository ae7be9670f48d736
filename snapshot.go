package headless

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/coredns/caddy"

	"github.com/headless-dns/headless/source"
	"github.com/headless-dns/headless/source/snapshot"
)

// What is known is kept on disk (keeper.go), and read from there by a CoreDNS that starts while the API server is away:
// until that has delivered everything, queries are answered from what was read, by a cache of its own. So nothing that is
// half delivered is ever seen, and the change from the one to the other is that of one pointer.

// snapshotSource tells what a snapshot is of: which cluster, and which services of it.
func (c *config) snapshotSource() (string, error) {
	cluster, err := c.api.Cluster()
	if err != nil {
		return "", err
	}
	of := fmt.Sprintf("%q %q %q %q", cluster, slices.Sorted(slices.Values(c.namespaces)), c.labels, c.namespaceLabels)
	sum := sha256.Sum256([]byte(of))
	return hex.EncodeToString(sum[:]), nil
}

// claimsKey is where an instance of CoreDNS keeps which blocks write what to which file.
type claimsKey struct{}

// claimSnapshot refuses a file that another block of the Corefile writes other things to.
func (c *config) claimSnapshot(in *caddy.Controller) error {
	if c.snapshot == "" {
		return nil
	}
	of, err := c.snapshotSource()
	if err != nil {
		return err
	}
	content := fmt.Sprintf("%s %+v", of, c.sourceUses())
	all, ok := in.Get(claimsKey{}).(map[string]string)
	if !ok {
		all = make(map[string]string)
		in.Set(claimsKey{}, all)
	}
	if other, claimed := all[c.snapshot]; claimed && other != content {
		return fmt.Errorf("snapshot: '%s' is also that of another block, which reads from elsewhere or reads other things: "+
			"give each block a file of its own", c.snapshot)
	}
	all[c.snapshot] = content
	return nil
}

// serveKept answers from the snapshot from now on, until the source has delivered everything itself. It reports whether
// there is one that can be used.
func (h *Headless) serveKept(ctx context.Context, c *config) bool {
	of, err := c.snapshotSource()
	if err != nil {
		return false // it was refused before
	}
	k := knowledge{cache: newEndpointsCache(c.cacheShape())}
	k.cache.gauged.standInFor(&h.cache.gauged)
	k.finder = c.newFinder(k.cache.clients)
	decoder := source.Decoder{Namespaces: c.namespaces, Uses: c.sourceUses(), Report: new(problems).report}
	at, err := snapshot.Read(c.snapshot, of, c.maxAge, decoder, k.cache)
	if err != nil {
		k.cache.close()
		reportUnread(c.snapshot, err)
		return false
	}
	log.Warningf("The API server cannot be reached: serving the snapshot '%s' of %s", c.snapshot, at.Format(time.RFC3339))
	h.kept.Store(&k)
	snapshotTime.Set(float64(at.UnixMilli()) / 1e3)
	servedSnapshots.Inc()
	go h.replaceKept(ctx, k.cache, c.startupTimeout)
	return true
}

// reportUnread says why a snapshot is not used. That there is none is no mistake: somewhere is the first start.
func reportUnread(path string, err error) {
	if errors.Is(err, fs.ErrNotExist) {
		log.Infof("There is no snapshot '%s' yet", path)
		return
	}
	snapshotErrorCount.WithLabelValues("read").Inc()
	log.Warningf("The snapshot '%s' is not used: %s", printable(path), printable(err.Error()))
}

// replaceKept ends the use of the snapshot when everything was delivered. What policies look at of Pods and Nodes is
// waited for too, but no longer than at a start.
func (h *Headless) replaceKept(ctx context.Context, kept *endpointsCache, timeout time.Duration) {
	defer kept.close()
	defer servedSnapshots.Dec()
	if !h.cache.waitForAll(ctx, timeout) {
		return
	}
	h.kept.Store(nil)
	log.Info("The endpoints are synced now: the snapshot is not served any more")
}
