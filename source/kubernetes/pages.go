package kubernetes

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// A page of a list has pageSize objects at most: so many full objects are in memory at a time. Where they are of very
// different sizes they are weighed, and a page has what pageWeight comes to, as far as the page before tells: 500 full
// EndpointSlices take more than what is kept of 100,000 endpoints.
const (
	pageSize   = 500
	firstPage  = 100 // where they are weighed
	pageWeight = 10_000
)

// page reads one page of a list, and calls each for its objects.
type page[K any] func(ctx context.Context, options metav1.ListOptions, each func(K)) (metav1.ListMeta, error)

// pages makes a page function of a client's method, which returns a list of type *L with items of type I.
func pages[L, I any](
	list func(context.Context, metav1.ListOptions) (*L, error), content func(*L) ([]I, metav1.ListMeta),
) page[*I] {
	return func(ctx context.Context, options metav1.ListOptions, each func(*I)) (metav1.ListMeta, error) {
		l, err := list(ctx, options)
		if err != nil {
			return metav1.ListMeta{}, err
		}
		items, about := content(l)
		for i := range items {
			each(&items[i])
		}
		return about, nil
	}
}

// listAll lists in pages, and reduces each before it asks for the next. The reflector's own paging would hold all of
// them; besides, it asks for a version that API servers answer from their cache, in one piece.
func (r *resource[K, T]) listAll(ctx context.Context, _ metav1.ListOptions) (runtime.Object, error) {
	list := &objectList[T]{}
	options := metav1.ListOptions{Limit: r.limit(0, 0)}
	for {
		var about metav1.ListMeta
		objects, weight := 0, 0
		err := r.try(ctx, "list", &options, func() (err error) {
			about, err = r.page(ctx, options, func(in K) {
				if kept := r.store.keep(in); kept != nil {
					list.Items = append(list.Items, &object[T]{kept: kept})
				}
				if objects++; r.weigh != nil {
					weight += r.weigh(in)
				}
			})
			return err
		})
		if err != nil {
			return nil, err
		}
		r.store.pulse.beat()
		list.ResourceVersion = about.ResourceVersion
		if about.Continue == "" {
			r.listed.Store(true)
			return list, nil
		}
		options.Continue, options.Limit = about.Continue, r.limit(objects, weight)
	}
}

// limit is how many objects to ask for, behind a page of so many with that weight.
func (r *resource[K, T]) limit(objects, weight int) int64 {
	switch {
	case r.weigh == nil:
		return pageSize
	case objects == 0:
		return firstPage
	}
	return int64(min(pageSize, max(1, pageWeight*objects/max(1, weight))))
}
