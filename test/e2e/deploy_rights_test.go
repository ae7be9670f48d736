package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// What the files in deploy are called.
const (
	deployedName       = "headless-dns"
	deployedNodes      = deployedName + "-nodes"
	deployedPods       = deployedName + "-pods"
	deployedNamespaces = deployedName + "-namespaces"
)

// rightsFor are the roles in deploy that a configuration needs; none means those of one namespace.
var rightsFor = map[string]struct {
	properties []string
	roles      []string
}{
	"the default":          {nil, []string{deployedName}},
	"watch all":            {[]string{"watch all"}, []string{deployedName}},
	"namespace_labels":     {[]string{"namespace_labels kubernetes.io/metadata.name={NAMESPACE}"}, []string{deployedName, deployedNamespaces}},
	"clients endpoints":    {[]string{"clients {\nendpoints\n}"}, []string{deployedName}},
	"clients nodes":        {[]string{"clients {\nnodes\n}"}, []string{deployedName, deployedNodes}},
	"clients pods":         {[]string{"clients {\npods\n}"}, []string{deployedName, deployedPods}},
	"policy, labels":       {[]string{"policy p {\nprefer labels['role'] == 'primary'\n}"}, []string{deployedName, deployedPods}},
	"policy, annotations":  {[]string{"policy p {\nprefer annotations['role'] == 'primary'\n}"}, []string{deployedName, deployedPods}},
	"policy, node_ready":   {[]string{"policy p {\nprefer node_ready\n}"}, []string{deployedName, deployedNodes}},
	"policy, region":       {[]string{"policy p {\nprefer region == 'region-1'\n}"}, []string{deployedName, deployedNodes}},
	"policy, overload":     {[]string{"clients {\nnodes\n}\npolicy p {\nnearest zone\noverload 150%\n}"}, []string{deployedName, deployedNodes}},
	"clients nodes, pods":  {[]string{"clients {\nnodes\npods\n}"}, []string{deployedName, deployedNodes, deployedPods}},
	"namespaces":           {[]string{"namespaces {NAMESPACE}"}, nil},
	"namespaces, labels":   {[]string{"namespaces {NAMESPACE}", "policy p {\nprefer labels['role'] == 'primary'\n}"}, nil},
	"kubernetes behind it": {nil, []string{deployedName, deployedName + "-kubernetes"}},
}

// listsFirst makes CoreDNS ask as it asks API servers that do not stream lists: both verbs are needed then.
const listsFirst = "KUBE_FEATURE_WatchListClient=false"

// rightsTest is a CoreDNS whose rights a test chooses, and a service that it answers for.
type rightsTest struct {
	db      *corev1.Service
	pods    []string
	reader  *harness.Reader
	metrics string
	server  *harness.CoreDNS
}

// newRightsTest makes the service and the user.
func newRightsTest(t *testing.T) *rightsTest {
	t.Helper()
	r := &rightsTest{reader: cluster.NewReader(t), metrics: harness.FreeAddress(t)}
	r.db, r.pods = createDB(t, "", 2)
	return r
}

func (r *rightsTest) start(t *testing.T, kubernetes bool, properties []string, env ...string) {
	t.Helper()
	text := strings.ReplaceAll(strings.Join(properties, "\n"), "{NAMESPACE}", r.db.Namespace)
	corefile := alone("headless", fromKubeconfig, "startup_timeout 1s", text)
	corefile = strings.Replace(corefile, "errors", "errors\n    prometheus "+r.metrics, 1)
	if kubernetes {
		corefile = strings.TrimSuffix(corefile, "}") + "\nkubernetes cluster.local {\n" + fromKubeconfig + "\nnoendpoints\n}\n}"
	}
	r.server = cluster.StartCoreDNS(t, harness.CoreDNSOptions{Binary: corednsBinary, Corefile: corefile, As: r.reader, Env: env})
}

// Exactly what deploy gives is enough, and all of it is used.
func TestEachConfigurationRunsWithTheRightsThatAreDeployedAndUsesAllOfThem(t *testing.T) {
	t.Parallel()
	for what, of := range rightsFor {
		for way, env := range map[string]string{"streamed": "", "listed": listsFirst} {
			t.Run(what+", "+way, func(t *testing.T) {
				t.Parallel()
				r := newRightsTest(t)
				rules := r.giveDeployed(t, of.roles, what == "namespaces, labels")
				r.start(t, what == "kubernetes behind it", of.properties, env)
				harness.Eventually(t, "the server is ready", r.server.Ready)
				expectSet(t, r.server, "the pods are answered", r.db, r.pods...)
				setReady(t, r.db, "db-0", "false")
				expectSet(t, r.server, "what changes is answered", r.db, r.pods[1])
				if way == "listed" {
					harness.Eventually(t, "each right is used", func() error { return r.allUsed(t, rules) })
				}
				r.expectNothingDenied(t)
			})
		}
	}
}

// giveDeployed gives the user the rights of roles in deploy, those for one namespace where there are none.
func (r *rightsTest) giveDeployed(t *testing.T, roles []string, pods bool) []rbacv1.PolicyRule {
	t.Helper()
	if rules := harness.DeployedRules(t, roles...); len(rules) > 0 {
		r.reader.SetRules(t, rules...)
		return rules
	}
	rules := harness.DeployedAs[rbacv1.Role](t, "Role", deployedName, "rights/in-namespace.yaml").Rules
	if !pods { // the file says to leave them out
		rules = without(rules, "pods", "list", "watch")
	}
	r.reader.SetRules(t)
	r.reader.SetRulesIn(t, r.db.Namespace, rules...)
	return rules
}

// allUsed says which of the rights was not used yet.
func (r *rightsTest) allUsed(t *testing.T, rules []rbacv1.PolicyRule) error {
	t.Helper()
	used := map[string]bool{}
	for _, request := range r.requests(t) {
		if request.Code == http.StatusOK {
			used[request.Verb+" "+request.Resource] = true
		}
	}
	for _, right := range rightsOf(rules) {
		if !used[right] {
			return fmt.Errorf("the right to %s is not used", right)
		}
	}
	return nil
}

func (r *rightsTest) requests(t *testing.T) []harness.Request {
	t.Helper()
	requests, err := r.reader.Requests()
	if err != nil {
		t.Fatal(err)
	}
	return requests
}

func (r *rightsTest) expectNothingDenied(t *testing.T) {
	t.Helper()
	for _, request := range r.requests(t) {
		if request.Code == http.StatusForbidden || request.Code == http.StatusUnauthorized {
			t.Errorf("It was refused to %s %s", request.Verb, request.Resource)
		}
	}
	if strings.Contains(r.server.Output(), "Could not ") {
		t.Errorf("Something could not be read:\n%s", r.server.LastLines(10))
	}
}

// rightsOf are the rights that rules give, each as VERB RESOURCE.
func rightsOf(rules []rbacv1.PolicyRule) (rights []string) {
	for _, rule := range rules {
		for _, resource := range rule.Resources {
			for _, verb := range rule.Verbs {
				rights = append(rights, verb+" "+resource)
			}
		}
	}
	return rights
}

// without are the rules without the right to do this with a resource.
func without(rules []rbacv1.PolicyRule, resource string, verbs ...string) (rest []rbacv1.PolicyRule) {
	for _, rule := range rules {
		for _, each := range rule.Resources {
			left := slices.DeleteFunc(slices.Clone(rule.Verbs), func(verb string) bool { return each == resource && slices.Contains(verbs, verb) })
			if len(left) > 0 {
				rest = append(rest, rbacv1.PolicyRule{APIGroups: rule.APIGroups, Resources: []string{each}, Verbs: left})
			}
		}
	}
	return rest
}

// Whatever right is missing, the log and a metric name it, and only what all answers need keeps the server from being
// ready.
func TestARightThatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	for _, what := range []string{"the default", "watch all", "namespace_labels", "clients nodes", "clients pods", "policy, labels", "policy, region"} {
		of := rightsFor[what]
		rules := harness.DeployedRules(t, of.roles...)
		for _, right := range rightsOf(rules) {
			verb, resource, _ := strings.Cut(right, " ")
			special := resource != "services" && resource != "endpointslices"
			if what != "the default" && what != "watch all" && !special {
				continue // as in the default
			}
			t.Run(what+", no right to "+right, func(t *testing.T) {
				t.Parallel()
				r := newRightsTest(t)
				r.reader.SetRules(t, without(rules, resource, verb)...)
				r.start(t, false, of.properties, listsFirst)
				harness.Eventually(t, "it says what is missing", func() error { return saysForbidden(r.server, verb, resource) })
				if metric(t, r.metrics, "coredns_headless_source_errors_total", fmt.Sprintf("operation=%q", right)) == 0 {
					t.Error("It was not counted")
				}
				if verb == "list" && resource != "pods" && resource != "nodes" {
					if r.server.Ready() == nil {
						t.Error("It is ready without what all answers need")
					}
					return
				}
				harness.Eventually(t, "the server is ready", r.server.Ready)
				expectSet(t, r.server, "the pods are answered", r.db, r.pods...)
			})
		}
	}
}
