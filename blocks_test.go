package headless

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/headless-dns/headless/source"
)

// slowSource delivers everything after a time.
type slowSource time.Duration

func (s slowSource) Run(ctx context.Context, sink source.Sink) {
	select {
	case <-time.After(time.Duration(s)):
		sink.ReplaceServices("", []*source.Service{headlessService("default", "db")})
		sink.Synced()
		sink.FactsSynced()
	case <-ctx.Done():
		return
	}
	<-ctx.Done()
}

// blocksOf are server blocks of one Corefile that read from sources of their own, with a snapshot each.
func blocksOf(t *testing.T, sources ...follower) (all *blocks) {
	t.Helper()
	all = new(blocks)
	for i, from := range sources {
		conf := keeping(t, filepath.Join(t.TempDir(), "snapshot"))
		conf.api.Endpoint = fmt.Sprintf("http://127.0.0.1:%d", i+1)
		kept := starting(t, conf)
		deliver(kept.cache, "10.0.0.2")
		allKeepers.join(conf, kept.cache)()
		b := newBlock(conf.handler(), conf, from, func() error { return nil })
		t.Cleanup(b.end)
		all.all = append(all.all, b)
	}
	return all
}

func TestBlocksThatWaitForTheAPIWaitTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := blocksOf(t, slowSource(time.Hour), slowSource(time.Hour), slowSource(100*time.Millisecond), slowSource(time.Hour))
		begun := time.Now()
		if err := all.start(); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took != time.Second {
			t.Errorf("The start takes %s, and no block waits longer than a second", took)
		}
		for i, b := range all.all {
			m := ask(t, b.Headless, dbName, dns.TypeNS, client{edns: 1232})
			if stale := extendedError(m) == dns.ExtendedErrorCodeStaleAnswer; stale != (i != 2) || m.Rcode == dns.RcodeServerFailure {
				t.Errorf("The answer of block %d is %s", i, m)
			}
		}
	})
}

func TestABlockThatIsRefusedLetsNoneBegin(t *testing.T) {
	all := blocksOf(t, slowSource(0), slowSource(0))
	all.all[1].look = func() error { return errors.New("it is in the wrong order") }
	if err := all.start(); err == nil || all.all[0].cache != nil {
		t.Errorf("One has begun, and the error is %v", err)
	}
}

// followerFunc is a source.
type followerFunc func(ctx context.Context, sink source.Sink)

func (f followerFunc) Run(ctx context.Context, sink source.Sink) { f(ctx, sink) }

// A signal ends CoreDNS whatever it does at that time.
func TestABlockThatIsEndedWhileItBeginsLeavesNothingRunning(t *testing.T) {
	running := make(chan struct{})
	all := blocksOf(t, followerFunc(func(ctx context.Context, _ source.Sink) {
		close(running)
		<-ctx.Done()
	}))
	b := all.all[0]
	b.conf.snapshot, b.conf.startupTimeout = filepath.Join(t.TempDir(), "missing"), time.Hour
	var both sync.WaitGroup
	allKeepers.mu.Lock() // it cannot go on before that is given back
	both.Go(func() {
		if err := all.start(); err != nil {
			t.Error(err)
		}
	})
	<-running
	both.Go(b.end)
	<-b.ctx.Done()
	allKeepers.mu.Unlock()
	both.Wait()
	allFeeds.mu.Lock()
	defer allFeeds.mu.Unlock()
	if allFeeds.running[b.conf.sourceKey()] != nil {
		t.Error("Its source runs on")
	}
}
