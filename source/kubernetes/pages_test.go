package kubernetes

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/headless-dns/headless/source"
)

func TestAListIsReadPageByPage(t *testing.T) {
	var asked []string
	r := &resource[*corev1.Service, source.Service]{
		name: "services", failed: func(string, error) {},
		store: store[*corev1.Service, source.Service]{reduce: (&source.Decoder{}).Service},
		page: func(_ context.Context, options metav1.ListOptions, each func(*corev1.Service)) (metav1.ListMeta, error) {
			asked = append(asked, fmt.Sprint(options.Limit, options.ResourceVersion, options.Continue))
			each(service("default", "db"+options.Continue, "None"))
			each(service("default", "web"+options.Continue, "10.96.0.1"))
			return metav1.ListMeta{ResourceVersion: "7", Continue: map[string]string{"": "x", "x": "y"}[options.Continue]}, nil
		},
	}
	got, err := r.listAll(t.Context(), metav1.ListOptions{ResourceVersion: "0", Limit: 9})
	if err != nil {
		t.Fatal(err)
	}
	list := got.(*objectList[source.Service])
	if len(list.Items) != 3 || list.ResourceVersion != "7" || !slices.Equal(asked, []string{"500", "500x", "500y"}) {
		t.Errorf("%d objects of version %q were listed by %q", len(list.Items), list.ResourceVersion, asked)
	}
}

func TestAPageHasFewObjectsWhereTheyAreLarge(t *testing.T) {
	endpoints := []int{50, 100, 1000, 20_000, 1, 0}
	var asked []int64
	r := &resource[*discoveryv1.EndpointSlice, source.Slice]{
		name: "endpointslices", failed: func(string, error) {},
		weigh: func(in *discoveryv1.EndpointSlice) int { return len(in.Endpoints) },
		store: store[*discoveryv1.EndpointSlice, source.Slice]{reduce: func(*discoveryv1.EndpointSlice) *source.Slice { return nil }},
		page: func(_ context.Context, options metav1.ListOptions, each func(*discoveryv1.EndpointSlice)) (metav1.ListMeta, error) {
			asked = append(asked, options.Limit)
			n := endpoints[len(asked)-1]
			for range 7 {
				each(&discoveryv1.EndpointSlice{Endpoints: make([]discoveryv1.Endpoint, n)})
			}
			return metav1.ListMeta{Continue: "xxxxx"[len(asked)-1:]}, nil
		},
	}
	if _, err := r.listAll(t.Context(), metav1.ListOptions{}); err != nil {
		t.Fatal(err)
	}
	if want := []int64{100, 200, 100, 10, 1, 500}; !slices.Equal(asked, want) {
		t.Errorf("It asks for pages of %d, want %d", asked, want)
	}
}

func TestThereIsContactWhileALongListGoesOnPageByPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c contact
		const pages, each = 10, time.Minute
		number := 0
		r := &resource[*corev1.Service, source.Service]{
			name: "services", failed: func(string, error) {},
			store: store[*corev1.Service, source.Service]{reduce: (&source.Decoder{}).Service, pulse: c.begin()},
			page: func(context.Context, metav1.ListOptions, func(*corev1.Service)) (about metav1.ListMeta, err error) {
				if got := silence(&c); got != 0 {
					t.Errorf("Before page %d it is silent for %s", number, got)
				}
				<-time.After(each)
				if number++; number < pages {
					about.Continue = "x"
				}
				return about, nil
			},
		}
		if _, err := r.listAll(t.Context(), metav1.ListOptions{}); err != nil || number != pages {
			t.Errorf("%d pages are read: %v", number, err)
		}
	})
}
