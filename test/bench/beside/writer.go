package main

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientset "k8s.io/client-go/kubernetes"
	typed "k8s.io/client-go/kubernetes/typed/discovery/v1"
)

// A writer changes slices that nobody else changes, so that it knows what they are.
type writer struct {
	client typed.EndpointSliceInterface
	// current is what each is now. Slice 0 is not part of the churn.
	current []*discoveryv1.EndpointSlice
	changed atomic.Int64
}

// newWriter reads the slices of services.
func newWriter(ctx context.Context, client clientset.Interface, services ...service) (*writer, error) {
	w := &writer{client: client.DiscoveryV1().EndpointSlices(namespace)}
	for _, s := range services {
		for n := range s.slices() {
			slice, err := w.client.Get(ctx, s.sliceName(n), metav1.GetOptions{})
			if err != nil {
				return nil, err
			}
			w.current = append(w.current, slice)
		}
	}
	return w, nil
}

// change changes one slice. Two goroutines may do so at a time, with two slices.
func (w *writer) change(ctx context.Context, n int, change func(*discoveryv1.EndpointSlice)) error {
	next := w.current[n].DeepCopy()
	change(next)
	next, err := w.client.Update(ctx, next, metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	w.current[n] = next
	w.changed.Add(1)
	return nil
}

// churnRate is how many slices change in a second, if the API server is quick enough.
const churnRate = 100

// churn changes one slice after the other for a while.
func (w *writer) churn(ctx context.Context, how time.Duration) error {
	const writers = 8
	turns := make(chan struct{})
	group, ctx := errgroup.WithContext(ctx)
	for i := range writers {
		group.Go(func() error {
			n := i
			for range turns {
				if n += writers; n >= len(w.current) {
					n = 1 + i
				}
				if err := w.change(ctx, n, flip); err != nil {
					return err
				}
			}
			return nil
		})
	}
	group.Go(func() error {
		defer close(turns)
		ticker := time.NewTicker(time.Second / churnRate)
		defer ticker.Stop()
		for end := time.Now().Add(how); time.Now().Before(end); {
			<-ticker.C
			select {
			case turns <- struct{}{}:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	return group.Wait()
}

// flip takes the last endpoint of a slice away from the answers, or gives it back.
func flip(slice *discoveryv1.EndpointSlice) {
	ready := &slice.Endpoints[len(slice.Endpoints)-1].Conditions.Ready
	*ready = new(!**ready)
}
