package kubernetes

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/watch"
)

// silence is for how long the contact is lost.
func silence(c *contact) time.Duration {
	lost := c.lost()
	if lost.IsZero() {
		return 0
	}
	return time.Since(lost)
}

func TestContactIsLostWhenAWatchEndsAndNotWhileItIsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c contact
		services, slices := c.begin(), c.begin()
		rest := func(d time.Duration, want time.Duration, what string) {
			t.Helper()
			<-time.After(d)
			if got := silence(&c); got != want {
				t.Errorf("%s it is silent for %s, want %s", what, got, want)
			}
		}
		rest(time.Second, time.Second, "Before anything was heard")
		first, second := services.open(watch.NewFake()), slices.open(watch.NewFake())
		rest(2*time.Minute, 0, "With two open watches")
		first.Stop()
		first.Stop()
		rest(time.Minute, time.Minute, "With one of them")
		services.open(watch.NewFake())
		rest(0, 0, "With another one in its place")
		second.Stop()
		rest(2*time.Minute, 2*time.Minute, "With the second one stopped")
		slices.beat()
		rest(time.Second, time.Second, "After a list")
	})
}

func TestAnOpenWatchThatSaysNothingAtAllIsNoContact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c contact
		p := c.begin()
		w := p.open(watch.NewFake())
		<-time.After(silentFor)
		if got := silence(&c); got != 0 {
			t.Errorf("It is silent for %s, though a bookmark may still come", got)
		}
		<-time.After(time.Second)
		if got, want := silence(&c), silentFor+time.Second; got != want {
			t.Errorf("It is silent for %s, want %s", got, want)
		}
		w.Stop()
		if got, want := silence(&c), silentFor+time.Second; got != want {
			t.Errorf("When it is stopped it is silent for %s, want %s", got, want)
		}
		p.beat() // a bookmark
		p.end()
		if got := silence(&c); got != 0 {
			t.Errorf("A reflector that has ended is silent for %s", got)
		}
	})
}

// told is a sink that is told of contact.
type told struct {
	*recorder
	silent []bool
}

func (s *told) Contact(lost time.Time) { s.silent = append(s.silent, !lost.IsZero()) }

func TestTheSinkIsToldEverySecondWhetherThereIsContact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c contact
		ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		sink := told{recorder: newRecorder()}
		w := c.begin().open(watch.NewFake())
		time.AfterFunc(1500*time.Millisecond, w.Stop)
		c.tell(ctx, &sink)
		if len(sink.silent) != 3 || sink.silent[0] || !sink.silent[1] || !sink.silent[2] {
			t.Errorf("It was told %v of silence, want no, yes and yes", sink.silent)
		}
	})
}
