package e2e

import (
	"strings"
	"sync"
	"testing"

	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// reorderedBinary is a CoreDNS in which headless stands elsewhere; it is built by the first test that needs it.
var reorderedBinary = sync.OnceValues(harness.BuildReorderedCoreDNS)

// The places that the file beside the tests knows.
const (
	beforeKubernetes = "before kubernetes"
	last             = "last"
)

// placed is a CoreDNS with headless at a place in the order of plugins. Tests call it before they run beside others, some
// of which measure times: it may have to build.
func placed(t *testing.T, place string) harness.CoreDNSOptions {
	t.Helper()
	if *otherCoreDNS != "" {
		t.Skip("Another order of plugins takes a CoreDNS that is built here, and one is given")
	}
	binary, err := reorderedBinary()
	if err != nil {
		t.Fatal(err)
	}
	return harness.CoreDNSOptions{Binary: binary, Env: []string{"HEADLESS_PLACE=" + place}}
}

func TestDirectlyBeforeKubernetesOneLineMoreInTheCorefileOfKubeadmIsEnough(t *testing.T) {
	options := placed(t, beforeKubernetes)
	t.Parallel()
	for what, kubernetes := range kubernetesOptions {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			expectWholeDNS(t, options, kubernetes)
		})
	}
}

func TestDirectlyBeforeKubernetesHeaderDnssecAndMinimalActOnOurAnswersToo(t *testing.T) {
	options := placed(t, beforeKubernetes)
	t.Parallel()
	server, db := startBelow(t, options)
	for _, question := range append(ourQuestions(db), otherQuestions(db)...) {
		expectActed(t, server, question, true)
	}
}

func TestACacheAboveUsKeepsNoAnswerWhateverItsTimes(t *testing.T) {
	options := placed(t, beforeKubernetes)
	t.Parallel()
	options.Corefile = withCache("cache {\n success 9984 3600 600\n denial 9984 3600 600\n }")
	server := cluster.StartCoreDNS(t, options)
	expectFollowed(t, server, "198.18.0.1", "198.18.0.2")
	if strings.Contains(server.Output(), "The cache stands before") {
		t.Errorf("It warns of a cache that keeps nothing:\n%s", server.Output())
	}
}

func TestOfACacheAboveUsThatKeepsOurAnswersTheOperatorIsTold(t *testing.T) {
	options := placed(t, beforeKubernetes)
	t.Parallel()
	options.Corefile = withCache("oldcache")
	server := cluster.StartCoreDNS(t, options)
	want := "[WARNING] plugin/headless: The cache stands before headless in this build of CoreDNS and keeps its answers: " +
		"move the line of headless in plugin.cfg to directly after acl\n"
	if n := strings.Count(server.Output(), want); n != 1 {
		t.Errorf("It is said %d times that %q", n, want)
	}
}

// withCache is a Corefile with a cache and loadbalance for the names of headless services.
func withCache(cache string) string {
	return strings.Replace(alone("headless", fromKubeconfig), "    errors\n", "    errors\n    loadbalance\n    "+cache+"\n", 1)
}

// expectFollowed asks for a service that changes, with addresses that no other test uses: it must be answered as it is at
// each moment, complete and with the TTL that we gave.
func expectFollowed(t *testing.T, server *harness.CoreDNS, first, second string) {
	t.Helper()
	db := harness.WithoutSelector(harness.HeadlessService(cluster.NewNamespace(t), "db"))
	cluster.Create(t, db)
	expectDenied(t, server, "the service does not exist without endpoints",
		serviceName(db)+" A", "_mysql._tcp."+serviceName(db)+" SRV", "first."+serviceName(db)+" A")

	cluster.Create(t, harness.Slice(db, "db", discoveryv1.AddressTypeIPv4, harness.Endpoint(first, "first"), harness.Endpoint(second, "second")))
	both := service{serviceName(db), []endpoint{{"first", first}, {"second", second}}}
	harness.Eventually(t, "its endpoints are answered", func() error { return harness.Check(server.Address, both.wants()...) })
	if err := harness.Check(server.Address, both.wants()...); err != nil {
		t.Errorf("Asked again it answers otherwise: %v", err)
	}

	cluster.ChangeSlice(t, db.Namespace, "db", func(s *discoveryv1.EndpointSlice) { s.Endpoints = s.Endpoints[:1] })
	one := service{serviceName(db), []endpoint{{"first", first}}}
	harness.Eventually(t, "the one that is left is answered", func() error { return harness.Check(server.Address, one.wants()...) })
}

func TestABuildWithHeadlessAtTheEndIsRefusedWhereItWouldNeverBeAsked(t *testing.T) {
	options := placed(t, last)
	t.Parallel()
	tests := map[string]struct{ corefile, first string }{
		"the Corefile of kubeadm":   {kubeadmCorefile(t, "127.0.0.1:9", ""), "kubernetes"},
		"a Corefile with a forward": {withCache("forward . 127.0.0.1:9"), "forward"},
	}
	for what, tt := range tests {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			options := options
			options.Corefile = tt.corefile
			_, err := cluster.RunCoreDNS(options)
			if err == nil {
				t.Fatal("It has started")
			}
			for _, want := range []string{
				"exit code 1",
				"plugin/headless: " + tt.first + ` stands before headless in this build of CoreDNS and would answer for "cluster.local.": ` +
					"move the line of headless in plugin.cfg to directly after acl\n",
			} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("It does not say %q but\n%v", want, err)
				}
			}
		})
	}
}

func TestABuildWithHeadlessAtTheEndServesWhereNobodyElseAnswers(t *testing.T) {
	options := placed(t, last)
	t.Parallel()
	options.Corefile = withCache(`forward . 127.0.0.1:9 {
        except cluster.local in-addr.arpa ip6.arpa
    }
    kubernetes other.local {
        kubeconfig {$KUBECONFIG_FILE}
    }`)
	expectFollowed(t, cluster.StartCoreDNS(t, options), "198.18.1.1", "198.18.1.2")
}
