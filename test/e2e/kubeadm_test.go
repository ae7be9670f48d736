package e2e

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"text/template"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/headless-dns/headless/test/e2e/harness"
)

func TestOneLineMoreInTheCorefileOfKubeadmIsEnough(t *testing.T) {
	t.Parallel()
	for what, options := range kubernetesOptions {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			expectWholeDNS(t, harness.CoreDNSOptions{Binary: corednsBinary}, options)
		})
	}
}

// kubernetesOptions are what is added to the kubernetes plugin of kubeadm.
var kubernetesOptions = map[string]string{"kubernetes whole": "", "kubernetes without endpoints": "noendpoints"}

// expectWholeDNS starts a CoreDNS with the Corefile of kubeadm and a line for headless in it, and asks for everything
// that a cluster asks of its DNS.
func expectWholeDNS(t *testing.T, options harness.CoreDNSOptions, kubernetes string) {
	t.Helper()
	resolver := harness.StartResolver(t, "www.example.org. 300 IN A 192.0.2.201", "201.2.0.192.in-addr.arpa. 300 IN PTR www.example.org.")
	options.Corefile = kubeadmCorefile(t, resolver.Address, kubernetes)
	server := cluster.StartCoreDNS(t, options)
	db, web := createServices(t)
	var wants []harness.Want
	harness.Eventually(t, "the names of the headless service are answered", func() error {
		view := service{name: serviceName(db)}
		for _, pod := range []string{"db-0", "db-1"} {
			address, err := podAddress(t.Context(), db.Namespace, pod)
			if err != nil {
				return err
			}
			view.endpoints = append(view.endpoints, endpoint{pod, address})
		}
		wants = withTTL(view.wants(), 5) // the line gives no other
		return harness.Check(server.Address, wants...)
	})
	wants = append(wants, denied("db-9."+serviceName(db)+" A", "none."+db.Namespace+".svc.cluster.local. A")...)
	wants = append(wants, namesOfKubernetes(t, web)...)
	harness.Eventually(t, "all other names of the cluster are answered", func() error {
		return harness.Check(server.Address, wants...)
	})
	expectForwarded(t, server, resolver)
	if err := harness.Check(server.Address, wants...); err != nil {
		t.Errorf("Asked again it answers otherwise: %v", err)
	}
}

// kubeadmCorefile is what kubeadm writes, with our line, and with what a test needs to run it on loopback: addresses,
// a kubeconfig, and no waiting when it ends.
func kubeadmCorefile(t *testing.T, upstream, kubernetes string) string {
	t.Helper()
	corefile := corefileOfKubeadm(t)
	for _, change := range [][2]string{
		{".:53 {", ". {\n    bind 127.0.0.1"},
		{"health {\n       lameduck 5s\n    }", "health " + harness.FreeAddress(t)},
		{"    ready\n", "    ready {$READY_ADDRESS}\n    headless cluster.local in-addr.arpa ip6.arpa {\n        " + fromKubeconfig + "\n    }\n"},
		{"   pods insecure\n", "   pods insecure\n       " + fromKubeconfig + "\n       " + kubernetes + "\n"},
		{"prometheus :9153", "prometheus " + harness.FreeAddress(t)},
		{"/etc/resolv.conf", upstream},
	} {
		if strings.Count(corefile, change[0]) != 1 {
			t.Fatalf("The Corefile of kubeadm does not have %q once:\n%s", change[0], corefile)
		}
		corefile = strings.Replace(corefile, change[0], change[1], 1)
	}
	return corefile
}

// corefileOfKubeadm reads it from the source of the kubeadm that belongs to the control plane.
func corefileOfKubeadm(t *testing.T) string {
	t.Helper()
	path := kubernetesSource(t, "cmd", "kubeadm", "app", "phases", "addons", "dns", "manifests.go")
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var manifest string
	ast.Inspect(file, func(node ast.Node) bool {
		if spec, ok := node.(*ast.ValueSpec); ok && spec.Names[0].Name == "CoreDNSConfigMap" {
			manifest, err = strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		}
		return err == nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := template.Must(template.New("").Parse(manifest)).Execute(&text, map[string]string{"DNSDomain": "cluster.local"}); err != nil {
		t.Fatal(err)
	}
	var configMap corev1.ConfigMap
	if err := yaml.Unmarshal([]byte(text.String()), &configMap); err != nil {
		t.Fatal(err)
	}
	return configMap.Data["Corefile"]
}

// kubernetesSource is the path of a file in the source of the control plane.
func kubernetesSource(t *testing.T, elements ...string) string {
	t.Helper()
	folder, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "k8s.io/kubernetes").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(append([]string{strings.TrimSpace(string(folder))}, elements...)...)
}

// createServices makes a headless service with two pods, and one with a ClusterIP.
func createServices(t *testing.T) (headless, clusterIP *corev1.Service) {
	t.Helper()
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	web := harness.HeadlessService(db.Namespace, "web")
	web.Spec.ClusterIP = ""
	cluster.Create(t, db, web, harness.StatefulSet(db, "db", 2))
	return db, web
}

// namesOfKubernetes are the answers of the kubernetes plugin for a service with a ClusterIP and for pods.
func namesOfKubernetes(t *testing.T, s *corev1.Service) []harness.Want {
	t.Helper()
	created, err := cluster.Client.CoreV1().Services(s.Namespace).Get(t.Context(), s.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ip, name := created.Spec.ClusterIP, serviceName(s)
	reverse, err := dns.ReverseAddr(ip)
	if err != nil {
		t.Fatal(err)
	}
	pod := "10-1-2-3." + s.Namespace + ".pod.cluster.local."
	wants := []harness.Want{
		{Question: name + " A", Answer: []string{name + " 30 IN A " + ip}},
		{
			Question: "_mysql._tcp." + name + " SRV",
			Answer:   []string{"_mysql._tcp." + name + " 30 IN SRV 0 100 3306 " + name},
			Extra:    []string{name + " 30 IN A " + ip},
		},
		{Question: reverse + " PTR", Answer: []string{reverse + " 30 IN PTR " + name}},
		{Question: pod + " A", Answer: []string{pod + " 30 IN A 10.1.2.3"}},
	}
	for i := range wants {
		wants[i].Cached = 30
	}
	return wants
}

// expectForwarded asks for names outside of the cluster, twice each: they come from the resolver, and then, but for
// reverse names where these bypass the cache, from there.
func expectForwarded(t *testing.T, server *harness.CoreDNS, resolver *harness.Resolver) {
	t.Helper()
	for question, want := range map[string]string{
		"www.example.org. A":            "192.0.2.201",
		"201.2.0.192.in-addr.arpa. PTR": "www.example.org.",
		"none.example.org. A":           "NXDOMAIN",
	} {
		for _, network := range harness.Transports {
			reply, err := harness.Ask(network, server.Address, question)
			if err != nil {
				t.Fatal(err)
			}
			got := dns.RcodeToString[reply.Rcode]
			if len(reply.Answer) == 1 {
				got = dns.Field(reply.Answer[0], 1)
			}
			if got != want {
				t.Errorf("To %s it answers over %s with %s, want %s", question, network, got, want)
			}
		}
		if n := resolver.Asked(question); n != 1 && !strings.Contains(question, ".arpa.") {
			t.Errorf("The resolver was asked %d times for %s, which the cache keeps", n, question)
		}
	}
}

// withTTL is the same with another time to live.
func withTTL(wants []harness.Want, ttl int) []harness.Want {
	var changed []harness.Want
	for _, want := range wants {
		for _, records := range []*[]string{&want.Answer, &want.Extra} {
			var others []string
			for _, record := range *records {
				others = append(others, strings.Replace(record, " 30 IN ", fmt.Sprintf(" %d IN ", ttl), 1))
			}
			*records = others
		}
		changed = append(changed, want)
	}
	return changed
}
