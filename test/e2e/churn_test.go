package e2e

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// churnLives is how many services come, change and go again. With seven changes each, 820 are what a cluster that changes
// every fifteen seconds has in a day.
var churnLives = flag.Int("churn.lives", 300, "how many services come, change and go again; 820 are a day")

const (
	// earlyLives are those before what is kept for good is there.
	earlyLives = 100
	// growthOfLife is what it would take if no more of each service stayed than its name: with an endpoint it takes ten
	// times that. growthOfHeap is what it has more or less at any time.
	growthOfLife = 100
	growthOfHeap = 16 << 10
	// mostGoroutines are those of connections and requests that just are.
	mostGoroutines = 10
)

func TestADayOfChangesLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	lives := *churnLives
	namespace := cluster.NewNamespace(t)
	metrics, pprof := harness.FreeAddress(t), harness.FreeAddress(t)
	corefile := func(negativeTTL int) string {
		return strings.Replace(alone("headless", fromKubeconfig, "namespaces "+namespace, fmt.Sprintf("negative_ttl %d", negativeTTL)),
			"errors", "errors\n    prometheus "+metrics+"\n    pprof "+pprof, 1)
	}
	server := cluster.StartCoreDNS(t, harness.CoreDNSOptions{Binary: corednsBinary, Corefile: corefile(0)})
	harness.Eventually(t, "the server is ready", server.Ready)
	reloads := 0
	live := func(from, to int) {
		t.Helper()
		const parts = 4
		for part := range parts {
			liveAndDie(t, namespace, from+part*(to-from)/parts, from+(part+1)*(to-from)/parts)
			reloads++
			server.ChangeCorefile(t, corefile(reloads))
			server.Signal(syscall.SIGUSR1)
			expectNegativeTTL(t, server, uint32(reloads))
		}
		last := fmt.Sprintf("life-%d.%s.svc.cluster.local.", to-1, namespace)
		expectDenied(t, server, "the last service is gone", last+" A", last+" SRV")
		harness.Eventually(t, "nothing is left", func() error {
			if n := metric(t, metrics, "coredns_headless_endpointslices"); n != 0 {
				return fmt.Errorf("there are %g slices", n)
			}
			return nil
		})
	}
	live(0, earlyLives)
	heap, goroutines := heapInUse(t, pprof), metric(t, metrics, "go_goroutines")
	live(earlyLives, earlyLives+lives)
	// What stays for a while only is gone soon.
	harness.Eventually(t, "nothing is left behind", func() error {
		heapAfter, goroutinesAfter := heapInUse(t, pprof), metric(t, metrics, "go_goroutines")
		if heapAfter > heap+lives*growthOfLife+growthOfHeap || goroutinesAfter > goroutines+mostGoroutines {
			return fmt.Errorf("the heap had %d octets, and has %d; there were %g goroutines, and are %g", heap, heapAfter, goroutines, goroutinesAfter)
		}
		t.Logf("The heap had %d octets, and has %d after %d lives of services; there were %g goroutines, and are %g",
			heap, heapAfter, lives, goroutines, goroutinesAfter)
		return nil
	})
}

// heapInUse is what is left of the heap after a collection, before anything else is done.
func heapInUse(t *testing.T, pprof string) (octets int) {
	t.Helper()
	harness.Eventually(t, "the heap is told", func() error { // the last reload may close a connection
		response, err := http.Get("http://" + pprof + "/debug/pprof/heap?gc=1&debug=1")
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			return err
		}
		_, after, _ := strings.Cut(string(text), "# HeapAlloc = ")
		_, err = fmt.Sscan(after, &octets)
		return err
	})
	return octets
}

// liveAndDie lets services come, change and go.
func liveAndDie(t *testing.T, namespace string, from, to int) {
	t.Helper()
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(8)
	for i := from; i < to; i++ {
		group.Go(func() error { return live(ctx, namespace, i) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

func live(ctx context.Context, namespace string, i int) error {
	name := fmt.Sprintf("life-%d", i)
	service := harness.WithoutSelector(harness.HeadlessService(namespace, name))
	endpoint := func(n int) discoveryv1.Endpoint {
		return harness.Endpoint(fmt.Sprintf("198.19.%d.%d", 100+n, i%250+1), fmt.Sprintf("member-%d-%d", i, n))
	}
	slice := harness.Slice(service, name, discoveryv1.AddressTypeIPv4, endpoint(0), endpoint(1))
	if i%2 == 0 {
		slice.Labels[corev1.IsHeadlessService] = ""
	}
	services := cluster.Client.CoreV1().Services(namespace)
	slices := cluster.Client.DiscoveryV1().EndpointSlices(namespace)
	if _, err := services.Create(ctx, service, metav1.CreateOptions{}); err != nil {
		return err
	}
	slice, err := slices.Create(ctx, slice, metav1.CreateOptions{})
	for n := range 3 {
		if err != nil {
			return err
		}
		slice.Endpoints = append(slice.Endpoints[1:], endpoint(n+2))
		slice, err = slices.Update(ctx, slice, metav1.UpdateOptions{})
	}
	if err != nil {
		return err
	}
	if err := services.Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
		return err
	}
	return slices.Delete(ctx, name, metav1.DeleteOptions{})
}
