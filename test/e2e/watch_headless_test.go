package e2e

import (
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// watching is a Corefile with headless before a kubernetes plugin, and with a property.
func watching(property string) string {
	return strings.Replace(sharedCorefile, "ttl 30", "ttl 30\n        "+property, 1)
}

// watchers are servers that watch the same cluster in different ways.
type watchers struct {
	all, kubernetes *harness.CoreDNS // the plain watch, and the kubernetes plugin alone
	steady          *harness.CoreDNS // has seen everything
}

func startWatchers(t *testing.T) *watchers {
	t.Helper()
	w := &watchers{
		all: startServer(t, watching("watch all"), nil), kubernetes: startServer(t, alone("kubernetes", fromKubeconfig), nil),
		steady: startServer(t, watching("watch headless"), nil),
	}
	t.Cleanup(func() {
		for _, server := range []*harness.CoreDNS{w.all, w.kubernetes, w.steady} {
			closeServer(t, server)
		}
	})
	return w
}

// startServer starts a CoreDNS for less than a test, and waits until it is ready.
func startServer(t *testing.T, corefile string, gate *harness.Gate) *harness.CoreDNS {
	t.Helper()
	server, err := cluster.RunCoreDNS(harness.CoreDNSOptions{Binary: corednsBinary, Corefile: corefile, Through: gate})
	if err != nil {
		t.Fatal(err)
	}
	if err := harness.Poll(harness.Patience, server.Ready); err != nil {
		t.Fatalf("The server is not ready: %v", errors.Join(err, server.Close()))
	}
	return server
}

func closeServer(t *testing.T, server *harness.CoreDNS) {
	t.Helper()
	if err := server.Close(); err != nil {
		t.Error(err)
	}
}

// step makes a change, and waits until the plain watch shows that it was. All others must then say the same of these
// names: the one that has seen everything, one that could not see it, and one that has seen nothing before. What the
// kubernetes plugin has too it must say as well.
func (w *watchers) step(t *testing.T, what string, change, shown func(), names, onlyOurs []string) {
	t.Helper()
	gate := cluster.NewGate(t)
	gate.Open(t)
	interrupted := startServer(t, watching("watch headless"), gate)
	defer closeServer(t, interrupted)
	gate.Shut()
	change()
	shown()
	gate.Open(t)
	started := startServer(t, sharedCorefile, nil)
	defer closeServer(t, started)

	ofKubernetes := questionsOfNames(names)
	questions := append(questionsOfNames(onlyOurs), ofKubernetes...)
	// What the new one did not know when it was ready it need not learn later.
	if err := sameAnswers(started, w.all, questions...); err != nil {
		t.Errorf("When %s, a new server: %v", what, err)
	}
	for _, other := range []struct {
		name      string
		server    *harness.CoreDNS
		questions []string
	}{
		{"the kubernetes plugin", w.kubernetes, ofKubernetes},
		{"the steady one", w.steady, questions},
		{"the interrupted one", interrupted, questions},
	} {
		err := harness.Poll(harness.Patience, func() error { return sameAnswers(other.server, w.all, other.questions...) })
		if err != nil {
			t.Errorf("When %s, %s: %v", what, other.name, err)
		}
	}
}

func questionsOfNames(names []string) (questions []string) {
	for _, name := range names {
		questions = append(questions, name+" A", name+" SRV", "_mysql._tcp."+name+" SRV")
	}
	return questions
}

// headlessLabels returns how many slices of a service carry the label, and how many there are.
func headlessLabels(t *testing.T, s *corev1.Service) (with, all int) {
	t.Helper()
	list, err := cluster.Client.DiscoveryV1().EndpointSlices(s.Namespace).List(t.Context(), metav1.ListOptions{
		LabelSelector: discoveryv1.LabelServiceName + "=" + s.Name,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, slice := range list.Items {
		if _, ok := slice.Labels[corev1.IsHeadlessService]; ok {
			with++
		}
	}
	return with, len(list.Items)
}

// A ClusterIP service becomes headless, and a headless one a ClusterIP service, in the ways that the API server allows.
// Whatever the labels of the slices say, the answers are those of the plain watch.
func TestWhateverBecomesOfAServiceItsAnswersAreThoseOfThePlainWatch(t *testing.T) {
	t.Parallel()
	w := startWatchers(t)
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	name := serviceName(db)
	change := func(change func(s *corev1.Service)) func() {
		return func() { cluster.ChangeService(t, db.Namespace, db.Name, change) }
	}
	answered := func(record string) func() {
		return func() {
			question, _, _ := strings.Cut(strings.TrimPrefix(record, "30 IN "), " ")
			want := harness.Want{Question: name + " " + question, Answer: []string{name + " " + record}}
			harness.Eventually(t, "it is "+record, func() error { return harness.Check(w.all.Address, want) })
		}
	}
	pods := func(names ...string) func() {
		return func() { expectPods(t, w.all, "the pods are answered", db, names...) }
	}
	const address = "10.96.0.38"
	asExternal, asVIP, asHeadless := change(externalName), change(func(s *corev1.Service) { clusterIP(s, address) }),
		change(func(s *corev1.Service) { clusterIP(s, corev1.ClusterIPNone) })
	// Else nothing is shown here.
	labels := func(what string, want bool) {
		t.Helper()
		if with, all := headlessLabels(t, db); kubernetesMinor(t) >= streamsLists && ((with == all) != want || all == 0) {
			t.Errorf("When %s, %d of %d slices carry the label", what, with, all)
		}
	}

	steps := []struct {
		what          string
		change, shown func()
		labelled      bool // as was seen of Kubernetes 1.37
		headless      bool
	}{
		{"it has a cluster IP", func() {
			clusterIP(db, address)
			cluster.Create(t, db, harness.StatefulSet(db, "db", 1))
		}, answered("30 IN A " + address), false, false},
		{"it has an external name", asExternal, answered("30 IN CNAME db.example.org."), false, false},
		{"it is headless", asHeadless, pods("db-0"), false, true},
		{"its slice is filled", func() { scale(t, db, 2) }, pods("db-0", "db-1"), false, true},
		{"a pod is not ready", func() { setReady(t, db, "db-0", "false") }, pods("db-1"), true, true},
		{"it is ready again", func() { setReady(t, db, "db-0", "true") }, pods("db-0", "db-1"), true, true},
		{"it has an external name again", asExternal, answered("30 IN CNAME db.example.org."), true, false},
		{"it has a cluster IP again", asVIP, answered("30 IN A " + address), true, false},
		{"it is headless by two changes at once", func() { asExternal(); asHeadless() }, pods("db-0", "db-1"), true, true},
		{"it was something else for a moment", func() { asExternal(); asVIP(); asExternal(); asHeadless() }, pods("db-0", "db-1"), true, true},
		{"it was deleted and created again", func() {
			err := cluster.Client.CoreV1().Services(db.Namespace).Delete(t.Context(), db.Name, metav1.DeleteOptions{})
			if err != nil {
				t.Fatal(err)
			}
			again := harness.HeadlessService(db.Namespace, db.Name)
			cluster.Create(t, again)
		}, pods("db-0", "db-1"), true, true},
	}
	for _, step := range steps {
		names, onlyOurs := []string{name}, []string{"db-0." + name, "db-1." + name}
		if step.headless { // else the kubernetes plugin alone has names of pods
			names, onlyOurs = append(names, onlyOurs...), nil
		}
		w.step(t, step.what, step.change, step.shown, names, onlyOurs)
		labels(step.what, step.labelled)
	}
	expectPods(t, w.steady, "the pods are answered at the end", db, "db-0", "db-1")
}

// isLook says whether a request looks for slices without the label, or watches those of one service: what a CoreDNS does
// for a service while others are looked at.
func isLook(r harness.Request) bool {
	selector := r.Query.Get("labelSelector")
	return r.Resource == "endpointslices" && (strings.Contains(selector, discoveryv1.LabelManagedBy+"=") ||
		strings.Contains(selector, discoveryv1.LabelServiceName+"="))
}
