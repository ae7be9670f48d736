package kubernetes

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/headless-dns/headless/source"
)

// outage is an API server that is away until it is back. It counts what it is asked meanwhile.
type outage struct {
	mu    sync.Mutex
	back  bool
	asked int
}

func (o *outage) ask() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.asked++; !o.back {
		return errors.New("connection refused")
	}
	return nil
}

// withoutErrorHandlers keeps client-go from waiting after each error: its clock began before that of synctest.
func withoutErrorHandlers(t *testing.T) {
	t.Helper()
	handlers := utilruntime.ErrorHandlers
	utilruntime.ErrorHandlers = nil
	t.Cleanup(func() { utilruntime.ErrorHandlers = handlers })
}

func TestAfterALongOutageEverythingIsReadWithinTenSecondsAndMeanwhileTheServerIsAskedRarely(t *testing.T) {
	withoutErrorHandlers(t)
	synctest.Test(t, func(t *testing.T) {
		var api outage
		synced := make(chan struct{})
		r := &resource[*corev1.Service, source.Service]{
			name: "services", failed: func(string, error) {},
			store: store[*corev1.Service, source.Service]{replace: func([]*source.Service) {}, synced: func() { close(synced) }},
			page: func(context.Context, metav1.ListOptions, func(*corev1.Service)) (metav1.ListMeta, error) {
				return metav1.ListMeta{ResourceVersion: "1"}, api.ask()
			},
			watch: func(context.Context, metav1.ListOptions) (watch.Interface, error) { return watch.NewFake(), api.ask() },
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go r.follow(ctx, fake.NewClientset(), &corev1.Service{}) // which streams no lists
		const away = 10 * time.Minute
		elapse(away)
		api.mu.Lock()
		api.back = true
		if most := int(away/longestRetry) + 10; api.asked > most || api.asked < most/3 {
			t.Errorf("It was asked %d times in %s, want %d at most", api.asked, away, most)
		}
		api.mu.Unlock()
		select {
		case <-synced:
		case <-time.After(2 * longestRetry):
			t.Errorf("Nothing was read within %s", 2*longestRetry)
		}
	})
}
