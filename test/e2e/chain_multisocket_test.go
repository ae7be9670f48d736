package e2e

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// Each query comes from another port, by which the kernel chooses the socket: that all of 50 over UDP go to one of
// two happens once in 2^49 runs. It does not run beside others, for the log of the API server does not tell one
// CoreDNS from another.
func TestSeveralSocketsShareOneWatchOfEachResource(t *testing.T) {
	namespace := cluster.NewNamespace(t)
	db := service{name: "db." + namespace + ".svc.cluster.local."}
	db.endpoints = []endpoint{{"db-0", "198.18.3.1"}, {"db-1", "198.18.3.2"}}
	cluster.Create(t, db.objects()...)
	harness.Eventually(t, "the service is answered", func() error { return harness.Check(shared.Address, db.wants()...) })

	before := len(requests(t))
	server := startBlocks(t, block("cluster.local in-addr.arpa", "multisocket 2", headlessOn(fromKubeconfig)))
	var errs []error
	for range 50 {
		errs = append(errs, harness.Check(server.Address, db.wants()[0]))
	}
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	check(t, server, db.wants()...)
	// Slices of headless services and slices that no controller keeps are watched apart.
	want, taken := map[string]int{"watch services": 1, "watch endpointslices": 2}, map[string]int{}
	if kubernetesMinor(t) < streamsLists {
		want["list services"], want["list endpointslices"] = 1, 2
	}
	for _, request := range requests(t)[before:] {
		if request.Code == http.StatusOK { // an older API server refuses some first
			taken[request.Verb+" "+request.Resource]++
		}
	}
	if d := cmp.Diff(want, taken); d != "" {
		t.Errorf("Requests to the API server (-want +got)\n%s", d)
	}
}
