package kubernetes

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

// resource is a kind of objects in one scope, of type K in the API, of which *T is kept.
type resource[K runtime.Object, T any] struct {
	name   string // as the API calls it, in the plural
	failed func(operation string, err error)
	store  store[K, T]
	// contact is told what is heard; nil where nobody waits for it.
	contact *contact
	page    page[K]
	weigh   func(K) int // nil where all objects are alike
	watch   func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error)

	labels, fields string // selectors, empty for none
	// unselected says that the API server does not know the field selector. The store leaves out what it would have.
	unselected atomic.Bool
	// listed says that the version that a watch begins with is that of a list.
	listed atomic.Bool
}

// follow keeps the sink up to date until the context is done. The client is asked only whether it is a real one:
// fakes know no WatchList.
func (r *resource[K, T]) follow(ctx context.Context, client any, expected K) {
	r.store.pulse = r.contact.begin()
	defer r.store.pulse.end()
	lw := &cache.ListWatch{ListWithContextFunc: r.listAll, WatchFuncWithContext: r.watchFrom}
	reflector := cache.NewReflectorWithOptions(cache.ToListWatcherWithWatchListSemantics(lw, client), expected, &r.store,
		cache.ReflectorOptions{Name: "headless " + r.name, Backoff: &backoff})
	reflector.RunWithContext(ctx)
}

// longestRetry is how long a reflector waits at most, by twice at random, before it tries again. The half minute of
// client-go, which comes to a whole one, is for clients of which a cluster has thousands. Until a replica has tried, it
// answers with the addresses of pods that are gone; and it would wait for so long after any few failures, for two
// minutes without one are what it takes until it forgets them.
const longestRetry = 5 * time.Second

// backoff is that of client-go but for the longest.
var backoff = wait.Backoff{Duration: 800 * time.Millisecond, Cap: longestRetry, Steps: 10, Factor: 2, Jitter: 1}

// watchFrom opens a watch from a version. One of everything is asked for without a version: that is what etcd has now,
// and no API server can lack it.
func (r *resource[K, T]) watchFrom(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	if options.SendInitialEvents != nil {
		options.ResourceVersion = ""
	}
	var w watch.Interface
	err := r.try(ctx, "watch", &options, func() (err error) {
		if w, err = r.watch(ctx, options); err == nil {
			if err = r.turnedBack(ctx, options); err != nil {
				w.Stop()
			}
		}
		if expired(err) && options.SendInitialEvents != nil {
			// A reflector asks for any version when the one that it has seen has expired. Where that has expired too, it
			// would ask again at once, and never stop: to it this must be another error.
			err = fmt.Errorf("any version: %v", err) //nolint:errorlint // for the same reason
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return r.store.pulse.open(w), nil
}

// turnedBack returns that a version has expired where the API server has an older one, as after etcd was restored from a
// backup. A watch from a version that is still to come would be opened all the same, and silent until it has come. It is
// asked for what it remembers, of an object that does not exist: that costs it next to nothing. And only when the watch is
// open: an API server that starts forbids everything for a moment, which then would look like a right that is missing.
func (r *resource[K, T]) turnedBack(ctx context.Context, options metav1.ListOptions) error {
	if r.listed.Swap(false) || options.ResourceVersion == "" {
		return nil
	}
	about, err := r.page(ctx, metav1.ListOptions{
		ResourceVersion: "0", FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, noName).String(),
	}, func(K) {})
	switch {
	case apierrors.IsForbidden(err):
		return nil // who may only watch is not to be kept from that
	case err != nil:
		return err
	}
	if order, err := resourceversion.CompareResourceVersion(about.ResourceVersion, options.ResourceVersion); err == nil && order < 0 {
		return apierrors.NewResourceExpired("the API server has an older version")
	}
	return nil
}

// noName is the name of no object.
const noName = "-"

// try makes one request with the selectors, and tells of its failure.
func (r *resource[K, T]) try(ctx context.Context, verb string, options *metav1.ListOptions, request func() error) error {
	err := r.selecting(options, request)
	switch {
	case err == nil, ctx.Err() != nil:
		// We end.
	case expired(err):
		// An expired version is no failure: the reflector begins anew, as it must after a long interruption.
	case apierrors.IsInvalid(err) && options.SendInitialEvents != nil:
		// Nor is an API server that does not stream lists (before Kubernetes 1.34): the reflector lists instead.
	default:
		r.failed(verb+" "+r.name, err)
	}
	return err
}

func expired(err error) bool { return apierrors.IsResourceExpired(err) || apierrors.IsGone(err) }

// selecting makes one request with the selectors, and if the API server does not know the field selector, another
// without it.
func (r *resource[K, T]) selecting(options *metav1.ListOptions, request func() error) error {
	options.LabelSelector = r.labels
	if r.fields == "" || r.unselected.Load() {
		return request()
	}
	options.FieldSelector = r.fields
	err := request()
	if !apierrors.IsBadRequest(err) {
		return err
	}
	options.FieldSelector = ""
	if err = request(); err == nil {
		r.unselected.Store(true)
	}
	return err
}
