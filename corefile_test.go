package headless

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/plugin/pkg/fall"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/headless-dns/headless/source/kubernetes"
)

func TestABlockIsReadAsTheReadmeSays(t *testing.T) {
	selector, err := labels.Parse("environment in (production, qa),application=nginx")
	if err != nil {
		t.Fatal(err)
	}
	base := func(change func(c *config)) config {
		c := config{root: "/etc/coredns", zones: []string{"cluster.local."}, ttl: 5, negativeTTL: 5, soaTTL: 5, startupTimeout: 5 * time.Second, stale: 5 * time.Minute, maxAge: 24 * time.Hour}
		change(&c)
		return c
	}
	tests := map[string]config{
		"headless":                                base(func(*config) {}),
		"headless {\n}":                           base(func(*config) {}),
		"headless Example.org 10.0.0.0/8":         base(func(c *config) { c.zones = []string{"example.org.", "10.in-addr.arpa."} }),
		"headless {\nttl 30\n}":                   base(func(c *config) { c.ttl, c.negativeTTL, c.soaTTL = 30, 30, 30 }),
		"headless {\nnegative_ttl 1\nttl 30\n}":   base(func(c *config) { c.ttl, c.negativeTTL, c.soaTTL = 30, 1, 1 }),
		"headless {\nttl 0\nnegative_ttl 3600\n}": base(func(c *config) { c.ttl, c.negativeTTL, c.soaTTL = 0, 3600, 3600 }),
		"headless {\nttl 3600\n}":                 base(func(c *config) { c.ttl, c.negativeTTL, c.soaTTL = 3600, 3600, 300 }),
		"headless {\nkubeconfig kube/config\n}":   base(func(c *config) { c.api.Kubeconfig = "/etc/coredns/kube/config" }),
		"headless {\nkubeconfig /kube/config admin\n}": base(func(c *config) {
			c.api = kubernetes.Config{Kubeconfig: "/kube/config", Context: "admin"}
		}),
		"headless {\nendpoint https://10.0.0.1:6443\ntls cert key ca\n}": base(func(c *config) {
			c.api = kubernetes.Config{Endpoint: "https://10.0.0.1:6443", Cert: "/etc/coredns/cert", Key: "/etc/coredns/key", CA: "/etc/coredns/ca"}
		}),
		"headless {\nwatch all\n}":                                                          base(func(c *config) { c.api.WatchAll = true }),
		"headless {\nwatch headless\n}":                                                     base(func(*config) {}),
		"headless {\nmanifests one /two\n}":                                                 base(func(c *config) { c.manifests = []string{"/etc/coredns/one", "/two"} }),
		"headless {\nnamespaces a b a\n}":                                                   base(func(c *config) { c.namespaces = []string{"a", "b"} }),
		"headless {\nlabels environment in (production, qa),application=nginx\n}":           base(func(c *config) { c.labels = selector }),
		"headless {\nendpoint_pod_names\n}":                                                 base(func(c *config) { c.podNames = true }),
		"headless {\nnamespace_labels environment in (production, qa),application=nginx\n}": base(func(c *config) { c.namespaceLabels = selector }),
		"headless {\nunready_names\n}":                                                      base(func(c *config) { c.unreadyNames = serviceGlobs{"*/*"} }),
		"headless {\nunready_names default/db-? */web\n}":                                   base(func(c *config) { c.unreadyNames = serviceGlobs{"default/db-?", "*/web"} }),
		"headless {\nstartup_timeout 1m30s\n}":                                              base(func(c *config) { c.startupTimeout = 90 * time.Second }),
		"headless {\nstale 90s\n}":                                                          base(func(c *config) { c.stale = 90 * time.Second }),
		"headless {\nfallthrough\n}":                                                        base(func(c *config) { c.fall = fall.Root }),
		"headless {\nfallthrough in-addr.arpa ip6.arpa\n}":                                  base(func(c *config) { c.fall.Zones = []string{"in-addr.arpa.", "ip6.arpa."} }),
	}
	for input, want := range tests {
		c := caddy.NewTestController("dns", input)
		c.ServerBlockKeys = []string{"cluster.local."}
		got, err := parse(c, "/etc/coredns")
		if err != nil {
			t.Errorf("%q is refused: %v", input, err)
		} else if !reflect.DeepEqual(*got, want) {
			t.Errorf("%q is read as\n%+v\nwant\n%+v", input, *got, want)
		}
	}
}

func TestMistakesInABlockAreRefusedQuotingThem(t *testing.T) {
	tests := map[string]string{
		"headless {\nnonsense\n}":                         "unknown property 'nonsense'",
		"headless {\npolicy x\n}":                         "policy: 'x' needs a block: '{' at the end of the line, and '}' on a line of its own",
		"headless\nheadless":                              "Testfile:2 - Error during parsing: this plugin can only be used once",
		"headless\n{\nttl 5\n}":                           "unexpected '{'",
		"headless {\nstartup_timeout 5s {\n}\n}":          "unexpected '}'",
		"headless cluster.local { fallthrough }":          "'}' is no zone",
		"headless {\nttl 5\nfallthrough }":                "'}' is no zone",
		"headless {}":                                     "'{}' is no zone",
		"headless cluster.local 10.0.0.0/33":              "'10.0.0.0/33' is no zone",
		"headless {\nfallthrough a..b\n}":                 "fallthrough: 'a..b' is no zone",
		"headless {\nkubeconfig \"\"\n}":                  "kubeconfig: an argument is empty",
		"headless {\nmanifests \"\"\n}":                   "manifests: an argument is empty",
		"headless {\nlabels \"\"\n}":                      "labels: an argument is empty",
		"headless {\nttl 5\nttl 6\n}":                     "property 'ttl' is given twice",
		"headless in-addr.arpa":                           "a zone that is no reverse zone is needed beside in-addr.arpa.",
		"headless 10.0.0.0/8":                             "a zone that is no reverse zone is needed beside 10.in-addr.arpa.",
		"headless a..b":                                   "'a..b' is no zone",
		"headless {\nttl\n}":                              "ttl: needs SECONDS",
		"headless {\nttl 5 6\n}":                          "ttl: needs SECONDS, but has '5 6'",
		"headless {\nttl -1\n}":                           "'-1' is no number of seconds from 0 to 3600",
		"headless {\nttl 3601\n}":                         "'3601' is no number of seconds",
		"headless {\nttl 5s\n}":                           "'5s' is no number of seconds",
		"headless {\nnegative_ttl x\n}":                   "negative_ttl: 'x' is no number",
		"headless {\nstartup_timeout\n}":                  "startup_timeout: needs DURATION",
		"headless {\nstartup_timeout 5\n}":                "'5' is no duration",
		"headless {\nstartup_timeout -5s\n}":              "'-5s' is no duration",
		"headless {\nlabels\n}":                           "labels: needs SELECTOR",
		"headless {\nlabels a in b\n}":                    "'a in b' is no label selector",
		"headless {\nnamespaces\n}":                       "namespaces: needs NAMESPACE...",
		"headless {\nnamespaces Kube_System\n}":           "'Kube_System' is no name of a namespace",
		"headless {\nendpoint_pod_names yes\n}":           "takes no arguments, but has 'yes'",
		"headless {\nunready_names db\n}":                 "unready_names: 'db' is no pattern of services, such as default/db",
		"headless {\nunready_names default/\n}":           "'default/' is no pattern of services",
		"headless {\nunready_names a/b/c\n}":              "'a/b/c' is no pattern of services",
		"headless {\nunready_names default/[\n}":          "'default/[' is no pattern of services",
		"headless {\nnamespace_labels a in b\n}":          "namespace_labels: 'a in b' is no label selector",
		"headless {\nnamespaces a\nnamespace_labels b\n}": "'namespaces' and 'namespace_labels' are two ways to choose namespaces",
		"headless {\nkubeconfig\n}":                       "kubeconfig: needs FILE [CONTEXT]",
		"headless {\nkubeconfig a b c\n}":                 "but has 'a b c'",
		"headless {\nkubeconfig missing\n}":               "missing",
		"headless {\nendpoint\n}":                         "endpoint: needs URL",
		"headless {\nendpoint 10.0.0.1:6443\n}":           "'10.0.0.1:6443' is no URL",
		"headless {\ntls a b c\n}":                        "'tls' needs an 'endpoint'",
		"headless {\nendpoint https://a\ntls a b\n}":      "tls: needs CERT KEY CACERT, but has 'a b'",
		"headless {\nwatch\n}":                            "watch: needs headless|all",
		"headless {\nwatch some\n}":                       "watch: 'some' is neither headless nor all",
		"headless {\nwatch all headless\n}":               "watch: needs headless|all, but has 'all headless'",
		"headless {\nmanifests .\nwatch all\n}":           "'watch' is about an API server",
		"headless {\nmanifests .\nstale 1m\n}":            "'stale' is about an API server",
		"headless {\nmanifests .\nsnapshot x\n}":          "'snapshot' is about an API server",
		"headless {\nsnapshot\n}":                         "snapshot: needs FILE [MAX_AGE]",
		"headless {\nsnapshot a 1h b\n}":                  "snapshot: needs FILE [MAX_AGE], but has 'a 1h b'",
		"headless {\nsnapshot a old\n}":                   "snapshot: 'old' is no duration above 0",
		"headless {\nsnapshot .\n}":                       "snapshot: '.' is no file",
		"headless {\nsnapshot missing/file\n}":            "snapshot: 'missing/file' is to be kept in a folder that does not exist",
		"headless {\nstale\n}":                            "stale: needs DURATION",
		"headless {\nstale 1m 2m\n}":                      "stale: needs DURATION, but has '1m 2m'",
		"headless {\nstale 0s\n}":                         "stale: '0s' is no duration above 0",
		"headless {\nstale soon\n}":                       "stale: 'soon' is no duration above 0",
		"headless {\nmanifests\n}":                        "manifests: needs PATH...",
		"headless {\nmanifests no/such/folder\n}":         "no/such/folder",
		"headless {\nmanifests .\nkubeconfig x\n}":        "'kubeconfig' and 'manifests' are different sources",
		"headless {\nendpoint https://a\nkubeconfig x\n}": "'kubeconfig' and 'endpoint' are different sources",
	}
	for input, want := range tests {
		c := caddy.NewTestController("dns", input)
		c.ServerBlockKeys = []string{"cluster.local."}
		if err := setup(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives the error %v, want %q", input, err, want)
		}
	}
}

func TestAContextThatTheKubeconfigLacksIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config")
	text := "apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\ncontexts: [{name: here, context: {cluster: c}}]\ncurrent-context: here\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for context, want := range map[string]string{"": "", "here": "", "elsewhere": "elsewhere"} {
		c := caddy.NewTestController("dns", "headless cluster.local {\nkubeconfig "+file+" "+context+"\n}")
		if err := setup(c); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("With the context %q the error is %v", context, err)
		}
	}
}

func TestWithoutASourceTheClusterIsMeant(t *testing.T) {
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	err := setup(caddy.NewTestController("dns", "headless cluster.local"))
	if err == nil || !strings.Contains(err.Error(), "no 'kubeconfig', 'endpoint' or 'manifests' is given, and CoreDNS does not run in a cluster") {
		t.Errorf("The error is %v", err)
	}
}

// FuzzCorefile reads any block: it must be refused or understood, never panic.
func FuzzCorefile(f *testing.F) {
	for name := range directives {
		f.Add("headless a.org {\n" + name + " 1 b c\n}")
	}
	f.Add("headless\nheadless 10.0.0.0/9 {\nttl 5\n")
	for _, block := range slices.Concat(wrongPolicies, wrongPlaces, wrongExpressions, wrongApplications) {
		f.Add("headless a.org {\n" + block.text + "\n}")
	}
	for _, block := range rightPolicies {
		f.Add("headless a.org {\n" + block + "\n}")
	}
	f.Fuzz(func(t *testing.T, input string) {
		conf, err := parse(caddy.NewTestController("dns", input), "")
		if err != nil || conf == nil {
			return
		}
		if conf.forwardZone() == "" || conf.ttl > maxTTL || conf.negativeTTL > maxTTL || len(conf.compiled) != len(conf.policies) {
			t.Errorf("%q is read as %+v", input, conf)
		}
		for _, a := range conf.applications {
			if conf.compiled[a.policy] == nil && a.policy != noPolicy || a.share < 1 || a.share > wholeShare || len(a.globs) == 0 {
				t.Errorf("%q has the application %+v", input, a)
			}
		}
	})
}
