package kubernetes

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/headless-dns/headless/source"
)

// clientPod is a Pod that runs in a namespace.
func clientPod(namespace, name, address string) *corev1.Pod {
	p := &corev1.Pod{}
	p.Namespace, p.Name, p.Spec.NodeName = namespace, name, "worker-1"
	p.Labels = map[string]string{"role": "primary"}
	p.Status.PodIPs = []corev1.PodIP{{IP: address}}
	return p
}

// One watch of whole Pods gives where clients are, and the labels that policies look at.
func TestPodsThatAreClientsAreFollowedInAllNamespacesByOneWatch(t *testing.T) {
	s, _ := withPods(t, source.Uses{ClientPods: true, Labels: []string{"role"}})
	client := fake.NewClientset(clientPod("default", "web-1", "10.0.0.1"), clientPod("shop", "web-2", "10.0.0.2"))
	s.client = client
	s.decoder.Namespaces = []string{"default"}
	sink := start(t, s)
	sink.waitForFacts(t)
	if len(sink.pods) != 2 || sink.labelsOf("web-1")["role"] != "primary" {
		t.Errorf("The pods are %v", sink.pods)
	}
	watched := 0
	for _, action := range client.Actions() {
		if action.GetResource().Resource == "pods" && action.GetVerb() == "watch" {
			watched++
			if action.GetNamespace() != "" {
				t.Errorf("Pods are watched in %q", action.GetNamespace())
			}
		}
	}
	if watched != 1 {
		t.Errorf("There are %d watches of Pods", watched)
	}
}

func TestPodsThatHaveEndedAreNotAskedFor(t *testing.T) {
	s, _ := withPods(t, source.Uses{ClientPods: true})
	if got := s.clientPods(newRecorder(), func() {}).fields; !strings.Contains(got, "status.phase!=Succeeded") || !strings.Contains(got, "status.phase!=Failed") {
		t.Errorf("The field selector is %q", got)
	}
}
