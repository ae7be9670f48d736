package worlds

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// controllerPatience is how long controllers may take to follow a world. Now and then one of them loses a change for
// minutes: what the servers have to answer from is then something else, but still the same for both.
const controllerPatience = 5 * time.Second

// Settle waits until the controllers have made the slices of the world and a server has seen everything that was
// written before, and returns what there is now.
//
// The server's watches deliver the objects of a kind in the order in which they were written: once it answers for a
// service that was written last, it has all others, and it has all slices once it answers with that service's
// endpoint.
func (c *Cluster) Settle(ctx context.Context, namespace string, w *World, marker string, seen func(name string) error) (*View, error) {
	view := &View{Zone: w.Zone, Namespace: namespace}
	var err error
	view.Unfinished = harness.Poll(controllerPatience, func() error {
		if err = c.read(ctx, view); err != nil {
			return nil // nothing to wait for
		}
		return view.derived(w)
	})
	if err != nil {
		return nil, fmt.Errorf("reading the world: %w", err)
	}
	service := harness.WithoutSelector(harness.HeadlessService(namespace, marker))
	slice := harness.Slice(service, marker, ipv4, harness.Endpoint("198.18.250.1", "seen"))
	_, err = c.Client.CoreV1().Services(namespace).Create(ctx, service, metav1.CreateOptions{})
	if err == nil {
		_, err = c.Client.DiscoveryV1().EndpointSlices(namespace).Create(ctx, slice, metav1.CreateOptions{})
	}
	if err != nil {
		return nil, fmt.Errorf("creating the marker: %w", err)
	}
	return view, harness.Poll(harness.Patience, func() error { return seen("seen." + view.ServiceName(marker)) })
}

// read reads the services and slices of the view's namespace, markers apart.
func (c *Cluster) read(ctx context.Context, view *View) error {
	all, err := c.Client.CoreV1().Services(view.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	parts, err := c.Client.DiscoveryV1().EndpointSlices(view.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	view.Services = slices.DeleteFunc(all.Items, func(s corev1.Service) bool { return isMarker(s.Name) })
	view.Slices = slices.DeleteFunc(parts.Items, func(s discoveryv1.EndpointSlice) bool { return isMarker(s.Name) })
	return nil
}

// Marker is the name of the service that is written last in a round.
func Marker(round int) string { return fmt.Sprintf("marker-%d", round) }

func isMarker(name string) bool { return strings.HasPrefix(name, "marker-") }

// derived returns nil once controllers have made of the world what they make of it.
func (v *View) derived(w *World) error {
	var errs []error
	for _, s := range w.Services {
		if s.Spec.Type == corev1.ServiceTypeExternalName {
			continue // nobody looks after its slices
		}
		var want []string
		switch {
		case s.Spec.Selector != nil:
			want = selected(w, s)
		case slices.ContainsFunc(w.Endpoints, func(e *corev1.Endpoints) bool { return e.Name == s.Name }): //nolint:staticcheck // deprecated, but still mirrored
			want = mirrored(w, s.Name)
		default:
			continue
		}
		got := v.made(s.Name)
		slices.Sort(want)
		if want = slices.Compact(want); !slices.Equal(got, want) {
			errs = append(errs, fmt.Errorf("service %q has %q, want %q", s.Name, got, want))
		}
	}
	for _, slice := range v.Slices {
		if service := slice.Labels[discoveryv1.LabelServiceName]; isMade(&slice) && w.Service(service) == nil {
			errs = append(errs, fmt.Errorf("service %q is gone, its slice %q is not", service, slice.Name))
		}
	}
	return errors.Join(errs...)
}

// isMade says whether a controller has made the slice.
func isMade(slice *discoveryv1.EndpointSlice) bool {
	return slice.Labels[discoveryv1.LabelManagedBy] != ""
}

// selected are the ports and endpoints that the endpointslice controller makes of the pods of a service.
func selected(w *World, s *corev1.Service) []string {
	var want []string
	for _, pod := range w.Pods {
		if pod.Labels["app"] != s.Spec.Selector["app"] {
			continue
		}
		ready := s.Spec.PublishNotReadyAddresses || harness.IsReady(pod) && pod.DeletionTimestamp == nil
		for i, ip := range pod.Status.PodIPs {
			four := i == 0
			if s.Spec.IPFamilyPolicy != nil || four == (s.Spec.IPFamilies == nil) {
				want = append(want, fmt.Sprintf("%s %t", ip.IP, ready))
				for _, p := range s.Spec.Ports {
					want = append(want, fmt.Sprintf("%s %s %s %d", ip.IP, p.Name, p.Protocol, p.Port))
				}
			}
		}
	}
	return want
}

// mirrored are the ports and endpoints that the mirroring controller makes of an Endpoints object.
func mirrored(w *World, service string) []string {
	var want []string
	for _, e := range w.Endpoints {
		if e.Name != service {
			continue
		}
		for _, subset := range e.Subsets {
			for _, address := range append(slices.Clip(subset.Addresses), subset.NotReadyAddresses...) {
				ready := slices.ContainsFunc(subset.Addresses, func(a corev1.EndpointAddress) bool { return a.IP == address.IP })
				want = append(want, fmt.Sprintf("%s %t", address.IP, ready))
				for _, p := range subset.Ports {
					want = append(want, fmt.Sprintf("%s %s %s %d", address.IP, p.Name, p.Protocol, p.Port))
				}
			}
		}
	}
	return want
}

// made are the ports and endpoints in the slices that a controller has made for a service.
func (v *View) made(service string) []string {
	var got []string
	for _, slice := range v.Slices {
		if slice.Labels[discoveryv1.LabelServiceName] != service || !isMade(&slice) {
			continue
		}
		for _, e := range slice.Endpoints {
			got = append(got, fmt.Sprintf("%s %t", e.Addresses[0], ptr.Deref(e.Conditions.Ready, true)))
			for _, p := range slice.Ports {
				got = append(got, fmt.Sprintf("%s %s %s %d", e.Addresses[0], ptr.Deref(p.Name, ""), ptr.Deref(p.Protocol, ""), ptr.Deref(p.Port, 0)))
			}
		}
	}
	slices.Sort(got)
	return slices.Compact(got)
}
