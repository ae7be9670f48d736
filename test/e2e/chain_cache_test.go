package e2e

import (
	"testing"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// greedyCache keeps whatever it sees for longer than any test waits.
const greedyCache = "cache {\nsuccess 9984 3600 60\ndenial 9984 3600 60\nserve_stale\nservfail 5m\n}"

const kubernetesBehind = "kubernetes {\nkubeconfig {$KUBECONFIG_FILE}\nttl 30\nnoendpoints\n}"

func TestTheCacheKeepsNoAnswerOfHeadlessWhateverItIsTold(t *testing.T) {
	t.Parallel()
	namespace, metrics := cluster.NewNamespace(t), harness.FreeAddress(t)
	db := service{name: "db." + namespace + ".svc.cluster.local."}
	db.endpoints = []endpoint{{"db-0", "198.18.4.1"}, {"db-1", "198.18.4.2"}}
	cluster.Create(t, db.objects()...)
	server := startBlocks(t, block("cluster.local", greedyCache, "prometheus "+metrics,
		headlessOn(fromKubeconfig), kubernetesBehind))
	late := "db-2." + db.name
	check := func(what string, denied []harness.Want) {
		harness.Eventually(t, what, func() error {
			return harness.Check(server.Address, append(withoutReverse(db.wants()), denied...)...)
		})
	}
	check("two endpoints are answered and the third is denied", denied(late+" A", late+" AAAA"))
	check("they are again, with the whole time to live", denied(late+" A", late+" AAAA"))

	// What was denied is answered at once, and what was answered is changed.
	db.endpoints = append(db.endpoints[1:], endpoint{"db-2", "198.18.4.3"})
	cluster.ChangeSlice(t, namespace, "db-ipv4", func(s *discoveryv1.EndpointSlice) {
		s.Endpoints = append(s.Endpoints[1:], harness.Endpoint("198.18.4.3", "db-2"))
	})
	check("the change is answered", denied("db-0."+db.name+" A"))

	// What was answered is denied.
	cluster.ChangeSlice(t, namespace, "db-ipv4", func(s *discoveryv1.EndpointSlice) { s.Endpoints = nil })
	harness.Eventually(t, "nothing is left", func() error {
		return harness.Check(server.Address, denied(db.name+" A", "_mysql._tcp."+db.name+" SRV", late+" A")...)
	})
	if asked := metric(t, metrics, "coredns_cache_requests_total"); asked != 0 {
		t.Errorf("The cache was asked %v times, want 0", asked)
	}
}

// A cache that is not in the chain would pass the test above.
func TestTheCacheKeepsWhatFallsThrough(t *testing.T) {
	t.Parallel()
	metrics := harness.FreeAddress(t)
	web := harness.HeadlessService(cluster.NewNamespace(t), "web")
	web.Spec.ClusterIP = "10.96.0.36"
	cluster.Create(t, web)
	answer := addressWant(serviceName(web), web.Spec.ClusterIP)
	harness.Eventually(t, "the ClusterIP is known", func() error { return harness.Check(shared.Address, answer) })
	server := startBlocks(t, block("cluster.local", greedyCache, "prometheus "+metrics,
		headlessOn(fromKubeconfig), kubernetesBehind))
	none := "none." + serviceName(web) + " A"
	expectAddress(t, server, answer)
	check(t, server, denied(none)...)

	if err := cluster.Client.CoreV1().Services(web.Namespace).Delete(t.Context(), web.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	expectDenied(t, shared, "the service is gone", answer.Question)
	expectAddress(t, server, answer)
	check(t, server, denied(none)...)
	// Four questions of each kind, of which one went on to the plugin behind.
	for _, kind := range []string{"success", "denial"} {
		if hits := metric(t, metrics, "coredns_cache_hits_total", `type="`+kind+`"`); hits != 3 {
			t.Errorf("The cache has answered %v times of type %s, want 3", hits, kind)
		}
	}
}

// expectAddress compares an answer but its time to live, which the cache sets.
func expectAddress(t *testing.T, server *harness.CoreDNS, want harness.Want) {
	t.Helper()
	for _, network := range harness.Transports {
		reply, err := harness.Ask(network, server.Address, want.Question)
		if err != nil {
			t.Fatal(err)
		}
		for _, rr := range reply.Answer {
			rr.Header().Ttl = 30
		}
		if err := want.Compare(reply); err != nil {
			t.Errorf("%s over %s: %v", want.Question, network, err)
		}
	}
}
