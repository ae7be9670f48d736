package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	goruntime "runtime"
	"slices"
	"sync"
	"testing"
	"time"
	"weak"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/headless-dns/headless/source"
)

func service(namespace, name, clusterIP string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"app": name}},
		Spec:       corev1.ServiceSpec{ClusterIP: clusterIP},
	}
}

func slice(namespace, service, name string) *discoveryv1.EndpointSlice {
	return &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{discoveryv1.LabelServiceName: service}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{"10.0.0.1"}}},
	}
}

// run starts the source against a fake clientset, which knows no selectors and no WatchList.
func run(t *testing.T, decoder source.Decoder, objects ...runtime.Object) (*recorder, *fake.Clientset) {
	t.Helper()
	client := fake.NewClientset(objects...)
	s := &Source{client: client, decoder: decoder, watchAll: true, failed: func(operation string, err error) { t.Errorf("Failed to %s: %v", operation, err) }}
	return start(t, s), client
}

// start starts the source, and waits for the first sync.
func start(t *testing.T, s *Source) *recorder {
	t.Helper()
	s.decoder.Report = func(source.Problem) {}
	sink := newRecorder()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		var running sync.WaitGroup
		running.Go(func() { s.RunFacts(ctx, sink) })
		s.Run(ctx, sink)
		running.Wait()
	}()
	t.Cleanup(func() { cancel(); <-done })
	select {
	case <-sink.synced:
	case <-time.After(10 * time.Second):
		t.Fatal("Timed out waiting for the first sync")
	}
	return sink
}

func TestHeadlessServicesAndTheirSlicesAreFollowed(t *testing.T) {
	sink, client := run(t, source.Decoder{}, service("default", "db", "None"), service("default", "web", "10.96.0.1"), slice("default", "db", "db-1"))
	db, web := types.NamespacedName{Namespace: "default", Name: "db"}, types.NamespacedName{Namespace: "default", Name: "web"}
	if len(sink.services) != 1 || sink.services[db] == nil || len(sink.slices) != 1 {
		t.Fatalf("After the first sync there are %v and %v", sink.services, sink.slices)
	}
	update := func(s *corev1.Service) {
		if _, err := client.CoreV1().Services(s.Namespace).Update(t.Context(), s, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	update(service("default", "web", "None"))
	sink.waitFor(t, "a service that becomes headless is delivered", func() bool { return sink.services[web] != nil })
	update(service("default", "db", "10.96.0.2"))
	sink.waitFor(t, "a service that is headless no more is gone", func() bool { return sink.services[db] == nil })
	if err := client.DiscoveryV1().EndpointSlices("default").Delete(t.Context(), "db-1", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	sink.waitFor(t, "a deleted slice is gone", func() bool { return len(sink.slices) == 0 })
}

func TestOnlyTheNamespacesThatAreAskedForAreWatched(t *testing.T) {
	sink, client := run(t, source.Decoder{Namespaces: []string{"a", "b"}}, service("a", "db", "None"), service("b", "db", "None"), service("c", "db", "None"))
	if len(sink.services) != 2 {
		t.Errorf("The services are %v", sink.services)
	}
	slices.Sort(sink.scopes)
	if !slices.Equal(sink.scopes, []string{"a", "a", "b", "b"}) {
		t.Errorf("The scopes are %q", sink.scopes)
	}
	for _, action := range client.Actions() {
		if action.GetNamespace() != "a" && action.GetNamespace() != "b" {
			t.Errorf("It asked to %s %s in namespace %q", action.GetVerb(), action.GetResource().Resource, action.GetNamespace())
		}
	}
}

func TestLabelsSelectServices(t *testing.T) {
	sink, _ := run(t, source.Decoder{Labels: labels.SelectorFromSet(labels.Set{"app": "db"})}, service("default", "db", "None"), service("default", "web", "None"))
	if len(sink.services) != 1 {
		t.Errorf("The services are %v", sink.services)
	}
}

func TestAnAPIServerWithoutTheFieldSelectorIsAskedWithoutIt(t *testing.T) {
	var queries []string
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		selector := r.URL.Query().Get("fieldSelector")
		queries = append(queries, selector)
		w.Header().Set("Content-Type", "application/json")
		if selector != "" {
			w.WriteHeader(http.StatusBadRequest)
			writeJSON(w, metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Reason: metav1.StatusReasonBadRequest, Code: http.StatusBadRequest})
			return
		}
		writeJSON(w, corev1.ServiceList{TypeMeta: metav1.TypeMeta{Kind: "ServiceList", APIVersion: "v1"}, Items: []corev1.Service{*service("default", "db", "None"), *service("default", "web", "10.96.0.1")}})
	}))
	defer server.Close()
	client, _, err := Config{Endpoint: server.URL}.clients()
	if err != nil {
		t.Fatal(err)
	}
	s := &Source{client: client, failed: func(operation string, err error) { t.Errorf("Failed to %s: %v", operation, err) }}
	r := s.services("", newRecorder(), func() {})
	for range 2 {
		list, err := r.listAll(t.Context(), metav1.ListOptions{})
		if err != nil || len(list.(*objectList[source.Service]).Items) != 1 {
			t.Fatalf("The list is %v: %v", list, err)
		}
	}
	if !slices.Equal(queries, []string{"spec.clusterIP=None", "", ""}) {
		t.Errorf("The field selectors were %q", queries)
	}
}

func writeJSON(w http.ResponseWriter, value any) {
	if err := json.NewEncoder(w).Encode(value); err != nil {
		panic(err)
	}
}

func TestFailuresAreToldWithWhatWasTried(t *testing.T) {
	var told []string
	r := &resource[*corev1.Service, source.Service]{
		name:   "services",
		failed: func(operation string, err error) { told = append(told, operation+": "+err.Error()) },
		page: func(context.Context, metav1.ListOptions, func(*corev1.Service)) (metav1.ListMeta, error) {
			return metav1.ListMeta{}, errors.New("forbidden")
		},
	}
	if _, err := r.listAll(t.Context(), metav1.ListOptions{}); err == nil || !slices.Equal(told, []string{"list services: forbidden"}) {
		t.Errorf("The error is %v, what was told is %q", err, told)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := r.listAll(ended, metav1.ListOptions{}); err == nil || len(told) != 1 {
		t.Errorf("Our own end is told as a failure: %v, %q", err, told)
	}
}

func TestAnAPIServerThatDoesNotStreamListsIsNoFailure(t *testing.T) {
	invalid := apierrors.NewInvalid(schema.GroupKind{Kind: "ListOptions"}, "", nil)
	var told []string
	r := &resource[*corev1.Service, source.Service]{
		name:   "services",
		failed: func(operation string, _ error) { told = append(told, operation) },
		watch:  func(context.Context, metav1.ListOptions) (watch.Interface, error) { return nil, invalid },
	}
	if _, err := r.watchFrom(t.Context(), metav1.ListOptions{SendInitialEvents: new(true)}); !apierrors.IsInvalid(err) || told != nil {
		t.Errorf("The streamed list failed with %v, and %q was told", err, told)
	}
	if _, err := r.watchFrom(t.Context(), metav1.ListOptions{}); !apierrors.IsInvalid(err) || len(told) != 1 {
		t.Errorf("The watch failed with %v, and %q was told", err, told)
	}
}

// No full object outlives its decoding: the transformer, which acts on what WatchList streams, leaves nothing of it
// but what is kept.
func TestTheTransformerKeepsNothingOfAnObject(t *testing.T) {
	s := store[*discoveryv1.EndpointSlice, source.Slice]{reduce: (&source.Decoder{Report: func(source.Problem) {}}).Slice}
	in := slice("default", "db", "db-1")
	in.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kube-controller-manager"}}
	out, err := s.Transformer()(in)
	if err != nil {
		t.Fatal(err)
	}
	kept, ok := out.(*object[source.Slice])
	if !ok || kept.kept.Name != "db-1" || len(kept.kept.Endpoints) != 1 {
		t.Errorf("The transformer gives %#v", out)
	}
	if again, err := s.Transformer()(out); err != nil || again != out {
		t.Errorf("A second pass gives %v: %v", again, err)
	}
	if _, err := s.Transformer()("text"); err == nil {
		t.Error("Something that is no object is accepted")
	}
}

// So there is no second copy while everything is listed again, and an unchanged slice joins no service anew.
func TestAnObjectThatIsListedAgainUnchangedIsTheOneThatIsHeld(t *testing.T) {
	sets := 0
	var listed []*source.Slice
	decoder := source.Decoder{Report: func(source.Problem) {}}
	s := store[*discoveryv1.EndpointSlice, source.Slice]{
		reduce: decoder.Slice, set: func(*source.Slice) { sets++ }, remove: func(types.NamespacedName) {}, synced: func() {},
		replace: func(all []*source.Slice) { listed = all },
		held: &held[source.Slice]{
			name:  func(s *source.Slice) types.NamespacedName { return s.NamespacedName },
			equal: (*source.Slice).Equal, takeOver: (*source.Slice).TakeOver,
		},
	}
	replace := func(objects ...*discoveryv1.EndpointSlice) []*source.Slice {
		t.Helper()
		var list []any
		for _, in := range objects {
			out, err := s.Transformer()(in)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, out)
		}
		if err := s.Replace(list, "7"); err != nil {
			t.Fatal(err)
		}
		return listed
	}
	changed := slice("default", "db", "db-2")
	staying := discoveryv1.Endpoint{Addresses: []string{"10.0.0.9"}}
	changed.Endpoints = append(changed.Endpoints, staying)
	first := replace(slice("default", "db", "db-1"), changed)
	changed = changed.DeepCopy()
	changed.Endpoints[0].Addresses = []string{"10.0.0.2"} // with the version that it had, as after a restored backup
	again := replace(slice("default", "db", "db-1"), changed)
	if again[0] != first[0] || again[1] == first[1] || again[1].Endpoints[0].Address().String() != "10.0.0.2" {
		t.Errorf("Listed first were %v, and then %v", first, again)
	}
	if again[1].Endpoints[1] != first[1].Endpoints[1] {
		t.Error("An endpoint that stays as it is in a slice that changes is there twice")
	}
	for _, step := range []struct {
		what string
		do   func() error
		sets int
	}{
		{"the same again", func() error { return s.Update(slice("default", "db", "db-1")) }, 0},
		{"it changes", func() error { return s.Update(slice("default", "other", "db-1")) }, 1},
		{"it is deleted", func() error { return s.Delete(slice("default", "other", "db-1")) }, 1},
		{"it comes back", func() error { return s.Add(slice("default", "other", "db-1")) }, 2},
	} {
		if err := step.do(); err != nil || sets != step.sets {
			t.Errorf("When %s, %d slices were handed on so far, want %d (%v)", step.what, sets, step.sets, err)
		}
	}
}

// The same for what is listed: while what was kept of them is in use, the objects themselves are garbage.
func TestNoObjectOutlivesItsDecoding(t *testing.T) {
	var objects []weak.Pointer[discoveryv1.EndpointSlice]
	decoded := func(name string) *discoveryv1.EndpointSlice {
		s := slice("default", "db", name)
		objects = append(objects, weak.Make(s))
		return s
	}
	r := &resource[*discoveryv1.EndpointSlice, source.Slice]{
		store: store[*discoveryv1.EndpointSlice, source.Slice]{reduce: (&source.Decoder{Report: func(source.Problem) {}}).Slice},
		page: func(_ context.Context, _ metav1.ListOptions, each func(*discoveryv1.EndpointSlice)) (metav1.ListMeta, error) {
			each(decoded("db-1"))
			each(decoded("db-2"))
			return metav1.ListMeta{}, nil
		},
	}
	list, err := r.listAll(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	streamed, err := r.store.Transformer()(decoded("db-3"))
	if err != nil {
		t.Fatal(err)
	}
	goruntime.GC()
	for i, object := range objects {
		if object.Value() != nil {
			t.Errorf("Object %d is still there", i+1)
		}
	}
	goruntime.KeepAlive(list)
	goruntime.KeepAlive(streamed)
}
