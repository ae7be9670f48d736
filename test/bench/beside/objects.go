package main

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientset "k8s.io/client-go/kubernetes"
)

// perSlice is how many endpoints the controller of Kubernetes puts in a slice.
const perSlice = 100

// namespace is where all services are.
const namespace = "default"

// zones are those of the endpoints, in turn.
var zones = []string{"a", "b", "c"}

// nodes is on how many the endpoints stand.
const nodes = 500

// service is one to create, with its slices.
type service struct {
	name      string
	endpoints int
	headless  bool
	// first is the number of its first endpoint, among those of all services. Their addresses follow from it.
	first int
}

// numbered gives each service addresses of its own.
func numbered(services []service) []service {
	next := 0
	for i := range services {
		services[i].first = next
		next += services[i].endpoints
	}
	return services
}

// create creates services with their slices, which look as those of the controller do: it does not run.
func create(ctx context.Context, client clientset.Interface, services []service) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for _, s := range services {
		group.Go(func() error {
			_, err := client.CoreV1().Services(namespace).Create(ctx, s.object(), metav1.CreateOptions{})
			return err
		})
		for n := range s.slices() {
			group.Go(func() error {
				_, err := client.DiscoveryV1().EndpointSlices(namespace).Create(ctx, s.slice(n), metav1.CreateOptions{})
				return err
			})
		}
	}
	return group.Wait()
}

func (s service) object() *corev1.Service {
	o := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: s.name, Labels: map[string]string{"app": s.name}},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "mysql", Protocol: corev1.ProtocolTCP, Port: 3306}}},
	}
	if s.headless {
		o.Spec.ClusterIP = corev1.ClusterIPNone
	}
	return o
}

func (s service) slices() int { return (s.endpoints + perSlice - 1) / perSlice }

func (s service) slice(n int) *discoveryv1.EndpointSlice {
	o := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace,
			Name:      s.sliceName(n),
			Labels: map[string]string{
				"app":                        s.name,
				discoveryv1.LabelServiceName: s.name,
				discoveryv1.LabelManagedBy:   "endpointslice-controller.k8s.io",
			},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: new("mysql"), Protocol: new(corev1.ProtocolTCP), Port: new(int32(3306))}},
	}
	if s.headless {
		o.Labels[corev1.IsHeadlessService] = ""
	}
	for i := n * perSlice; i < min((n+1)*perSlice, s.endpoints); i++ {
		o.Endpoints = append(o.Endpoints, s.endpoint(i))
	}
	return o
}

func (s service) sliceName(n int) string { return fmt.Sprintf("%s-%05d", s.name, n) }

func (s service) endpoint(i int) discoveryv1.Endpoint {
	pod := fmt.Sprintf("%s-%d", s.name, i)
	number := s.first + i
	return discoveryv1.Endpoint{
		Addresses: []string{address(number)},
		Hostname:  &pod,
		NodeName:  new(fmt.Sprintf("node-%d", number%nodes)),
		Zone:      &zones[number%len(zones)],
		TargetRef: &corev1.ObjectReference{Kind: "Pod", Namespace: namespace, Name: pod},
		Conditions: discoveryv1.EndpointConditions{
			Ready: new(true), Serving: new(true), Terminating: new(false),
		},
	}
}

// address is that of a numbered endpoint.
func address(number int) string {
	return fmt.Sprintf("10.%d.%d.%d", number>>16, number>>8&255, number&255)
}
