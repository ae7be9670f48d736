package headless

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/headless-dns/headless/source"
)

// fakeSource delivers one service, and then slices as it is told.
type fakeSource struct {
	runs   int
	slices chan *source.Slice
}

func newFakeSource() *fakeSource { return &fakeSource{slices: make(chan *source.Slice)} }

func (f *fakeSource) Run(ctx context.Context, sink source.Sink) {
	f.runs++
	sink.SetService(headlessService("default", "db"))
	sink.Synced()
	for {
		select {
		case s := <-f.slices:
			sink.SetSlice(s)
		case <-ctx.Done():
			return
		}
	}
}

func newFeeds() *feeds { return &feeds{running: make(map[string]*feed)} }

// addressesIn returns the addresses of all endpoints of the fake source's service.
func addressesIn(c *endpointsCache) []string {
	e, _ := c.lookup("db.default")
	var all []string
	for i := range e.len() {
		all = append(all, e.at(i).Address().String())
	}
	return all
}

func TestUsersOfOneSourceShareItAndTheCacheUntilTheLastHasLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		running := newFeeds()
		one, other := newFakeSource(), newFakeSource()
		cache, leave := running.join("key", cacheShape{}, one)
		one.slices <- sliceWith("default", "db", "db-1", ready("10.0.0.1", ""))
		again, leaveAgain := running.join("key", cacheShape{}, other)
		if again != cache {
			t.Error("The second user got a cache of its own")
		}
		leave()
		leave() // the shutdown of an instance that also failed to start
		one.slices <- sliceWith("default", "db", "db-1", ready("10.0.0.2", ""))
		synctest.Wait()
		if got, want := addressesIn(again), []string{"10.0.0.2"}; !slices.Equal(got, want) {
			t.Errorf("After the first user has left the endpoints are %v, want %v", got, want)
		}
		leaveAgain()
		if one.runs != 1 || other.runs != 0 {
			t.Errorf("The sources ran %d and %d times, want 1 and 0", one.runs, other.runs)
		}
		if len(running.running) != 0 {
			t.Error("A source runs on without users")
		}
	})
}

func TestALaterUserOfAnotherShapeHasAllEndpointsAtOnceAndEveryChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		running := newFeeds()
		from := newFakeSource()
		_, leave := running.join("key", cacheShape{}, from)
		from.slices <- sliceWith("default", "db", "db-1", ready("10.0.0.1", ""))
		synctest.Wait()
		cache, leaveLater := running.join("key", cacheShape{reverse: true}, nil)
		defer leaveLater()
		if got, want := addressesIn(cache), []string{"10.0.0.1"}; !slices.Equal(got, want) || !cache.synced.Load() {
			t.Errorf("The new cache begins with %v (synced: %t), want %v", got, cache.synced.Load(), want)
		}
		if len(cache.reverse.lookup(ready("10.0.0.1", "").Address)) != 1 {
			t.Error("The new cache knows no service of the address")
		}
		leave()
		from.slices <- sliceWith("default", "db", "db-2", ready("10.0.0.2", ""))
		synctest.Wait()
		if got, want := addressesIn(cache), []string{"10.0.0.1", "10.0.0.2"}; !slices.Equal(got, want) {
			t.Errorf("After a change the new cache has %v, want %v", got, want)
		}
	})
}

func TestDifferentSourcesAreNotShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		running := newFeeds()
		one, leaveOne := running.join("one", cacheShape{}, newFakeSource())
		other, leaveOther := running.join("other", cacheShape{}, newFakeSource())
		defer leaveOne()
		defer leaveOther()
		if one == other {
			t.Error("Two sources fill one cache")
		}
	})
}

// factsSource has facts of its own beside the fake source's endpoints.
type factsSource struct {
	*fakeSource
	label string
}

func (f factsSource) RunFacts(ctx context.Context, sink source.Sink) {
	sink.ReplacePods("", []*source.Pod{{
		NamespacedName: nsName("default", "db-0"), Facts: &source.PodFacts{Labels: map[string]string{f.label: "yes"}},
	}})
	sink.FactsSynced()
	<-ctx.Done()
}

func TestALaterUserOfOtherFactsSharesTheEndpointsAndHasItsOwnFacts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		running := newFeeds()
		one := factsSource{newFakeSource(), "one"}
		_, leave := running.join("key", cacheShape{facts: "one"}, one)
		ep := ready("10.0.0.1", "")
		ep.Pod = nsName("default", "db-0")
		one.slices <- sliceWith("default", "db", "db-1", ep)
		other := factsSource{newFakeSource(), "other"}
		cache, leaveOther := running.join("key", cacheShape{facts: "other"}, other)
		synctest.Wait()
		leave()
		if other.runs != 0 {
			t.Error("The endpoints are read again")
		}
		e, _ := cache.lookup("db.default")
		if got := e.factsOf(0).labels; got["other"] != "yes" || got["one"] != "" {
			t.Errorf("The labels are %v", got)
		}
		leaveOther()
	})
}
