package kubernetes

import (
	"context"
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/headless-dns/headless/source"
)

// An API server opens a watch from a version that is still to come, and says nothing until it has.
func TestNoWatchGoesOnFromAVersionThatTheAPIServerHasNotComeTo(t *testing.T) {
	away := errors.New("away")
	for _, test := range []struct {
		has, seen string
		err       error // of the question what it has
		expired   bool
		fails     error
	}{
		{has: "100", seen: "100"},
		{has: "101", seen: "99"},
		{has: "99", seen: "100", expired: true},
		{seen: "100", err: forbidden()},
		{seen: "100", err: away, fails: away},
	} {
		var opened *watch.FakeWatcher
		version := ""
		r := &resource[*corev1.Service, source.Service]{
			name: "services", failed: func(string, error) {},
			page: func(context.Context, metav1.ListOptions, func(*corev1.Service)) (metav1.ListMeta, error) {
				return metav1.ListMeta{ResourceVersion: test.has}, test.err
			},
			watch: func(_ context.Context, options metav1.ListOptions) (watch.Interface, error) {
				opened, version = watch.NewFake(), options.ResourceVersion
				return opened, nil
			},
		}
		_, err := r.watchFrom(t.Context(), metav1.ListOptions{ResourceVersion: test.seen})
		ended := opened == nil || opened.IsStopped()
		if apierrors.IsResourceExpired(err) != test.expired || !test.expired && !errors.Is(err, test.fails) || ended != (err != nil) {
			t.Errorf("It has %q (%v): a watch from %q gives %v, and is ended: %t", test.has, test.err, test.seen, err, ended)
		}
		if _, err := r.watchFrom(t.Context(), metav1.ListOptions{ResourceVersion: test.seen, SendInitialEvents: new(true)}); err != nil || version != "" {
			t.Errorf("Everything is asked for from version %q: %v", version, err)
		}
	}
}

// An API server that starts forbids everything until it has read who may do what.
func TestAnAPIServerThatForbidsEverythingForAMomentIsStillAskedForItsVersion(t *testing.T) {
	reading := true
	r := &resource[*corev1.Service, source.Service]{
		name: "services", failed: func(string, error) {},
		page: func(context.Context, metav1.ListOptions, func(*corev1.Service)) (metav1.ListMeta, error) {
			if reading {
				reading = false // it is done a moment later
				return metav1.ListMeta{}, forbidden()
			}
			return metav1.ListMeta{ResourceVersion: "99"}, nil
		},
		watch: func(context.Context, metav1.ListOptions) (watch.Interface, error) {
			if reading {
				reading = false
				return nil, forbidden()
			}
			return watch.NewFake(), nil
		},
	}
	for range 2 { // as a reflector does
		if _, err := r.watchFrom(t.Context(), metav1.ListOptions{ResourceVersion: "100"}); err == nil {
			t.Fatal("A watch is opened from a version that is still to come")
		} else if apierrors.IsResourceExpired(err) {
			return
		}
	}
	t.Error("It is not noticed that the API server has an older version")
}

func forbidden() error {
	return apierrors.NewForbidden(schema.GroupResource{Resource: "services"}, "", errors.New("not yet"))
}
