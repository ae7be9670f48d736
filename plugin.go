// Package headless answers for the headless services of a Kubernetes cluster (clusterIP: None) with the addresses of
// their pods.
//
// Nothing stands between a client and the pods of a headless service but the name: whatever balancing, affinity or
// locality there is, DNS gives it. The package keeps the endpoints of all headless services in memory, as watched
// from the API server or read from manifests, and makes each answer from them:
//
//	kube-apiserver --watch--> source/  decode; keep only what an answer needs
//	manifests on disk ------>    |
//	                             v
//	               endpoints_cache.go  join a service's slices, drop duplicates, publish one immutable value per service
//	                             |  one atomic load
//	                             v
//	query --> handler.go --> name.go --> answer.go --> client
//
// Slow work happens when endpoints change, quick work when a query comes. A reader never takes a lock and never sees
// half of a change.
package headless

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/pkg/fall"
	clog "github.com/coredns/coredns/plugin/pkg/log"
	"github.com/coredns/coredns/plugin/transfer"
)

const pluginName = "headless"

var log = clog.NewWithPlugin(pluginName)

// Headless is the plugin in one server block.
type Headless struct {
	Next plugin.Handler
	// Zones are normalized: in lower case and fully qualified. At least one of them is a forward zone.
	Zones []string
	// Fall are the zones in which names that do not exist go to the next plugin. Names of headless services never do.
	Fall fall.F

	// ttl is that of answers, in seconds. negativeTTL and soaTTL are the minimum and the time to live of the SOA
	// record: a resolver keeps a denial for the lesser of the two (RFC 2308, section 5).
	ttl, negativeTTL, soaTTL uint32
	// forwardZone is the zone that PTR records point into, the first forward zone.
	forwardZone string
	// unreadyNames are the services whose pods have names of their own also while they are not ready.
	unreadyNames serviceGlobs
	// policies are nil where there are none.
	policies *policies
	// staleAfter is how long the API may be away before answers say so.
	staleAfter time.Duration
	// random returns a number from 0 to below n.
	random func(n uint32) uint32

	// Set when the server starts, read by queries.
	knowledge                                    // what the source delivers
	kept              *atomic.Pointer[knowledge] // what a snapshot has told; nil inside where none is used
	behind            zonesBehind
	mayBeSigned       bool                  // the tsig plugin is in the server block
	tellsServer       bool                  // and so is the nsid plugin
	tellsMetadata     bool                  // and the metadata plugin
	bypassesCache     bool                  // the cache plugin above us was told which zones to leave alone
	transfer          *transfer.Transfer    // the transfer plugin of the server block, if it has one
	transferers       []transfer.Transferer // the plugins behind us that have zones to transfer
	addressesOfServer []netip.Addr

	// serialsBehind are those of the plugins behind us that have a part of a zone, by zone, where they are no times.
	serialsBehind *sync.Map

	started *atomic.Bool // what is set when the server starts is set: the ready plugin may ask before
}

var _ plugin.Handler = (*Headless)(nil)

// Name implements the plugin.Handler interface.
func (h *Headless) Name() string { return pluginName }

// Ready implements the Readiness interface of the ready plugin: it is true once all Services and EndpointSlices were
// read, from the API server or from a snapshot, and stays true.
func (h *Headless) Ready() bool {
	if !h.started.Load() {
		return false
	}
	k, _ := h.current()
	return k.cache.synced.Load()
}
