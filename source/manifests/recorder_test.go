package manifests

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/source"
)

// recorder is a sink that remembers what it was given.
type recorder struct {
	mu     sync.Mutex
	calls  []string
	slices []*source.Slice // of the last call
	errors []string
}

func (r *recorder) ReplaceServices(scope string, all []*source.Service) {
	r.record(fmt.Sprintf("ReplaceServices(%q, %d)", scope, len(all)))
}

func (r *recorder) ReplaceSlices(scope string, all []*source.Slice) {
	r.record(fmt.Sprintf("ReplaceSlices(%q, %d)", scope, len(all)))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.slices = all
}

func (r *recorder) ReplacePods(scope string, all []*source.Pod) {
	r.record(fmt.Sprintf("ReplacePods(%q, %d)", scope, len(all)))
}

func (r *recorder) ReplaceNodes(all []*source.Node) {
	r.record(fmt.Sprintf("ReplaceNodes(%d)", len(all)))
}

func (r *recorder) Synced()           { r.record("Synced") }
func (r *recorder) FactsSynced()      { r.record("FactsSynced") }
func (r *recorder) LostPods()         { r.record("LostPods") }
func (r *recorder) LostNodes()        { r.record("LostNodes") }
func (r *recorder) Contact(time.Time) { r.record("Contact") }

func (r *recorder) record(call string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, call)
}

func (r *recorder) failed(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errors = append(r.errors, err.Error())
}

func (r *recorder) SetService(*source.Service)         { panic("not a call of this source") }
func (r *recorder) DeleteService(types.NamespacedName) { panic("not a call of this source") }
func (r *recorder) SetSlice(*source.Slice)             { panic("not a call of this source") }
func (r *recorder) DeleteSlice(types.NamespacedName)   { panic("not a call of this source") }
func (r *recorder) SetPod(*source.Pod)                 { panic("not a call of this source") }
func (r *recorder) DeletePod(types.NamespacedName)     { panic("not a call of this source") }
func (r *recorder) SetNode(*source.Node)               { panic("not a call of this source") }
func (r *recorder) DeleteNode(string)                  { panic("not a call of this source") }

// addresses returns those of all endpoints, in their order.
func (r *recorder) addresses() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for _, s := range r.slices {
		for _, e := range s.Endpoints {
			all = append(all, e.Address().String())
		}
	}
	return strings.Join(all, " ")
}

// run runs a source of the paths until the test ends. The test is in a bubble, where looks pass in no time.
func run(t *testing.T, paths ...string) *recorder {
	t.Helper()
	r := &recorder{}
	s, err := New(paths, decoder, r.failed)
	if err != nil {
		t.Fatal(err)
	}
	go s.Run(t.Context(), r)
	synctest.Wait()
	return r
}

// after lets some looks at the files pass.
func after(looks int) {
	time.Sleep(time.Duration(looks) * pollInterval) //nolint:forbidigo // on the clock of synctest
	synctest.Wait()
}

// wantAddresses compares what was delivered last.
func (r *recorder) wantAddresses(t *testing.T, want string) {
	t.Helper()
	if got := r.addresses(); got != want {
		t.Errorf("Want the addresses %q, got %q", want, got)
	}
}

// wantCalls compares all calls there were.
func (r *recorder) wantCalls(t *testing.T, want ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.calls, want) {
		t.Errorf("Want the calls %q, got %q", want, r.calls)
	}
}

// wantErrors compares all errors there were.
func (r *recorder) wantErrors(t *testing.T, want ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.errors, want) {
		t.Errorf("Want the errors %q, got %q", want, r.errors)
	}
}
