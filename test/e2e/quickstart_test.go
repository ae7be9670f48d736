package e2e

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// mariadb is the service of examples/quickstart, with its pods where they are there.
var mariadb = service{
	name: "mariadb.default.svc.test.com.",
	endpoints: []endpoint{
		{"maradb-0", "172.16.44.32"}, {"maradb-1", "172.16.28.44"}, {"maradb-2", "172.16.154.25"},
	},
}

// startMariadb makes what examples/quickstart holds as manifests: here the pods come from the StatefulSet controller and
// the slices from the endpointslice controller.
func startMariadb(t *testing.T) {
	t.Helper()
	for i, e := range mariadb.endpoints {
		kubelet.Place("default", e.host, harness.Place{
			Node: harness.Nodes[i].Name, Addresses: []string{e.address, fmt.Sprintf("fd00:172:16::%d", i)},
		})
	}
	headless := harness.HeadlessService("default", "mariadb")
	cluster.Create(t, headless, harness.StatefulSet(headless, "maradb", 3))
}

func TestTheQuickstartsServicesAreAnswered(t *testing.T) {
	t.Parallel()
	startMariadb(t)
	cluster.Create(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "test"}})
	cluster.Create(t, nginx())

	for name, option := range map[string]string{"with fallthrough": "fallthrough", "without fallthrough": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := cluster.StartCoreDNS(t, harness.CoreDNSOptions{Binary: corednsBinary, Corefile: `test.com in-addr.arpa {
    bind 127.0.0.1
    errors
    ready {$READY_ADDRESS}
    headless test.com in-addr.arpa {
        kubeconfig {$KUBECONFIG_FILE}
        ttl 30
        ` + option + `
    }
    kubernetes test.com in-addr.arpa {
        kubeconfig {$KUBECONFIG_FILE}
        ttl 30
        noendpoints
    }
}`})
			harness.Eventually(t, "the pods run and are answered", func() error {
				return harness.Check(server.Address, mariadb.wants()...)
			})
			harness.Eventually(t, "the ClusterIP service is answered by the plugin behind", func() error {
				return harness.Check(server.Address, nginxWants()...)
			})
			harness.Eventually(t, "what does not exist is denied", func() error {
				return harness.Check(server.Address, denied(
					"maradb-3."+mariadb.name+" A", "a.maradb-0."+mariadb.name+" A", "_http._tcp."+mariadb.name+" SRV",
					"none.default.svc.test.com. A", "mariadb.none.svc.test.com. A", "none.test.com. A",
				)...)
			})
			harness.Eventually(t, "the server is ready", server.Ready)
		})
	}
}

// nginx is the ordinary service of the quickstart. Its address is of the cluster's first range.
func nginx() *corev1.Service {
	nginx := harness.HeadlessService("test", "nginx-svc")
	nginx.Spec.ClusterIP = "10.96.12.34"
	nginx.Spec.Ports = []corev1.ServicePort{{Name: "http", Port: 80}}
	return nginx
}

func nginxWants() []harness.Want {
	return []harness.Want{
		{Question: "nginx-svc.test.svc.test.com. A", Answer: []string{"nginx-svc.test.svc.test.com. 30 IN A 10.96.12.34"}},
		{Question: "nginx-svc.test.svc.test.com. AAAA"},
		{
			Question: "_http._tcp.nginx-svc.test.svc.test.com. SRV",
			Answer:   []string{"_http._tcp.nginx-svc.test.svc.test.com. 30 IN SRV 0 100 80 nginx-svc.test.svc.test.com."},
			Extra:    []string{"nginx-svc.test.svc.test.com. 30 IN A 10.96.12.34"},
		},
		{
			Question: "34.12.96.10.in-addr.arpa. PTR",
			Answer:   []string{"34.12.96.10.in-addr.arpa. 30 IN PTR nginx-svc.test.svc.test.com."},
		},
	}
}
