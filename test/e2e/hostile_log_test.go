package e2e

import (
	"strings"
	"testing"
	"unicode"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// forgery is what somebody writes wherever he may, to have a line of the log of his own, or colours on a terminal.
const forgery = "x\n[ERROR] plugin/headless: forged\r\x1b[31m\x07\u202e"

// Queries, and objects of the API that may hold any text: an annotation, and the zone of an endpoint.
func TestNothingThatClientsOrTenantsWriteReachesTheLogAsItIs(t *testing.T) {
	t.Parallel()
	db := withPolicy(harness.WithoutSelector(harness.HeadlessService(cluster.NewNamespace(t), "db")), forgery)
	cluster.Create(t, db, &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: db.Namespace, Name: "by-hand", Labels: map[string]string{discoveryv1.LabelServiceName: db.Name},
			Annotations: map[string]string{forgery[:1]: forgery},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints: []discoveryv1.Endpoint{{
			Addresses: []string{"10.101.77.1"}, Zone: new(forgery),
			TargetRef: &corev1.ObjectReference{Kind: "Pod", Namespace: forgery, Name: forgery},
		}},
	})
	corefile := strings.Replace(alone("headless", fromKubeconfig, "endpoint_pod_names", "clients {\nnodes\nendpoints\n}",
		"policy near {\nnearest zone\n}", "apply near */*"), "errors",
		"errors\n    metadata\n    log . \"{remote} {name} {/headless/service} {/headless/topology-zone} {/headless/client-zone} {/headless/policy} {>id}\"\n    debug", 1)
	server := cluster.StartCoreDNS(t, harness.CoreDNSOptions{Binary: corednsBinary, Corefile: corefile})
	expectSet(t, server, "the endpoint is answered", db, "10.101.77.1")
	odd := `a\010\027[31m\007\013\200.`
	for _, name := range []string{odd + serviceName(db), odd + "pin._zone." + serviceName(db), odd + "_policy." + serviceName(db), odd + "cluster.local.", odd + "example.org."} {
		for _, network := range harness.Transports {
			query := new(dns.Msg).SetQuestion(name, dns.TypeA)
			if _, _, err := harness.Client(nil, network).Exchange(query, server.Address); err != nil {
				t.Error(err)
			}
		}
	}
	harness.Eventually(t, "the policy that nobody has defined is told of", func() error { return says(server, `names the policy "x\n[ERROR]`) })
	harness.Eventually(t, "the queries are told of", func() error { return says(server, `example.org. `) })
	for line := range strings.Lines(server.Output()) {
		if strings.HasPrefix(line, "[ERROR] plugin/headless") || strings.ContainsFunc(strings.TrimSuffix(line, "\n"), isOdd) {
			t.Errorf("This stands in the log: %q", line)
		}
	}
}

func isOdd(r rune) bool { return !unicode.IsPrint(r) && r != '\t' }
