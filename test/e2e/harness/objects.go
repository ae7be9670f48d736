package harness

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// appLabel is what services select their pods by.
const appLabel = "app"

// HeadlessService is a headless service of the pods of an app of the same name, with one port: mysql, 3306/TCP.
func HeadlessService(namespace, name string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: corev1.ServiceSpec{
			ClusterIP: corev1.ClusterIPNone,
			Selector:  map[string]string{appLabel: name},
			Ports:     []corev1.ServicePort{{Name: "mysql", Port: 3306}},
		},
	}
}

// WithoutSelector makes a service one whose endpoints somebody else writes.
func WithoutSelector(service *corev1.Service) *corev1.Service {
	service.Spec.Selector = nil
	return service
}

// StatefulSet is one whose pods belong to a headless service and have their hostnames in it.
func StatefulSet(service *corev1.Service, name string, replicas int32) *appsv1.StatefulSet {
	return &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: service.Namespace, Name: name},
		Spec: appsv1.StatefulSetSpec{
			ServiceName: service.Name,
			Replicas:    &replicas,
			Selector:    &metav1.LabelSelector{MatchLabels: service.Spec.Selector},
			Template:    podTemplate(service),
		},
	}
}

// Deployment is one whose pods belong to a service and have no hostnames.
func Deployment(service *corev1.Service, name string, replicas int32) *appsv1.Deployment {
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: service.Namespace, Name: name},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: service.Spec.Selector},
			Template: podTemplate(service),
		},
	}
}

func podTemplate(service *corev1.Service) corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: service.Spec.Selector},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "none"}}},
	}
}

// Pod is one pod of a service, with its name as its hostname.
func Pod(service *corev1.Service, name string) *corev1.Pod {
	template := podTemplate(service)
	template.Name, template.Namespace = name, service.Namespace
	template.Spec.Hostname, template.Spec.Subdomain = name, service.Name
	return &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
}

// Slice is a slice that nobody but the test looks after, with the port of HeadlessService. Its endpoints are of one
// family.
func Slice(service *corev1.Service, name string, family discoveryv1.AddressType, endpoints ...discoveryv1.Endpoint) *discoveryv1.EndpointSlice {
	return &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: service.Namespace,
			Name:      name,
			Labels:    map[string]string{discoveryv1.LabelServiceName: service.Name},
		},
		AddressType: family,
		Ports:       []discoveryv1.EndpointPort{{Name: new("mysql"), Port: new(int32(3306))}},
		Endpoints:   endpoints,
	}
}

// Endpoint is a ready endpoint; without a hostname its name is made of its address.
func Endpoint(address, hostname string) discoveryv1.Endpoint {
	endpoint := discoveryv1.Endpoint{Addresses: []string{address}, Conditions: discoveryv1.EndpointConditions{Ready: new(true)}}
	if hostname != "" {
		endpoint.Hostname = &hostname
	}
	return endpoint
}
