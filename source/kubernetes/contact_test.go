package kubernetes

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/headless-dns/headless/source"
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
		<-time.After(time.Second)
		if got := silence(&c); got != 0 {
			t.Errorf("A reflector that has ended is silent for %s", got)
		}
	})
}

func TestWhatIsKnownIsAsOldAsWhatWasHeardLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c contact
		s := store[*corev1.Service, source.Service]{
			pulse: c.begin(), reduce: (&source.Decoder{}).Service, synced: func() {},
			set: func(*source.Service) {}, remove: func(types.NamespacedName) {}, replace: func([]*source.Service) {},
		}
		c.begin().open(watch.NewFake())
		service := &corev1.Service{Spec: corev1.ServiceSpec{ClusterIP: corev1.ClusterIPNone}}
		for what, hear := range map[string]func() error{
			"an event":    func() error { return s.Add(service) },
			"a deletion":  func() error { return s.Delete(service) },
			"a list":      func() error { return s.Replace(nil, "") },
			"a bookmark":  func() error { return s.Bookmark("") },
			"a new event": func() error { return s.Update(service) },
		} {
			<-time.After(time.Second)
			if got := silence(&c); got != time.Second {
				t.Errorf("Before %s it is silent for %s", what, got)
			}
			if err := hear(); err != nil || silence(&c) != 0 {
				t.Errorf("After %s it is silent for %s: %v", what, silence(&c), err)
			}
		}
		<-time.After(time.Minute)
		for range 10 { // which are looked at in any order
			c.begin()
		}
		<-time.After(time.Second)
		if got := silence(&c); got != time.Minute+time.Second {
			t.Errorf("With younger ones that are silent too it is silent for %s", got)
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
