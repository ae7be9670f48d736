package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// The minor versions of Kubernetes whose API servers are the first to do what headless asks of them at first.
const (
	selectsHeadless = 31 // takes spec.clusterIP as a field selector of services
	streamsLists    = 34 // streams lists by default
)

// An older API server is asked again, for what it can do. The test does not run beside others, for the log of the API
// server does not tell one CoreDNS from another.
func TestWhatAnAPIServerRefusesIsDoneWithout(t *testing.T) {
	namespace := cluster.NewNamespace(t)
	db := harness.WithoutSelector(harness.HeadlessService(namespace, "db"))
	web := harness.WithoutSelector(harness.HeadlessService(namespace, "web"))
	clusterIP(web, "")
	cluster.Create(t, db, web,
		harness.Slice(db, "db", discoveryv1.AddressTypeIPv4, harness.Endpoint("203.0.113.21", "first")),
		harness.Slice(web, "web", discoveryv1.AddressTypeIPv4, harness.Endpoint("203.0.113.29", "")))

	before := requests(t)
	server := cluster.StartCoreDNS(t, harness.CoreDNSOptions{
		Binary: corednsBinary, Corefile: alone("headless", fromKubeconfig), // No other plugin asks the API server.
	})
	harness.Eventually(t, "the server is ready", server.Ready)
	view := service{name: serviceName(db), endpoints: []endpoint{{"first", "203.0.113.21"}}}
	if err := harness.Check(server.Address, append(view.wants(), denied(serviceName(web)+" A")...)...); err != nil {
		t.Error(err)
	}
	cluster.ChangeSlice(t, namespace, "db", func(s *discoveryv1.EndpointSlice) {
		s.Endpoints = append(s.Endpoints, harness.Endpoint("203.0.113.22", "second"))
	})
	view.endpoints = append(view.endpoints, endpoint{"second", "203.0.113.22"})
	harness.Eventually(t, "a change is followed", func() error { return harness.Check(server.Address, view.wants()...) })
	cluster.ChangeService(t, namespace, "db", externalName)
	expectDenied(t, server, "a service that is headless no more has no names", serviceName(db)+" A")

	checkRefused(t, requests(t)[len(before):])
	if strings.Contains(server.Output(), "Could not") {
		t.Errorf("Something is logged as a failure:\n%s", server.Output())
	}
}

// checkRefused looks for the requests that this version of the API server must have refused, and no others.
func checkRefused(t *testing.T, sent []harness.Request) {
	t.Helper()
	minor := kubernetesMinor(t)
	for _, parameter := range []struct {
		name      string
		since     int
		refusal   int
		resources []string
	}{
		{"fieldSelector", selectsHeadless, http.StatusBadRequest, []string{"services"}},
		{"sendInitialEvents", streamsLists, http.StatusUnprocessableEntity, []string{"services", "endpointslices"}},
	} {
		for _, resource := range parameter.resources {
			answered := func(code int) bool {
				return slices.ContainsFunc(sent, func(r harness.Request) bool {
					return r.Resource == resource && r.Query.Has(parameter.name) && r.Code == code
				})
			}
			refused, taken, known := answered(parameter.refusal), answered(http.StatusOK), minor >= parameter.since
			if refused == known || taken != known {
				t.Errorf("Requests for %s with %s: refused %t, taken %t, by Kubernetes 1.%d:\n%+v",
					resource, parameter.name, refused, taken, minor, sent)
			}
		}
	}
}
