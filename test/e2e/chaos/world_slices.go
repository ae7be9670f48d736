package chaos

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// handmade are the services whose slices are written by hand. The number of one is a part of its addresses.
var handmade = []string{"hand-a", "hand-b", "hand-c", "hand-d", "near-e"}

// sliceFamilies are the slices that each of them may have.
var sliceFamilies = map[string]discoveryv1.AddressType{
	"one": discoveryv1.AddressTypeIPv4, "two": discoveryv1.AddressTypeIPv4, "six": discoveryv1.AddressTypeIPv6,
}

// writeSlice writes a slice with these endpoints, or deletes it where there are none.
func (r *Run) writeSlice(ctx context.Context, service, name string, endpoints []string) error {
	want, err := r.slice(ctx, service, name, endpoints)
	if err != nil {
		return err
	}
	client := r.plane.Client.DiscoveryV1().EndpointSlices(r.namespace)
	before, err := client.Get(ctx, want.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err) && len(endpoints) == 0:
		return nil
	case apierrors.IsNotFound(err):
		_, err = client.Create(ctx, want, metav1.CreateOptions{})
		return err
	case err != nil:
		return err
	}
	if left := lost(before, want); len(left) > 0 {
		r.interrupt(service, left...)
	}
	if len(endpoints) == 0 {
		return client.Delete(ctx, want.Name, metav1.DeleteOptions{})
	}
	before.Endpoints = want.Endpoints
	_, err = client.Update(ctx, before, metav1.UpdateOptions{})
	return err
}

// lost are the labels of endpoints that were ready before, and are not, or are somewhere else.
func lost(before, after *discoveryv1.EndpointSlice) (labels []string) {
	for i := range before.Endpoints {
		e := &before.Endpoints[i]
		if !slices.ContainsFunc(after.Endpoints, func(other discoveryv1.Endpoint) bool {
			return other.Addresses[0] == e.Addresses[0] && ptr.Deref(other.Conditions.Ready, true) && *other.Zone == *e.Zone
		}) {
			labels = append(labels, ptr.Deref(e.Hostname, harness.Dashed(netip.MustParseAddr(e.Addresses[0]))))
		}
	}
	return labels
}

// copyEndpoint writes an endpoint of a slice into another one too, and takes it out of the first where it moves.
func (r *Run) copyEndpoint(ctx context.Context, service, endpoint, from, to string, moves bool) error {
	client := r.plane.Client.DiscoveryV1().EndpointSlices(r.namespace)
	source, err := client.Get(ctx, service+"-"+from, metav1.GetOptions{})
	if err != nil {
		return err
	}
	target, err := client.Get(ctx, service+"-"+to, metav1.GetOptions{})
	if err != nil {
		return err
	}
	has := func(slice *discoveryv1.EndpointSlice) int {
		return slices.IndexFunc(slice.Endpoints, func(e discoveryv1.Endpoint) bool {
			return e.Addresses[0] == addressOf(service, endpoint, slice.AddressType)
		})
	}
	at := has(source)
	if at < 0 || source.AddressType != target.AddressType {
		return fmt.Errorf("slice %s has no %s that %s may have", from, endpoint, to)
	}
	copied := source.Endpoints[at]
	if there := has(target); there >= 0 {
		r.interrupt(service, ptr.Deref(copied.Hostname, harness.Dashed(netip.MustParseAddr(copied.Addresses[0]))))
		target.Endpoints[there] = copied
	} else {
		target.Endpoints = append(target.Endpoints, copied)
	}
	if _, err := client.Update(ctx, target, metav1.UpdateOptions{}); err != nil || !moves {
		return err
	}
	source.Endpoints = slices.Delete(source.Endpoints, at, at+1)
	_, err = client.Update(ctx, source, metav1.UpdateOptions{})
	return err
}

// slice is a slice with endpoints that are written as a schedule says them. Of every second service they carry the
// label of headless services, so that they come by another watch.
func (r *Run) slice(ctx context.Context, service, name string, endpoints []string) (*discoveryv1.EndpointSlice, error) {
	nodes, err := r.plane.Client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	zones := map[string]string{}
	for i := range nodes.Items {
		zones[nodes.Items[i].Name] = nodes.Items[i].Labels[corev1.LabelTopologyZone]
	}
	family := sliceFamilies[name]
	slice := harness.Slice(r.service(service, headless), service+"-"+name, family)
	if slices.Index(handmade, service)%2 == 1 {
		labelHeadless(slice)
	}
	for _, endpoint := range endpoints {
		slice.Endpoints = append(slice.Endpoints, endpointOf(service, endpoint, family, zones))
	}
	return slice, nil
}

func labelHeadless(slice *discoveryv1.EndpointSlice) { slice.Labels[corev1.IsHeadlessService] = "" }

// endpointOf is an endpoint of a service: its number says its address, hostname and node. Some have no hostname.
func endpointOf(service, endpoint string, family discoveryv1.AddressType, zones map[string]string) discoveryv1.Endpoint {
	number, state := numberOf(endpoint)
	e := discoveryv1.Endpoint{
		Addresses: []string{addressOf(service, endpoint, family)},
		Conditions: discoveryv1.EndpointConditions{
			Ready: new(state == ""), Serving: new(state != "!"), Terminating: new(state == "-"),
		},
		NodeName: new(harness.Nodes[number%len(harness.Nodes)].Name),
	}
	e.Zone = new(zones[*e.NodeName])
	if number%3 != 0 {
		e.Hostname = new(fmt.Sprintf("member-%d", number))
	}
	return e
}

func addressOf(service, endpoint string, family discoveryv1.AddressType) string {
	number, _ := numberOf(endpoint)
	if family == discoveryv1.AddressTypeIPv6 {
		return fmt.Sprintf("fd00:10:201:%d::%x", slices.Index(handmade, service)+1, number+1)
	}
	return fmt.Sprintf("10.201.%d.%d", slices.Index(handmade, service), number+1)
}

// numberOf splits an endpoint as schedules write it: "3", "3!" or "3-".
func numberOf(endpoint string) (number int, state string) {
	digits := strings.TrimRight(endpoint, "!-")
	number, _ = strconv.Atoi(digits) // what is no number is the first one
	return number, endpoint[len(digits):]
}
