package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/headless-dns/headless/test/e2e/chaos"
	"github.com/headless-dns/headless/test/e2e/harness"
)

// backAgain is how long after the API server is back its changes may take: the longest time between two tries.
const backAgain = 10*time.Second + propagation

// remembering is a server that is asked what it remembers, and the world that it is of.
type remembering struct {
	*harness.CoreDNS
	plane     *harness.ControlPlane
	metrics   string
	namespace string
	db, hand  *corev1.Service
	number    int64         // of the world, so that no address is in two
	known     chaos.Answers // what the API server had when it went
	changes   int
	before    []string // questions that had an answer then
}

var rememberings atomic.Int64

func (r *remembering) endpoint(i int) discoveryv1.Endpoint {
	return harness.Endpoint(fmt.Sprintf("198.19.%d.%d", r.number, i), fmt.Sprintf("member-%d", i))
}

// startRemembering makes a world with pods and with endpoints that somebody has written, and starts a server that has read
// it.
func startRemembering(t *testing.T, plane *harness.ControlPlane, proxy *harness.Proxy) *remembering {
	t.Helper()
	r := &remembering{plane: plane, namespace: plane.NewNamespace(t), metrics: harness.FreeAddress(t)}
	r.number = rememberings.Add(1)
	r.db, r.hand = harness.HeadlessService(r.namespace, "db"), harness.WithoutSelector(harness.HeadlessService(r.namespace, "hand"))
	plane.Create(t, r.db, harness.StatefulSet(r.db, "db", 2), r.hand,
		harness.Slice(r.hand, "hand", discoveryv1.AddressTypeIPv4, r.endpoint(1), r.endpoint(2)))
	r.CoreDNS = plane.StartCoreDNS(t, harness.CoreDNSOptions{
		Binary: corednsBinary, ThroughProxy: proxy, Env: []string{"METRICS_ADDRESS=" + r.metrics},
		Corefile: strings.Replace(alone("headless", fromKubeconfig, "namespaces "+r.namespace), "errors", "errors\n    prometheus {$METRICS_ADDRESS}", 1),
	})
	harness.Eventually(t, "the server is ready", r.Ready)
	r.expectTruth(t, "everything is answered", harness.Patience)
	harness.Eventually(t, "both pods are answered", func() error {
		reply, err := harness.Ask("udp", r.Address, serviceName(r.db)+" A")
		if err == nil && len(reply.Answer) != 2 {
			err = fmt.Errorf("%d of 2", len(reply.Answer))
		}
		return err
	})
	r.remember(t)
	return r
}

// remember notes what the API server has now.
func (r *remembering) remember(t *testing.T) {
	t.Helper()
	var err error
	if r.known, err = chaos.ReadAnswers(t.Context(), r.plane.Client, r.namespace); err != nil {
		t.Fatal(err)
	}
	r.before = r.known.Questions()
}

// change makes changes: of endpoints, and a service comes and another one goes.
func (r *remembering) change(t *testing.T) {
	t.Helper()
	r.changes++
	r.plane.ChangeSlice(t, r.namespace, "hand", func(s *discoveryv1.EndpointSlice) {
		s.Endpoints = []discoveryv1.Endpoint{r.endpoint(2), r.endpoint(20 + r.changes)}
	})
	name := fmt.Sprintf("late-%d", r.changes)
	late := harness.WithoutSelector(harness.HeadlessService(r.namespace, name))
	r.plane.Create(t, late, harness.Slice(late, name, discoveryv1.AddressTypeIPv4, r.endpoint(100+r.changes)))
	err := r.plane.Client.CoreV1().Services(r.namespace).Delete(t.Context(), r.db.Name, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
}

// expectTruth waits until every answer is that of the API's objects.
func (r *remembering) expectTruth(t *testing.T, what string, patience time.Duration) {
	t.Helper()
	if err := harness.Poll(patience, func() error {
		now, err := chaos.ReadAnswers(t.Context(), r.plane.Client, r.namespace)
		if err != nil {
			return err
		}
		return now.Check([]string{r.Address}, r.before...)
	}); err != nil {
		t.Errorf("Waiting until %s: %v", what, err)
	}
}

// expectRemembered wants every answer to be as it was, and the server to be ready.
func (r *remembering) expectRemembered(t *testing.T) {
	t.Helper()
	if err := r.known.Check([]string{r.Address}); err != nil {
		t.Errorf("Without the API: %v", err)
	}
	if err := r.Ready(); err != nil {
		t.Errorf("Without the API: %v", err)
	}
}

// expectSilence waits until the server says that nothing was heard for so long, or that all is heard.
func (r *remembering) expectSilence(t *testing.T, seconds float64, patience time.Duration) {
	t.Helper()
	if err := harness.Poll(patience, func() error {
		got := metric(t, r.metrics, "coredns_headless_api_silence_seconds")
		if seconds == 0 && got != 0 || got < seconds {
			return fmt.Errorf("it says %g seconds, want %g", got, seconds)
		}
		return nil
	}); err != nil {
		t.Errorf("How long the API was not heard: %v", err)
	}
}

func TestWhateverTheAPIServerAnswersWhatWasReadIsServedUntilItIsBack(t *testing.T) {
	t.Parallel()
	for _, code := range []int{http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusGone} {
		t.Run(http.StatusText(code), func(t *testing.T) {
			t.Parallel()
			proxy := cluster.OpenProxy(t)
			r := startRemembering(t, cluster, proxy)
			errorsBefore := metric(t, r.metrics, "coredns_headless_source_errors_total")
			begin := time.Now()
			proxy.Make(harness.Trouble{Code: code})
			r.change(t)
			const away = 12
			r.expectSilence(t, away, 2*harness.Patience)
			r.expectRemembered(t)
			sent, took := proxy.Requests(begin), time.Since(begin)
			expectNoStorm(t, "while it answers with an error", sent, took)
			if counted := metric(t, r.metrics, "coredns_headless_source_errors_total") - errorsBefore; counted == 0 {
				t.Error("No failure was counted")
			}

			back := time.Now()
			proxy.Make(harness.Trouble{})
			r.expectTruth(t, "what has changed meanwhile is answered", backAgain)
			r.expectSilence(t, 0, backAgain)
			expectNoStorm(t, "when it is back", proxy.Requests(back), time.Since(back))
			t.Logf("%d requests in %.0f s without the API; when it was back the answers were right after %.1f s and %d requests",
				sent, took.Seconds(), time.Since(back).Seconds(), proxy.Requests(back))
		})
	}
}

// expectNoStorm wants few requests: each of the three watches may try twice a second, and a few times at once when
// something begins.
func expectNoStorm(t *testing.T, when string, requests int, while time.Duration) {
	t.Helper()
	const watches = 3
	if most := watches * (4 + 2*int(while.Seconds())); requests > most {
		t.Errorf("The API server got %d requests in %s %s, want %d at most", requests, while, when, most)
	}
}

func TestASlowAPIServerIsFollowedSlowly(t *testing.T) {
	t.Parallel()
	proxy := cluster.OpenProxy(t)
	proxy.Make(harness.Trouble{Delay: time.Second})
	begin := time.Now()
	r := startRemembering(t, cluster, proxy)
	for range 3 {
		r.remember(t)
		r.plane.ChangeSlice(t, r.namespace, "hand", func(s *discoveryv1.EndpointSlice) {
			s.Endpoints = append(s.Endpoints, r.endpoint(10+len(s.Endpoints)))
		})
		r.expectTruth(t, "a change is answered", harness.Patience)
	}
	expectNoStorm(t, "of which each took a second", proxy.Requests(begin), time.Since(begin))
}

func TestWatchesThatAreCutAgainAndAgainMissNothing(t *testing.T) {
	t.Parallel()
	proxy := cluster.OpenProxy(t)
	r := startRemembering(t, cluster, proxy)
	begin := time.Now()
	prober := harness.StartProber(t, r.Address, serviceName(r.hand)+" A")
	for i := range 40 {
		proxy.Cut()
		r.plane.ChangeSlice(t, r.namespace, "hand", func(s *discoveryv1.EndpointSlice) {
			s.Endpoints = append(s.Endpoints[:1], r.endpoint(10+i))
		})
		prober.KeepOn(t, propagation/10)
	}
	r.expectTruth(t, "what has changed meanwhile is answered", backAgain)
	expectNoStorm(t, "while its connections are cut", proxy.Requests(begin), time.Since(begin))
	for _, sample := range prober.Stop() {
		if sample.Err != nil || !slices.Contains(sample.Addresses, r.endpoint(1).Addresses[0]) {
			t.Fatalf("An endpoint that was there all the time is missing: %s: %v", sample, sample.Err)
		}
	}
}
