package e2e

import (
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// Slices that others than the endpointslice controller have made.
func TestSlicesThatSomebodyElseMakesAreWatchedToo(t *testing.T) {
	t.Parallel()
	w := startWatchers(t)
	namespace := cluster.NewNamespace(t)
	mine := harness.WithoutSelector(harness.HeadlessService(namespace, "mine"))
	mirrored := harness.WithoutSelector(harness.HeadlessService(namespace, "mirrored"))
	claimed := harness.WithoutSelector(harness.HeadlessService(namespace, "claimed"))
	web := harness.WithoutSelector(harness.HeadlessService(namespace, "web"))
	clusterIP(web, "10.96.0.37")
	slice := func(s *corev1.Service, name string, labels map[string]string, address string) *discoveryv1.EndpointSlice {
		made := harness.Slice(s, name, discoveryv1.AddressTypeIPv4, harness.Endpoint(address, "first"))
		maps.Copy(made.Labels, labels)
		return made
	}
	label := func(name, key, value string) func() {
		return func() {
			cluster.ChangeSlice(t, namespace, name, func(s *discoveryv1.EndpointSlice) {
				if s.Labels[key] = value; value == "-" {
					delete(s.Labels, key)
				}
			})
		}
	}
	addresses := func(s *corev1.Service, addresses ...string) func() {
		return func() {
			want := harness.Want{Question: serviceName(s) + " A"}
			for _, address := range addresses {
				want.Answer = append(want.Answer, addressRecord(serviceName(s), address))
			}
			harness.Eventually(t, s.Name+" is answered", func() error { return harness.Check(w.all.Address, want) })
		}
	}
	controller := map[string]string{discoveryv1.LabelManagedBy: "endpointslice-controller.k8s.io"}
	names := []string{serviceName(mine), serviceName(mirrored), serviceName(claimed), serviceName(web), "first." + serviceName(mine)}
	for _, step := range []struct {
		what          string
		change, shown func()
	}{
		{"slices have no labels", func() {
			cluster.Create(t, mine, slice(mine, "mine", nil, "192.0.2.31"))
		}, addresses(mine, "192.0.2.31")},
		{"one carries the label", label("mine", corev1.IsHeadlessService, ""), addresses(mine, "192.0.2.31")},
		{"it does not any more", label("mine", corev1.IsHeadlessService, "-"), addresses(mine, "192.0.2.31")},
		{"it calls itself the controller's", label("mine", discoveryv1.LabelManagedBy, controller[discoveryv1.LabelManagedBy]), addresses(mine, "192.0.2.31")},
		{"it changes", func() {
			cluster.ChangeSlice(t, namespace, "mine", func(s *discoveryv1.EndpointSlice) {
				s.Endpoints = append(s.Endpoints, harness.Endpoint("192.0.2.32", ""))
			})
		}, addresses(mine, "192.0.2.31", "192.0.2.32")},
		{"it is somebody's again", label("mine", discoveryv1.LabelManagedBy, "-"), addresses(mine, "192.0.2.31", "192.0.2.32")},
		{"slices were there before their service", func() {
			cluster.Create(t, slice(claimed, "claimed", controller, "192.0.2.33"), claimed)
		}, addresses(claimed, "192.0.2.33")},
		{"endpoints are mirrored", func() {
			cluster.Create(t, mirrored, &corev1.Endpoints{ //nolint:staticcheck // deprecated, but still mirrored
				ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: mirrored.Name},
				Subsets: []corev1.EndpointSubset{{ //nolint:staticcheck // likewise
					Addresses: []corev1.EndpointAddress{{IP: "198.51.100.31"}}, Ports: []corev1.EndpointPort{{Name: "mysql", Port: 3306}},
				}},
			})
		}, addresses(mirrored, "198.51.100.31")},
		{"a slice lies about its service", func() {
			cluster.Create(t, web, slice(web, "web", map[string]string{corev1.IsHeadlessService: ""}, "192.0.2.34"))
		}, addresses(web, "10.96.0.37")},
		{"a slice is deleted", func() {
			if err := cluster.Client.DiscoveryV1().EndpointSlices(namespace).Delete(t.Context(), "claimed", metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
		}, func() { expectDenied(t, w.all, "it is denied", serviceName(claimed)+" A") }},
	} {
		w.step(t, step.what, step.change, step.shown, names, nil)
	}
}

// A slice that loses a label leaves one watch before it comes by another, or by none that there was.
func TestASliceThatMovesFromWatchToWatchIsNeverMissing(t *testing.T) {
	t.Parallel()
	server := startServer(t, sharedCorefile, nil)
	defer closeServer(t, server)
	db := harness.WithoutSelector(harness.HeadlessService(cluster.NewNamespace(t), "db"))
	cluster.Create(t, db, harness.Slice(db, "db", discoveryv1.AddressTypeIPv4, harness.Endpoint(resident, "")))
	want := harness.Want{Question: serviceName(db) + " A", Answer: []string{addressRecord(serviceName(db), resident)}}
	harness.Eventually(t, "it is answered", func() error { return harness.Check(server.Address, want) })
	prober := harness.StartProber(t, server.Address, serviceName(db)+" A")
	for i := range moves {
		cluster.ChangeSlice(t, db.Namespace, "db", func(s *discoveryv1.EndpointSlice) {
			delete(s.Labels, corev1.IsHeadlessService)
			delete(s.Labels, discoveryv1.LabelManagedBy)
			if i%3 > 0 {
				s.Labels[discoveryv1.LabelManagedBy] = "endpointslice-controller.k8s.io"
			}
			if i%3 > 1 {
				s.Labels[corev1.IsHeadlessService] = ""
			}
		})
		prober.KeepOn(t, propagation/10)
	}
	samples := prober.Stop()
	always := &harness.History{}
	always.Set(time.Time{}.Add(1), []string{resident})
	if err := always.Check(samples, 0); err != nil {
		t.Errorf("In %d moves: %v", moves, err)
	}
	t.Logf("%d answers while a slice moved %d times", len(samples), moves)
}

// Slices of services with a cluster IP are most of a cluster: they must cost nothing.
func TestNoSliceOfAServiceWithAClusterIPComesOverTheWire(t *testing.T) {
	t.Parallel()
	const slices, endpoints, changes = 10, 100, 10
	namespace := cluster.NewNamespace(t)
	db := harness.WithoutSelector(harness.HeadlessService(namespace, "db"))
	web := harness.WithoutSelector(harness.HeadlessService(namespace, "web"))
	clusterIP(web, "")
	cluster.Create(t, db, web, harness.Slice(db, "db", discoveryv1.AddressTypeIPv4, harness.Endpoint("192.0.2.41", "first")))
	for i := range slices {
		slice := harness.Slice(web, fmt.Sprint("web-", i), discoveryv1.AddressTypeIPv4)
		slice.Labels[discoveryv1.LabelManagedBy] = "endpointslice-controller.k8s.io"
		for j := range endpoints {
			slice.Endpoints = append(slice.Endpoints, harness.Endpoint(fmt.Sprintf("203.0.%d.%d", i, j+1), ""))
		}
		cluster.Create(t, slice)
	}
	received := map[string]func() int64{}
	servers := map[string]*harness.CoreDNS{}
	for _, mode := range []string{"headless", "all"} {
		gate, meter := cluster.NewMeteredGate(t)
		servers[mode] = cluster.StartCoreDNS(t, harness.CoreDNSOptions{
			Binary: corednsBinary, Through: gate,
			Corefile: alone("headless", fromKubeconfig, "watch "+mode, "namespaces "+namespace),
		})
		harness.Eventually(t, "the server is ready", servers[mode].Ready)
		received[mode] = meter.Received
	}
	listed := map[string]int64{"headless": received["headless"](), "all": received["all"]()}
	for change := range changes {
		for i := range slices {
			cluster.ChangeSlice(t, namespace, fmt.Sprint("web-", i), func(s *discoveryv1.EndpointSlice) {
				s.Endpoints[change].Conditions.Ready = new(false)
			})
		}
	}
	// What comes behind all that shows that it has come.
	cluster.ChangeSlice(t, namespace, "db", func(s *discoveryv1.EndpointSlice) { s.Endpoints[0].Addresses[0] = "192.0.2.42" })
	var errs []error
	for mode, server := range servers {
		want := harness.Want{Question: serviceName(db) + " A", Answer: []string{addressRecord(serviceName(db), "192.0.2.42")}}
		errs = append(errs, harness.Poll(harness.Patience, func() error { return harness.Check(server.Address, want) }))
		t.Logf("watch %s: %d bytes at the start, and %d in %d changes of a service with a cluster IP",
			mode, listed[mode], received[mode]()-listed[mode], slices*changes)
	}
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	narrow, plain := received["headless"]()-listed["headless"], received["all"]()-listed["all"]
	if narrow > 5_000 || plain < 10*narrow {
		t.Errorf("In %d changes came %d bytes, with the plain watch %d", slices*changes, narrow, plain)
	}
}
