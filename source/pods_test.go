package source

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"runtime"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// podMeta is the metadata of a Pod of the namespace default.
func podMeta(name string, labels, annotations map[string]string) *metav1.ObjectMeta {
	return &metav1.ObjectMeta{Namespace: "default", Name: name, Labels: labels, Annotations: annotations}
}

func TestOfAPodOnlyWhatPoliciesNameIsKept(t *testing.T) {
	d := Decoder{Namespaces: []string{"default"}, Uses: Uses{Labels: []string{"app", "role"}, Annotations: []string{"note"}}}
	in := podMeta("db-0", map[string]string{"role": "primary", "app": "", "x": "y"}, map[string]string{"note": "a", "z": "b"})
	want := &Pod{
		NamespacedName: types.NamespacedName{Namespace: "default", Name: "db-0"},
		Facts:          &PodFacts{Labels: map[string]string{"role": "primary"}, Annotations: map[string]string{"note": "a"}},
	}
	if got := d.Pod(in); !reflect.DeepEqual(got, want) {
		t.Errorf("Decoded %+v, want %+v", got, want)
	}
	if got := d.Pod(podMeta("db-1", map[string]string{"x": "y", "app": ""}, nil)); got != nil {
		t.Errorf("Of a pod without anything that is named there is %+v", got)
	}
	in.Namespace = "other"
	if got := d.Pod(in); got != nil {
		t.Errorf("Of a pod of another namespace there is %+v", got)
	}
}

func TestEqualFactsOfPodsAreOneValue(t *testing.T) {
	d := Decoder{Uses: Uses{Labels: []string{"app", "role"}, Annotations: []string{"role"}}}
	facts := func(labels, annotations map[string]string) *PodFacts {
		return d.Pod(podMeta("db", labels, annotations)).Facts
	}
	one := facts(map[string]string{"app": "db", "role": "a", "x": "1"}, nil)
	if same := facts(map[string]string{"role": "a", "app": "db"}, nil); same != one {
		t.Error("Equal facts are two values")
	}
	for _, other := range []*PodFacts{
		facts(map[string]string{"app": "db"}, map[string]string{"role": "a"}),
		facts(map[string]string{"app": `db" "role":"a`}, nil),
		facts(map[string]string{"app": "db", "role": "b"}, nil),
	} {
		if other == one {
			t.Errorf("%v is taken for other facts", other)
		}
	}
}

func TestFactsThatNoPodHasAreForgotten(t *testing.T) {
	d := Decoder{Uses: Uses{Labels: []string{"role"}}}
	for i := range 1000 {
		d.Pod(podMeta("db", map[string]string{"role": fmt.Sprint("short-lived ", i)}, nil))
	}
	for deadline := time.Now().Add(10 * time.Second); ; runtime.Gosched() {
		runtime.GC() // what is to be done then is done some time after it
		podFacts.Lock()
		left := len(podFacts.known)
		podFacts.Unlock()
		if left < 100 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d facts are remembered that no pod has", left)
		}
	}
}

// keptPods is a sink that keeps Pods alone.
type keptPods struct {
	Sink
	pods map[types.NamespacedName]*PodFacts
}

func (k keptPods) SetPod(p *Pod)                       { k.pods[p.NamespacedName] = p.Facts }
func (k keptPods) DeletePod(name types.NamespacedName) { delete(k.pods, name) }
func (k keptPods) ReplacePods(scope string, all []*Pod) {
	maps.DeleteFunc(k.pods, func(name types.NamespacedName, _ *PodFacts) bool { return scope == "" || name.Namespace == scope })
	for _, p := range all {
		k.pods[p.NamespacedName] = p.Facts
	}
}

// The model: whatever the streams of labels say, and however far one is ahead of another, each pod has of each label
// what the stream of that label said last.
func TestPodsHaveOfEachLabelWhatItsOwnStreamSaidLast(t *testing.T) {
	keys := []string{"app", "role", "zone"}
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 0))
		got := keptPods{pods: map[types.NamespacedName]*PodFacts{}}
		joined := NewPodsByLabel(got)
		said := map[string]map[types.NamespacedName]string{"app": {}, "role": {}, "zone": {}}
		pod := func() *Pod { // as a stream has it: with all labels, some of them old
			p := &Pod{Facts: &PodFacts{Labels: map[string]string{}}}
			p.Namespace, p.Name = fmt.Sprint("n", random.IntN(2)), fmt.Sprint("p", random.IntN(3))
			for _, key := range keys {
				if random.IntN(3) > 0 {
					p.Facts.Labels[key] = fmt.Sprint("v", random.IntN(2))
				}
			}
			return p
		}
		say := func(key string, p *Pod) {
			if delete(said[key], p.NamespacedName); p.Facts.Labels[key] != "" {
				said[key][p.NamespacedName] = p.Facts.Labels[key]
			}
		}
		for range 30 {
			key := keys[random.IntN(len(keys))]
			switch stream, p := joined.Of(key), pod(); random.IntN(4) {
			case 0:
				stream.DeletePod(p.NamespacedName)
				delete(said[key], p.NamespacedName)
			case 1:
				scope := []string{"", p.Namespace}[random.IntN(2)]
				maps.DeleteFunc(said[key], func(name types.NamespacedName, _ string) bool { return scope == "" || name.Namespace == scope })
				stream.ReplacePods(scope, []*Pod{p})
				say(key, p)
			default:
				stream.SetPod(p)
				say(key, p)
			}
			if want := labelled(said); !reflect.DeepEqual(labelsOfAll(got.pods), want) {
				t.Fatalf("With seed %d the pods are %v, want %v", seed, labelsOfAll(got.pods), want)
			}
		}
	}
}

// labelled puts together what the streams said.
func labelled(said map[string]map[types.NamespacedName]string) map[types.NamespacedName]map[string]string {
	pods := map[types.NamespacedName]map[string]string{}
	for key, values := range said {
		for name, value := range values {
			if pods[name] == nil {
				pods[name] = map[string]string{}
			}
			pods[name][key] = value
		}
	}
	return pods
}

func labelsOfAll(pods map[types.NamespacedName]*PodFacts) map[types.NamespacedName]map[string]string {
	labels := map[types.NamespacedName]map[string]string{}
	for name, facts := range pods {
		labels[name] = facts.Labels
	}
	return labels
}

// BenchmarkPod decodes Pods of which there are many with the same facts.
func BenchmarkPod(b *testing.B) {
	d := Decoder{Uses: Uses{Labels: []string{"role"}}}
	in := podMeta("db-0", map[string]string{"role": "primary", "app": "db", "version": "3"}, nil)
	kept := d.Pod(in)
	b.ReportAllocs()
	for b.Loop() {
		if d.Pod(in).Facts != kept.Facts {
			b.Fatal("The facts are not shared")
		}
	}
}
