package worlds

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// addPod adds a pod that a service selects. No kubelet looks after it: the world says what it does.
func (g *Generator) addPod(s *corev1.Service) {
	g.names++
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name:   fmt.Sprintf("pod-%d", g.names),
			Labels: map[string]string{"app": s.Name, harness.NoKubeletLabel: ""},
		},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{{Name: "main", Image: "none"}},
			NodeName:   pick(g, harness.Nodes...).Name,
		},
		Status: corev1.PodStatus{Phase: corev1.PodRunning},
	}
	if g.one(6) && g.odd {
		pod.Name += ".with.dots"
	}
	if !g.one(3) {
		pod.Spec.Subdomain, pod.Spec.Hostname = s.Name, pick(g, "db-0", fmt.Sprintf("db-%d", g.names))
	}
	four, six := g.newAddress(ipv4), g.newAddress(ipv6)
	pod.Status.PodIP, pod.Status.PodIPs = four, []corev1.PodIP{{IP: four}, {IP: six}}
	setPodReady(pod, !g.one(4))
	g.World.Pods = append(g.World.Pods, pod)
}

func setPodReady(pod *corev1.Pod, ready bool) {
	condition := corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionFalse}
	if ready {
		condition.Status = corev1.ConditionTrue
	}
	pod.Status.Conditions = []corev1.PodCondition{condition}
}

// addEndpointsObject has the mirroring controller make the slices. One may be left of a service of that name.
func (g *Generator) addEndpointsObject(s *corev1.Service) {
	if slices.ContainsFunc(g.World.Endpoints, func(e *corev1.Endpoints) bool { return e.Name == s.Name }) { //nolint:staticcheck // deprecated, but still mirrored
		return
	}
	object := &corev1.Endpoints{ObjectMeta: metav1.ObjectMeta{Name: s.Name}} //nolint:staticcheck // deprecated, but still mirrored
	for range 1 + g.IntN(2) {
		object.Subsets = append(object.Subsets, g.subset(s))
	}
	g.World.Endpoints = append(g.World.Endpoints, object)
}

func (g *Generator) subset(s *corev1.Service) corev1.EndpointSubset { //nolint:staticcheck // likewise
	var subset corev1.EndpointSubset //nolint:staticcheck // likewise
	for _, p := range s.Spec.Ports {
		subset.Ports = append(subset.Ports, corev1.EndpointPort{Name: p.Name, Port: p.Port, Protocol: p.Protocol})
	}
	for range 1 + g.IntN(4) {
		address := corev1.EndpointAddress{IP: g.newAddress(pick(g, ipv4, ipv4, ipv6))}
		if g.one(2) {
			address.Hostname = fmt.Sprintf("db-%d", g.IntN(4))
		}
		if g.one(4) {
			subset.NotReadyAddresses = append(subset.NotReadyAddresses, address)
		} else {
			subset.Addresses = append(subset.Addresses, address)
		}
	}
	return subset
}
