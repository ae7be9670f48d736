package e2e

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// It does not run beside others: what is applied has fixed names.
func TestWhatIsDeployedIsAServiceWithTwoPodsThatAnyServiceOfDNSCanSelect(t *testing.T) {
	cluster.Apply(t, harness.Deployed(t, "*.yaml", "rights/nodes.yaml", "rights/pods.yaml", "rights/namespaces.yaml")...)
	dns := harness.WithoutSelector(harness.HeadlessService("kube-system", "kube-dns"))
	dns.Spec.ClusterIP = ""
	dns.Spec.Ports = []corev1.ServicePort{{Name: "dns", Port: 53, Protocol: corev1.ProtocolUDP}, {Name: "dns-tcp", Port: 53}}
	dns.Spec.Selector = map[string]string{"k8s-app": "kube-dns"}
	cluster.Create(t, dns)
	services := cluster.Client.CoreV1().Services("kube-system")
	t.Cleanup(func() {
		if err := services.Delete(context.Background(), dns.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	harness.Eventually(t, "the service has two pods", func() error { return hasPods("headless-dns", 2) })
	if err := hasPods("kube-dns", 0); err != nil {
		t.Errorf("Nobody is asked before somebody says so: %v", err)
	}
	cluster.ChangeService(t, "kube-system", dns.Name, func(s *corev1.Service) { s.Spec.Selector["k8s-app"] = deployedName })
	harness.Eventually(t, "the service of the cluster's DNS has the pods", func() error { return hasPods("kube-dns", 2) })
}

// hasPods wants a service of kube-system to have so many ready endpoints, with the ports of DNS.
func hasPods(service string, want int) error {
	selector := discoveryv1.LabelServiceName + "=" + service
	list, err := cluster.Client.DiscoveryV1().EndpointSlices("kube-system").List(context.Background(), metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return err
	}
	ready := map[string]bool{}
	for _, slice := range list.Items {
		for _, port := range slice.Ports {
			if *port.Port != 53 && *port.Port != 9153 {
				return fmt.Errorf("%s has the port %d", service, *port.Port)
			}
		}
		for _, e := range slice.Endpoints {
			if slice.AddressType == discoveryv1.AddressTypeIPv4 && *e.Conditions.Ready {
				ready[e.Addresses[0]] = true
			}
		}
	}
	if len(ready) != want {
		return fmt.Errorf("%s has the pods %v, want %d", service, slices.Collect(maps.Keys(ready)), want)
	}
	return nil
}

// The API server itself knows what a pod may ask for that is to be harmless.
func TestThePodThatIsDeployedMayRunWhereOnlyRestrictedOnesMay(t *testing.T) {
	t.Parallel()
	namespace := cluster.NewNamespace(t)
	cluster.ChangeNamespace(t, namespace, func(n *corev1.Namespace) {
		n.Labels["pod-security.kubernetes.io/enforce"] = "restricted"
	})
	template := harness.DeployedAs[appsv1.Deployment](t, "Deployment", deployedName, "deployment.yaml").Spec.Template
	template.Spec.PriorityClassName = "" // which only kube-system may have
	pods := cluster.Client.CoreV1().Pods(namespace)
	create := func(change func(*corev1.SecurityContext)) error {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "dns"}, Spec: *template.Spec.DeepCopy()}
		change(pod.Spec.Containers[0].SecurityContext)
		_, err := pods.Create(t.Context(), pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return err
	}
	if err := create(func(*corev1.SecurityContext) {}); err != nil {
		t.Error(err)
	}
	if err := create(func(c *corev1.SecurityContext) { c.Capabilities.Drop = nil }); err == nil {
		t.Error("One that keeps its capabilities was taken as well: this shows nothing")
	}
}
