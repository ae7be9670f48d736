package e2e

import (
	"flag"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

var relist = flag.Bool("relist", false, "also list 100,000 endpoints again in little memory; give -coredns one without the race detector")

const (
	relistSlices   = 1000
	relistPerSlice = 100
)

// The limit is a quarter above what is alive when nothing happens: a second copy of everything does not fit, nor does the
// garbage that Go leaves lying around otherwise.
func TestEverythingIsListedAgainInLittleMoreMemoryThanItTakes(t *testing.T) {
	if !*relist {
		t.Skip("It takes minutes: -relist")
	}
	namespace := cluster.NewNamespace(t)
	big := harness.WithoutSelector(harness.HeadlessService(namespace, "big"))
	cluster.Create(t, big)
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(8)
	for i := range relistSlices {
		group.Go(func() error {
			_, err := cluster.Client.DiscoveryV1().EndpointSlices(namespace).Create(ctx, relistSlice(big, i), metav1.CreateOptions{})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	const all = relistSlices * relistPerSlice
	steady := startRelisted(t, namespace, nil, "off").alive(t)
	limit := steady * 5 / 4
	proxy := cluster.OpenProxy(t)
	limited := startRelisted(t, namespace, proxy, fmt.Sprintf("%.0f", limit))
	limited.expectEndpoints(t, all)

	member := func(i int) string { return fmt.Sprintf("member-%d-0.%s A", i, serviceName(big)) }
	prober := harness.StartProber(t, limited.Address, member(relistSlices/2))
	processor := limited.metric(t, "process_cpu_seconds_total")
	proxy.Make(harness.Trouble{Code: http.StatusGone}) // what was seen last has expired
	cluster.Create(t, relistSlice(big, relistSlices))
	if err := cluster.Client.DiscoveryV1().EndpointSlices(namespace).Delete(t.Context(), "big-0", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	proxy.Make(harness.Trouble{})
	harness.Eventually(t, "what has changed is answered", func() error {
		return harness.Check(limited.Address, append(denied(member(0)), harness.Want{Question: member(relistSlices), Answer: []string{
			addressRecord(strings.TrimSuffix(member(relistSlices), " A"), relistAddress(relistSlices, 0)),
		}})...)
	})
	took := time.Since(begin)
	limited.expectEndpoints(t, all)
	prober.KeepOn(t, propagation)
	slowest := time.Duration(0)
	for _, sample := range prober.Stop() {
		if sample.Err != nil || !slices.Equal(sample.Addresses, []string{relistAddress(relistSlices/2, 0)}) {
			t.Fatalf("While everything is listed again: %s: %v", sample, sample.Err)
		}
		slowest = max(slowest, sample.Answered.Sub(sample.Asked))
	}
	const mebibyte = 1 << 20
	t.Logf("%.0f MiB are alive at rest. With a limit of %.0f MiB everything was listed again in %.1f s and %.1f s of the processor. "+
		"%.0f MiB are resident, the binary among them. The slowest answer took %s", steady/mebibyte, limit/mebibyte, took.Seconds(),
		limited.metric(t, "process_cpu_seconds_total")-processor, limited.metric(t, "process_resident_memory_bytes")/mebibyte, slowest)
}

func relistSlice(big *corev1.Service, i int) *discoveryv1.EndpointSlice {
	slice := harness.Slice(big, fmt.Sprintf("big-%d", i), discoveryv1.AddressTypeIPv4)
	for j := range relistPerSlice {
		slice.Endpoints = append(slice.Endpoints, harness.Endpoint(relistAddress(i, j), fmt.Sprintf("member-%d-%d", i, j)))
	}
	return slice
}

func relistAddress(i, j int) string { return fmt.Sprintf("11.%d.%d.%d", i/250, i%250, j+1) }

// relisted is a server with a limit of its memory.
type relisted struct {
	*harness.CoreDNS
	metrics, pprof string
}

func startRelisted(t *testing.T, namespace string, proxy *harness.Proxy, limit string) *relisted {
	t.Helper()
	r := &relisted{metrics: harness.FreeAddress(t), pprof: harness.FreeAddress(t)}
	observed := "errors\n    prometheus " + r.metrics + "\n    pprof " + r.pprof
	r.CoreDNS = cluster.StartCoreDNS(t, harness.CoreDNSOptions{
		Binary: corednsBinary, ThroughProxy: proxy, Env: []string{"GOMEMLIMIT=" + limit},
		Corefile: strings.Replace(alone("headless", fromKubeconfig, "namespaces "+namespace), "errors", observed, 1),
	})
	harness.Eventually(t, "the server is ready", r.Ready)
	return r
}

func (r *relisted) metric(t *testing.T, name string) float64 {
	t.Helper()
	return metric(t, r.metrics, name)
}

func (r *relisted) expectEndpoints(t *testing.T, want float64) {
	t.Helper()
	harness.Eventually(t, "it has all endpoints", func() error {
		if got := r.metric(t, "coredns_headless_endpoints"); got != want {
			return fmt.Errorf("it has %g, want %g", got, want)
		}
		return nil
	})
}

// alive is how much memory there is that Go counts against a limit and that is not garbage.
func (r *relisted) alive(t *testing.T) float64 {
	t.Helper()
	heapInUse(t, r.pprof) // collects the garbage
	return r.metric(t, "go_memstats_heap_alloc_bytes") + r.metric(t, "go_memstats_sys_bytes") - r.metric(t, "go_memstats_heap_sys_bytes")
}
