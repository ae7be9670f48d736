package kubernetes

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/headless-dns/headless/source"
)

// outage is an API server that is away until it is back. It counts what it is asked meanwhile.
type outage struct {
	says  error
	mu    sync.Mutex
	back  bool
	asked int
}

func (o *outage) ask() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.asked++; !o.back {
		return o.says
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
	for what, says := range map[string]error{
		"an error": errors.New("out of order"), "no version is new enough": apierrors.NewResourceExpired("too old"),
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testLongOutage(t, &outage{says: says}) })
		})
	}
}

func testLongOutage(t *testing.T, api *outage) {
	t.Helper()
	synced := make(chan struct{})
	r := &resource[*corev1.Service, source.Service]{
		name: "services", failed: func(string, error) {},
		store: store[*corev1.Service, source.Service]{
			reduce:  func(*corev1.Service) *source.Service { return nil },
			replace: func([]*source.Service) {}, synced: func() { close(synced) },
		},
		page: func(context.Context, metav1.ListOptions, func(*corev1.Service)) (metav1.ListMeta, error) {
			return metav1.ListMeta{}, api.ask()
		},
		watch: func(context.Context, metav1.ListOptions) (watch.Interface, error) { return emptyStream(), api.ask() },
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go r.follow(ctx, nil, &corev1.Service{})
	const away = 10 * time.Minute
	elapse(away)
	api.mu.Lock()
	api.back = true
	// Each try asks for a stream of everything, for one from no version, and for a list, twice likewise.
	if most := 4*int(away/longestRetry) + 10; api.asked > most || api.asked < most/10 {
		t.Errorf("It was asked %d times in %s, want %d at most", api.asked, away, most)
	}
	api.mu.Unlock()
	select {
	case <-synced:
	case <-time.After(2 * longestRetry):
		t.Errorf("Nothing was read within %s", 2*longestRetry)
	}
}

// emptyStream is one of everything that there is: nothing.
func emptyStream() watch.Interface {
	stream := watch.NewFakeWithOptions(watch.FakeOptions{ChannelSize: 1})
	stream.Action(watch.Bookmark, &corev1.Service{ObjectMeta: metav1.ObjectMeta{
		ResourceVersion: "1", Annotations: map[string]string{metav1.InitialEventsAnnotationKey: "true"},
	}})
	return stream
}
