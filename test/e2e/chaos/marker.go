package chaos

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// A marker is a change that each watch has to show: a service, a slice of each kind, and the zone of a node that decides
// what its clients get.
const (
	nearMarker        = "near-marker"
	markerNodeAddress = "10.100.9.9"
)

// mark writes another marker, in the place of the last one.
func (r *Run) mark() error {
	ctx, cancel := context.WithTimeout(context.Background(), harness.Patience)
	defer cancel()
	prepare := r.unmark
	if r.markers == 0 {
		prepare = r.firstMark
	}
	if err := prepare(ctx); err != nil {
		return err
	}
	r.markers++
	name := markerName(r.markers)
	service := r.service(name, headless)
	other := harness.Slice(service, name+"-other", discoveryv1.AddressTypeIPv4, r.markerEndpoint(0))
	labelled := harness.Slice(service, name+"-labelled", discoveryv1.AddressTypeIPv4, r.markerEndpoint(1))
	labelHeadless(labelled)
	client := r.plane.Client.DiscoveryV1().EndpointSlices(r.namespace)
	_, err := r.plane.Client.CoreV1().Services(r.namespace).Create(ctx, service, metav1.CreateOptions{})
	for _, slice := range []*discoveryv1.EndpointSlice{other, labelled} {
		_, errSlice := client.Create(ctx, slice, metav1.CreateOptions{})
		err = errors.Join(err, errSlice)
	}
	return errors.Join(err, r.moveNode(ctx, r.markerNode(), markerZone(r.markers)))
}

// firstMark makes what all markers change.
func (r *Run) firstMark(ctx context.Context) error {
	node := harness.NewNode(r.markerNode(), "")
	node.Labels[corev1.LabelTopologyZone] = markerZone(0)
	node.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: markerNodeAddress}}
	service := r.service(nearMarker, headless)
	slice := harness.Slice(service, nearMarker, discoveryv1.AddressTypeIPv4)
	for i := range 2 {
		e := harness.Endpoint(fmt.Sprintf("10.203.0.%d", i+1), "")
		e.Zone = new(markerZone(i))
		slice.Endpoints = append(slice.Endpoints, e)
	}
	_, err := r.plane.Client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
	_, errService := r.plane.Client.CoreV1().Services(r.namespace).Create(ctx, service, metav1.CreateOptions{})
	_, errSlice := r.plane.Client.DiscoveryV1().EndpointSlices(r.namespace).Create(ctx, slice, metav1.CreateOptions{})
	return errors.Join(err, errService, errSlice)
}

// unmark deletes the last marker.
func (r *Run) unmark(ctx context.Context) error {
	name := markerName(r.markers)
	client := r.plane.Client.DiscoveryV1().EndpointSlices(r.namespace)
	return errors.Join(
		r.plane.Client.CoreV1().Services(r.namespace).Delete(ctx, name, metav1.DeleteOptions{}),
		client.Delete(ctx, name+"-other", metav1.DeleteOptions{}),
		client.Delete(ctx, name+"-labelled", metav1.DeleteOptions{}),
	)
}

func (r *Run) markerEndpoint(i int) discoveryv1.Endpoint {
	return harness.Endpoint(fmt.Sprintf("10.202.%d.%d", 2*(r.markers/250)+i, r.markers%250+1), "")
}

// markerNode is a node of this run: they are of no namespace.
func (r *Run) markerNode() string { return "marker-of-" + r.namespace }

func markerName(n int) string { return fmt.Sprintf("marker-%d", n) }

func markerZone(n int) string { return fmt.Sprintf("marker-zone-%d", n%2) }
