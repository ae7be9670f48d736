package e2e

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

func TestADualStackServiceHasBothFamilies(t *testing.T) {
	t.Parallel()
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	db.Spec.IPFamilyPolicy = new(corev1.IPFamilyPolicyRequireDualStack)
	cluster.Create(t, db, harness.StatefulSet(db, "db", 2))
	expectDualStack(t, db, 2)
}

// expectDualStack waits until a service is answered with both addresses of all pods of its namespace, and returns its
// answers.
func expectDualStack(t *testing.T, s *corev1.Service, pods int) []harness.Want {
	t.Helper()
	var wants []harness.Want
	harness.Eventually(t, "both families are answered", func() error {
		list, err := cluster.Client.CoreV1().Pods(s.Namespace).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			return err
		}
		view := service{name: serviceName(s)}
		for _, pod := range list.Items {
			for _, ip := range pod.Status.PodIPs {
				view.endpoints = append(view.endpoints, endpoint{pod.Name, ip.IP})
			}
		}
		if len(view.endpoints) != 2*pods {
			return fmt.Errorf("%d pods have %d addresses", pods, len(view.endpoints))
		}
		wants = view.wants()
		return harness.Check(shared.Address, wants...)
	})
	return wants
}

func TestHandMadeSlicesOfAServiceWithoutSelectorAreAnswered(t *testing.T) {
	t.Parallel()
	db := harness.WithoutSelector(harness.HeadlessService(cluster.NewNamespace(t), "db"))
	// Nothing says who made them or that the service is headless; both hold one endpoint.
	cluster.Create(t, db,
		harness.Slice(db, "one", discoveryv1.AddressTypeIPv4, harness.Endpoint("192.0.2.1", "first"), harness.Endpoint("192.0.2.2", "")),
		harness.Slice(db, "two", discoveryv1.AddressTypeIPv4, harness.Endpoint("192.0.2.2", ""), harness.Endpoint("192.0.2.3", "third")),
	)
	view := service{name: serviceName(db), endpoints: []endpoint{
		{"first", "192.0.2.1"}, {"192-0-2-2", "192.0.2.2"}, {"third", "192.0.2.3"},
	}}
	harness.Eventually(t, "the endpoints of both slices are answered, each once", func() error {
		return harness.Check(shared.Address, view.wants()...)
	})
}

func TestMirroredEndpointsAreAnswered(t *testing.T) {
	t.Parallel()
	db := harness.WithoutSelector(harness.HeadlessService(cluster.NewNamespace(t), "db"))
	cluster.Create(t, db, &corev1.Endpoints{ //nolint:staticcheck // deprecated, but still mirrored
		ObjectMeta: metav1.ObjectMeta{Namespace: db.Namespace, Name: db.Name},
		Subsets: []corev1.EndpointSubset{{ //nolint:staticcheck // likewise
			Addresses:         []corev1.EndpointAddress{{IP: "198.51.100.1", Hostname: "first"}, {IP: "198.51.100.2"}},
			NotReadyAddresses: []corev1.EndpointAddress{{IP: "198.51.100.3", Hostname: "third"}},
			Ports:             []corev1.EndpointPort{{Name: "mysql", Port: 3306}},
		}},
	})
	view := service{name: serviceName(db), endpoints: []endpoint{{"first", "198.51.100.1"}, {"198-51-100-2", "198.51.100.2"}}}
	harness.Eventually(t, "the mirrored endpoints are answered", func() error {
		return harness.Check(shared.Address, view.wants()...)
	})
	expectDenied(t, shared, "the one that is not ready has no name", "third."+serviceName(db)+" A")
}

// A ClusterIP service becomes headless through ExternalName only. The slices of such a service carry no label that says
// so: whoever goes by the label never learns of it.
func TestAServiceThatHadAClusterIPBeforeIsAnsweredAsHeadless(t *testing.T) {
	t.Parallel()
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	db.Spec.ClusterIP = "10.96.12.35"
	cluster.Create(t, db, harness.StatefulSet(db, "db", 2))
	asClusterIP := harness.Want{Question: serviceName(db) + " A", Answer: []string{serviceName(db) + " 30 IN A 10.96.12.35"}}
	harness.Eventually(t, "its ClusterIP is answered", func() error { return harness.Check(shared.Address, asClusterIP) })

	cluster.ChangeService(t, db.Namespace, db.Name, externalName)
	asExternal := harness.Want{Question: serviceName(db) + " CNAME", Answer: []string{serviceName(db) + " 30 IN CNAME db.example.org."}}
	harness.Eventually(t, "its external name is answered", func() error { return harness.Check(shared.Address, asExternal) })

	cluster.ChangeService(t, db.Namespace, db.Name, func(s *corev1.Service) { clusterIP(s, corev1.ClusterIPNone) })
	expectPods(t, shared, "its pods are answered", db, "db-0", "db-1")
	names := podNames(t, db, "db-0", "db-1")

	cluster.ChangeService(t, db.Namespace, db.Name, externalName)
	harness.Eventually(t, "its external name is answered again", func() error { return harness.Check(shared.Address, asExternal) })
	expectDenied(t, shared, "its pods have no names any more", names...)

	cluster.ChangeService(t, db.Namespace, db.Name, func(s *corev1.Service) { clusterIP(s, "10.96.12.35") })
	harness.Eventually(t, "its ClusterIP is answered again", func() error { return harness.Check(shared.Address, asClusterIP) })
}

func externalName(s *corev1.Service) {
	clusterIP(s, "")
	s.Spec.Type, s.Spec.ExternalName = corev1.ServiceTypeExternalName, "db.example.org"
}

func clusterIP(s *corev1.Service, address string) {
	s.Spec.Type, s.Spec.ExternalName, s.Spec.ClusterIP, s.Spec.ClusterIPs = corev1.ServiceTypeClusterIP, "", address, nil
	s.Spec.IPFamilies, s.Spec.IPFamilyPolicy = nil, nil
}

func TestAnExternalNameThatPointsToAHeadlessServiceHasItsAddresses(t *testing.T) {
	t.Parallel()
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	alias, chain := harness.HeadlessService(db.Namespace, "alias"), harness.HeadlessService(db.Namespace, "chain")
	for service, target := range map[*corev1.Service]*corev1.Service{alias: db, chain: alias} {
		externalName(service)
		service.Spec.Selector, service.Spec.ExternalName = nil, strings.TrimSuffix(serviceName(target), ".")
	}
	cluster.Create(t, db, alias, chain, harness.StatefulSet(db, "db", 2))
	expectPods(t, shared, "the pods are answered", db, "db-0", "db-1")
	toAlias := harness.Want{Question: serviceName(alias) + " A", Answer: []string{serviceName(alias) + " 30 IN CNAME " + serviceName(db)}}
	toChain := harness.Want{Question: serviceName(chain) + " A", Answer: []string{serviceName(chain) + " 30 IN CNAME " + serviceName(alias)}}
	toChain.Answer = append(toChain.Answer, toAlias.Answer...)
	for _, pod := range []string{"db-0", "db-1"} {
		address, err := podAddress(t.Context(), db.Namespace, pod)
		if err != nil {
			t.Fatal(err)
		}
		toAlias.Answer = append(toAlias.Answer, addressRecord(serviceName(db), address))
		toChain.Answer = append(toChain.Answer, addressRecord(serviceName(db), address))
	}
	wants := []harness.Want{toAlias, toChain, {Question: serviceName(alias) + " AAAA"}}
	harness.Eventually(t, "both names have the addresses", func() error { return harness.Check(shared.Address, wants...) })
}
