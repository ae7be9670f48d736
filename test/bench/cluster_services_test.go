package bench

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func (c *cluster) namespaces() int { return (c.services() + serviceSpread - 1) / serviceSpread }

func (c *cluster) namespace(n int) *corev1.Namespace {
	return &corev1.Namespace{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
		ObjectMeta: c.meta("", namespace(n*serviceSpread), uint64(n)|4<<48),
	}
}

func (c *cluster) service(n int) *corev1.Service {
	o := &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: c.meta(namespace(n), serviceName(n), uint64(n)|2<<48),
		Spec: corev1.ServiceSpec{
			Type: corev1.ServiceTypeClusterIP, ClusterIP: fmt.Sprintf("10.96.%d.%d", n>>8&255, n&255),
			Selector:        map[string]string{"app.kubernetes.io/name": serviceName(n)},
			Ports:           []corev1.ServicePort{{Name: "http", Protocol: corev1.ProtocolTCP, Port: 80, TargetPort: intstr.FromInt32(8080)}},
			SessionAffinity: corev1.ServiceAffinityNone, IPFamilyPolicy: new(corev1.IPFamilyPolicyPreferDualStack),
			IPFamilies: []corev1.IPFamily{corev1.IPv4Protocol}, InternalTrafficPolicy: new(corev1.ServiceInternalTrafficPolicyCluster),
		},
	}
	if headless(n) {
		o.Spec.ClusterIP = corev1.ClusterIPNone
	}
	o.Spec.ClusterIPs = []string{o.Spec.ClusterIP}
	o.Labels = map[string]string{"app.kubernetes.io/name": o.Name, "app.kubernetes.io/part-of": o.Namespace}
	o.ManagedFields = []metav1.ManagedFieldsEntry{managed("kubectl-client-side-apply", "", uint64(n), serviceFields)}
	return o
}

// slices is how many there are: one of each service and family.
func (c *cluster) slices() int { return c.services() * len(c.families("", "")) }

func (c *cluster) slice(n int) *discoveryv1.EndpointSlice {
	service, family := n%c.services(), n/c.services()
	of := c.service(service)
	seed := uint64(n) | 3<<48
	o := &discoveryv1.EndpointSlice{
		TypeMeta:    metav1.TypeMeta{APIVersion: "discovery.k8s.io/v1", Kind: "EndpointSlice"},
		ObjectMeta:  c.meta(of.Namespace, of.Name+"-"+digits(seed, 5), seed),
		AddressType: []discoveryv1.AddressType{discoveryv1.AddressTypeIPv4, discoveryv1.AddressTypeIPv6}[family],
		Ports:       []discoveryv1.EndpointPort{{Name: new("http"), Protocol: new(corev1.ProtocolTCP), Port: new(int32(8080))}},
	}
	o.GenerateName = of.Name + "-"
	o.Labels = map[string]string{
		discoveryv1.LabelServiceName: of.Name, discoveryv1.LabelManagedBy: "endpointslice-controller.k8s.io",
		"app.kubernetes.io/name": of.Name, "app.kubernetes.io/part-of": of.Namespace,
	}
	if headless(service) {
		o.Labels[corev1.IsHeadlessService] = ""
	}
	o.Annotations = map[string]string{corev1.EndpointsLastChangeTriggerTime: at(seed).UTC().Format("2006-01-02T15:04:05Z")}
	o.OwnerReferences = []metav1.OwnerReference{{
		APIVersion: "v1", Kind: "Service", Name: of.Name, UID: of.UID, Controller: new(true), BlockOwnerDeletion: new(true),
	}}
	o.ManagedFields = []metav1.ManagedFieldsEntry{managed("kube-controller-manager", "", seed, sliceFields)}
	for pod := daemons*c.nodes + service*members; pod < daemons*c.nodes+(service+1)*members; pod++ {
		if s := stage(c.stages[pod].Load()); s >= unready && s <= terminating {
			o.Endpoints = append(o.Endpoints, c.endpoint(pod, family, s))
		}
	}
	return o
}

func (c *cluster) endpoint(pod, family int, s stage) discoveryv1.Endpoint {
	generation := c.generations[pod].Load()
	p := &corev1.Pod{}
	c.podMeta(p, pod, seedOf(pod, generation))
	e := discoveryv1.Endpoint{
		Addresses: []string{c.podAddresses(pod, generation)[family]},
		NodeName:  new(nodeName(c.nodeOf(pod))), Zone: new(zone(c.nodeOf(pod))),
		TargetRef: &corev1.ObjectReference{Kind: "Pod", Namespace: p.Namespace, Name: p.Name, UID: p.UID},
		Conditions: discoveryv1.EndpointConditions{
			Ready: new(s == running), Serving: new(s == running || s == terminating), Terminating: new(s == terminating),
		},
	}
	if p.Spec.Hostname != "" {
		e.Hostname = &p.Spec.Hostname
	}
	return e
}
