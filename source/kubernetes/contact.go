package kubernetes

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/watch"

	"github.com/headless-dns/headless/source"
)

// contact knows whether the API server still tells of changes. Each reflector of Services and EndpointSlices has a pulse
// in it; what is known is as old as the one that was heard last.
type contact struct {
	mu     sync.Mutex
	pulses map[*pulse]struct{}
}

const (
	// contactInterval is how often the sink is told.
	contactInterval = time.Second
	// silentFor is how long an open watch says nothing at most while all is well: a bookmark comes about once a minute.
	// A connection that is dead is found out sooner, by the client's own pings.
	silentFor = 3 * time.Minute
)

// pulse is what is known of one reflector.
type pulse struct {
	of *contact

	// Under the lock of the contact.
	watches int       // that are open
	heard   time.Time // the last time that anything was
}

// begin adds a pulse, until it ends. Nil stands for a reflector that nobody waits for.
func (c *contact) begin() *pulse {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	p := &pulse{of: c, heard: time.Now()}
	if c.pulses == nil {
		c.pulses = make(map[*pulse]struct{})
	}
	c.pulses[p] = struct{}{}
	return p
}

// end takes the pulse out.
func (p *pulse) end() { p.change(func() { delete(p.of.pulses, p) }) }

// beat notes that something was heard.
func (p *pulse) beat() { p.change(func() { p.heard = time.Now() }) }

// open notes that a watch is open until the one that it returns is stopped.
func (p *pulse) open(w watch.Interface) watch.Interface {
	if p == nil {
		return w
	}
	p.change(func() { p.watches, p.heard = p.watches+1, time.Now() })
	return &countedWatch{Interface: w, closed: sync.OnceFunc(p.closed)}
}

// closed notes that a watch has ended. Until then it was there, unless it had been silent for too long.
func (p *pulse) closed() {
	p.change(func() {
		p.heard = p.last(time.Now())
		p.watches--
	})
}

func (p *pulse) change(what func()) {
	if p == nil {
		return
	}
	p.of.mu.Lock()
	defer p.of.mu.Unlock()
	what()
}

// last is when it was in contact last.
func (p *pulse) last(now time.Time) time.Time {
	if p.watches > 0 && now.Sub(p.heard) <= silentFor {
		return now
	}
	return p.heard
}

// countedWatch is a watch that tells when it ends.
type countedWatch struct {
	watch.Interface
	closed func()
}

// Stop implements watch.Interface.
func (w *countedWatch) Stop() {
	w.Interface.Stop()
	w.closed()
}

// lost returns since when something is not heard of any more, zero for never.
func (c *contact) lost() (since time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	for p := range c.pulses {
		if last := p.last(now); last != now && (since.IsZero() || last.Before(since)) {
			since = last
		}
	}
	return since
}

// tell tells the sink until the context is done.
func (c *contact) tell(ctx context.Context, sink source.Sink) {
	tick := time.NewTicker(contactInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			sink.Contact(c.lost())
		case <-ctx.Done():
			return
		}
	}
}
