package kubernetes

import (
	"context"
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/headless-dns/headless/source"
)

// An API server opens a watch from a version that is still to come, and says nothing until it has.
func TestNoWatchGoesOnFromAVersionThatTheAPIServerHasNotComeTo(t *testing.T) {
	for _, test := range []struct {
		has, seen string
		err       error // of the question what it has
		expired   bool
	}{
		{has: "100", seen: "100"},
		{has: "101", seen: "99"},
		{has: "99", seen: "100", expired: true},
		{seen: "100", err: errors.New("forbidden")},
	} {
		watched := ""
		r := &resource[*corev1.Service, source.Service]{
			name: "services", failed: func(operation string, err error) { t.Errorf("Failed to %s: %v", operation, err) },
			page: func(context.Context, metav1.ListOptions, func(*corev1.Service)) (metav1.ListMeta, error) {
				return metav1.ListMeta{ResourceVersion: test.has}, test.err
			},
			watch: func(_ context.Context, options metav1.ListOptions) (watch.Interface, error) {
				watched = options.ResourceVersion
				return watch.NewFake(), nil
			},
		}
		_, err := r.watchFrom(t.Context(), metav1.ListOptions{ResourceVersion: test.seen})
		if apierrors.IsResourceExpired(err) != test.expired || (watched == test.seen) == test.expired {
			t.Errorf("It has %q: a watch from %q gives %v, and is opened from %q", test.has, test.seen, err, watched)
		}
		if _, err := r.watchFrom(t.Context(), metav1.ListOptions{ResourceVersion: test.seen, SendInitialEvents: new(true)}); err != nil || watched != "" {
			t.Errorf("Everything is asked for from version %q: %v", watched, err)
		}
	}
}
