package kubernetes

import (
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	metadatafake "k8s.io/client-go/metadata/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/headless-dns/headless/source"
)

// waitForFacts waits until they are synced.
func (r *recorder) waitForFacts(t *testing.T) {
	t.Helper()
	select {
	case <-r.facts:
	case <-time.After(10 * time.Second):
		t.Fatal("Timed out waiting for the facts")
	}
}

// labelsOf returns the labels that are kept of a pod of the namespace default.
func (r *recorder) labelsOf(name string) map[string]string {
	if p := r.pods[types.NamespacedName{Namespace: "default", Name: name}]; p != nil {
		return p.Facts.Labels
	}
	return nil
}

// pod is the metadata of a Pod.
func pod(namespace, name string, labels map[string]string) *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: name, Labels: labels, Annotations: map[string]string{"note": "of " + name, "other": "x"},
		},
	}
}

// withPods makes a source of fakes. The one for metadata knows label selectors in lists, but not in watches.
func withPods(t *testing.T, uses source.Uses, pods ...runtime.Object) (*Source, *metadatafake.FakeMetadataClient) {
	t.Helper()
	scheme := metadatafake.NewTestScheme()
	if err := metav1.AddMetaToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	partial := metadatafake.NewSimpleMetadataClient(scheme, pods...)
	return &Source{
		client: fake.NewClientset(), metadata: partial, decoder: source.Decoder{Uses: uses}, watchAll: true,
		failed: func(operation string, err error) { t.Errorf("Failed to %s: %v", operation, err) },
	}, partial
}

func updatePod(t *testing.T, client *metadatafake.FakeMetadataClient, p *metav1.PartialObjectMetadata) {
	t.Helper()
	of := client.Resource(corev1.SchemeGroupVersion.WithResource("pods")).Namespace(p.Namespace).(metadatafake.MetadataClient)
	if _, err := of.UpdateFake(p, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// selectors returns those of all lists of pods, and the namespaces of these lists.
func selectors(client *metadatafake.FakeMetadataClient) (labels, namespaces []string) {
	for _, action := range client.Actions() {
		if list, ok := action.(clienttesting.ListAction); ok {
			labels = append(labels, list.GetListRestrictions().Labels.String())
			namespaces = append(namespaces, action.GetNamespace())
		}
	}
	slices.Sort(labels)
	slices.Sort(namespaces)
	return labels, namespaces
}

func TestPodsAreFollowedByTheOneLabelThatIsNamed(t *testing.T) {
	s, client := withPods(t, source.Uses{Labels: []string{"role"}},
		pod("default", "db-0", map[string]string{"role": "primary", "app": "db"}), pod("default", "web-0", map[string]string{"app": "web"}))
	sink := start(t, s)
	sink.waitForFacts(t)
	if got := sink.labelsOf("db-0"); len(sink.pods) != 1 || !maps.Equal(got, map[string]string{"role": "primary"}) {
		t.Errorf("Of db-0 there is %v, and there are %d pods", got, len(sink.pods))
	}
	if asked, _ := selectors(client); !slices.Equal(asked, []string{"role"}) {
		t.Errorf("Pods were listed by %q", asked)
	}
	updatePod(t, client, pod("default", "db-0", map[string]string{"role": "replica"}))
	sink.waitFor(t, "the label changes", func() bool { return sink.labelsOf("db-0")["role"] == "replica" })
	updatePod(t, client, pod("default", "db-0", map[string]string{"app": "db"}))
	sink.waitFor(t, "a pod that loses the label is gone", func() bool { return sink.labelsOf("db-0") == nil })
}

func TestEachOfSeveralLabelsIsWatchedOnItsOwnAndAllAreKept(t *testing.T) {
	s, client := withPods(t, source.Uses{Labels: []string{"app", "role"}},
		pod("default", "db-0", map[string]string{"role": "primary", "app": "db"}), pod("default", "web-0", map[string]string{"app": "web"}),
		pod("default", "job-0", map[string]string{"job": "backup"}))
	sink := start(t, s)
	sink.waitForFacts(t)
	if asked, _ := selectors(client); !slices.Equal(asked, []string{"app", "role"}) {
		t.Errorf("Pods were listed by %q", asked)
	}
	if got := sink.labelsOf("db-0"); len(sink.pods) != 2 || !maps.Equal(got, map[string]string{"role": "primary", "app": "db"}) {
		t.Errorf("Of db-0 there is %v, and there are %d pods", got, len(sink.pods))
	}
	updatePod(t, client, pod("default", "db-0", map[string]string{"app": "db"}))
	sink.waitFor(t, "the label is gone and the other one is kept", func() bool {
		return maps.Equal(sink.labelsOf("db-0"), map[string]string{"app": "db"})
	})
}

func TestAnnotationsAreLookedForInAllPodsOfTheNamespaces(t *testing.T) {
	s, client := withPods(t, source.Uses{Labels: []string{"app", "role"}, Annotations: []string{"note"}},
		pod("a", "db-0", map[string]string{"role": "primary"}), pod("b", "db-0", nil), pod("c", "db-0", nil))
	s.decoder.Namespaces = []string{"a", "b"}
	sink := start(t, s)
	sink.waitForFacts(t)
	if asked, namespaces := selectors(client); !slices.Equal(asked, []string{"", ""}) || !slices.Equal(namespaces, []string{"a", "b"}) {
		t.Errorf("Pods were listed by %q in %q", asked, namespaces)
	}
	got := sink.pods[types.NamespacedName{Namespace: "a", Name: "db-0"}]
	if len(sink.pods) != 2 || got.Facts.Labels["role"] != "primary" || !maps.Equal(got.Facts.Annotations, map[string]string{"note": "of db-0"}) {
		t.Errorf("There are %d pods, of a/db-0 there is %v", len(sink.pods), got)
	}
}

func TestWhatNoPolicyLooksAtIsNotAskedFor(t *testing.T) {
	s, client := withPods(t, source.Uses{})
	sink := start(t, s)
	sink.waitForFacts(t)
	for _, action := range append(client.Actions(), s.client.(*fake.Clientset).Actions()...) {
		if resource := action.GetResource().Resource; resource == "pods" || resource == "nodes" {
			t.Errorf("It asked to %s %s", action.GetVerb(), resource)
		}
	}
}

// node is a Node with a condition Ready, or without one where the status is empty.
func node(name string, ready corev1.ConditionStatus) *corev1.Node {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Name: name, Labels: map[string]string{corev1.LabelTopologyZone: "zone-a", corev1.LabelTopologyRegion: "region-1"},
	}}
	n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeMemoryPressure, Status: corev1.ConditionFalse}}
	if ready != "" {
		n.Status.Conditions = append(n.Status.Conditions, corev1.NodeCondition{Type: corev1.NodeReady, Status: ready})
	}
	return n
}

func TestNodesAreFollowed(t *testing.T) {
	s, _ := withPods(t, source.Uses{Nodes: true})
	client := fake.NewClientset(node("a", corev1.ConditionTrue), node("b", ""))
	s.client = client
	sink := start(t, s)
	sink.waitForFacts(t)
	if want := (source.Node{Name: "a", Zone: "zone-a", Region: "region-1", Ready: true}); len(sink.nodes) != 2 || !want.Equal(sink.nodes["a"]) {
		t.Errorf("There are %d nodes, the first is %+v", len(sink.nodes), sink.nodes["a"])
	}
	if _, err := client.CoreV1().Nodes().Update(t.Context(), node("a", corev1.ConditionUnknown), metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	sink.waitFor(t, "a node of which nothing is heard is not ready", func() bool { return !sink.nodes["a"].Ready })
	if err := client.CoreV1().Nodes().Delete(t.Context(), "b", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	sink.waitFor(t, "a deleted node is gone", func() bool { return len(sink.nodes) == 1 })
}

// What must not be read is told, and nothing waits for it: neither the first sync nor that of the facts, nor what
// else is followed.
func TestWhatMustNotBeReadHoldsNothingBack(t *testing.T) {
	s, client := withPods(t, source.Uses{Labels: []string{"role"}, Nodes: true}, pod("default", "db-0", map[string]string{"role": "primary"}))
	full := fake.NewClientset(service("default", "db", "None"))
	full.PrependReactor("*", "nodes", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(corev1.Resource("nodes"), "", errors.New("not allowed"))
	})
	s.client = full
	var mu sync.Mutex
	told := map[string]bool{}
	s.failed = func(operation string, _ error) {
		mu.Lock()
		defer mu.Unlock()
		told[operation] = true
	}
	sink := start(t, s)
	sink.waitForFacts(t)
	mu.Lock()
	defer mu.Unlock()
	if len(sink.services) != 1 || len(sink.pods) != 1 || !maps.Equal(told, map[string]bool{"list nodes": true}) {
		t.Errorf("There are %d services and %d pods, and what failed is %v", len(sink.services), len(sink.pods), told)
	}
	updatePod(t, client, pod("default", "db-0", map[string]string{"role": "replica"}))
	sink.waitFor(t, "pods are followed all the same", func() bool { return sink.labelsOf("db-0")["role"] == "replica" })
}

func TestAFailureThatMayPassIsWaitedFor(t *testing.T) {
	synced := false
	s := &Source{failed: func(string, error) {}}
	failed := s.failedFacts(func() { synced = true }, func() { t.Error("What was read is lost") })
	failed("list pods", apierrors.NewServiceUnavailable("not yet"))
	if synced {
		t.Error("Pods that can be read in a moment are given up")
	}
	failed("list pods", apierrors.NewUnauthorized("who are you"))
	if !synced {
		t.Error("Pods that must not be read are waited for")
	}
}

// An API server that has just started forbids everything for a moment.
func TestWhatMayNotBeReadAnyMoreIsLostWhereThatGoesOn(t *testing.T) {
	var denied denial
	now := time.Now()
	for _, step := range []struct {
		after time.Duration
		want  bool
	}{
		{0, false}, {9 * time.Second, false}, {time.Second, true}, {time.Minute, true},
		{3 * time.Minute, false}, // it was given back meanwhile
		{10 * time.Second, true},
	} {
		now = now.Add(step.after)
		if got := denied.goesOn(now); got != step.want {
			t.Errorf("%s later it is lost: %t", step.after, got)
		}
	}
}

// Only the metadata come over the wire, as protobuf where the API server speaks it, and only of Pods that carry the
// label.
func TestPodsAreAskedForTheirMetadataAlone(t *testing.T) {
	var accept, query string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		accept, query = r.Header.Get("Accept"), r.URL.Path+"?"+r.URL.RawQuery
		w.Header().Set("Content-Type", "application/json")
		writeJSON(w, metav1.PartialObjectMetadataList{
			TypeMeta: metav1.TypeMeta{Kind: "PartialObjectMetadataList", APIVersion: "meta.k8s.io/v1"},
			Items:    []metav1.PartialObjectMetadata{*pod("default", "db-0", map[string]string{"app.kubernetes.io/role": "primary"})},
		})
	}))
	defer server.Close()
	_, partial, err := Config{Endpoint: server.URL}.clients()
	if err != nil {
		t.Fatal(err)
	}
	s := &Source{
		metadata: partial, decoder: source.Decoder{Uses: source.Uses{Labels: []string{"app.kubernetes.io/role"}}},
		failed: func(operation string, err error) { t.Errorf("Failed to %s: %v", operation, err) },
	}
	list, err := s.pods("default", s.podWatches(newRecorder())[0], func() {}).listAll(t.Context(), metav1.ListOptions{})
	if err != nil || len(list.(*objectList[source.Pod]).Items) != 1 {
		t.Fatalf("The list is %v: %v", list, err)
	}
	if !strings.HasPrefix(accept, "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList") {
		t.Errorf("What is accepted is %q", accept)
	}
	if want := "/api/v1/namespaces/default/pods?labelSelector=app.kubernetes.io%2Frole&limit=500"; query != want {
		t.Errorf("The question is %q, want %q", query, want)
	}
}
