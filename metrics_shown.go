package headless

import (
	"slices"
	"sync"

	"github.com/headless-dns/headless/clients"
)

// gauged is what the gauges have of a cache: all that is in it, and nothing while a snapshot stands in for it, for what is
// served is to be seen, once. Several caches add up: those of blocks of one Corefile that read others, and those of the old
// and the new instance during a reload.
type gauged struct {
	of *gauged // that it stands in for, nil for none

	mu       sync.Mutex
	there    gaugeValues
	shown    gaugeValues
	hidden   bool
	standIns []*gauged // each is one block's, of the same snapshot: the first is shown
}

type gaugeValues struct {
	counts
	clients clients.Counts
}

// setCounts takes note of how many services, slices and endpoints there are.
func (g *gauged) setCounts(now counts) { g.change(func() { g.there.counts = now }) }

// setClients takes note of how much is known of where clients are.
func (g *gauged) setClients(now clients.Counts) { g.change(func() { g.there.clients = now }) }

func (g *gauged) hide(hidden bool) { g.change(func() { g.hidden = hidden }) }

// standInFor is shown in the place of the other one from now on, until it is closed.
func (g *gauged) standInFor(other *gauged) {
	g.of = other
	other.changeStandIns(func() { other.standIns = append(other.standIns, g) })
}

// close shows nothing any more.
func (g *gauged) close() {
	g.change(func() { g.there = gaugeValues{} })
	if g.of != nil {
		g.of.changeStandIns(func() {
			g.of.standIns = slices.DeleteFunc(g.of.standIns, func(each *gauged) bool { return each == g })
		})
	}
}

func (g *gauged) changeStandIns(change func()) {
	g.change(func() {
		change()
		g.hidden = len(g.standIns) > 0
		for i, each := range g.standIns {
			each.hide(i > 0)
		}
	})
}

// change makes a change, and brings the gauges from what they were last shown to what is to be shown.
func (g *gauged) change(what func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	what()
	now := g.there
	if g.hidden {
		now = gaugeValues{}
	}
	now.show(&g.shown.counts)
	clientPodCount.Add(float64(now.clients.Pods - g.shown.clients.Pods))
	clientNodeCount.Add(float64(now.clients.Nodes - g.shown.clients.Nodes))
	contradictionCount.Add(float64(now.clients.Contradictions - g.shown.clients.Contradictions))
	g.shown.clients = now.clients
}
