package source

import (
	"fmt"
	"runtime"
	"sync"
	"weak"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Pod is what is kept of a Pod of which policies look at something.
type Pod struct {
	types.NamespacedName
	// Facts are nil where policies look at nothing of the Pod.
	Facts *PodFacts
	// Client says from where the Pod asks, if that is asked for (Uses.ClientPods).
	Client PodClient
}

// PodFacts are the labels and annotations of Pods that policies name. Of equal ones there is one: a thousand replicas
// with the same labels take the room of one, and facts are the same where their pointers are.
type PodFacts struct {
	// Empty values are left out: to a policy they are what missing ones are.
	Labels, Annotations map[string]string
}

// Pod returns what policies look at of a Pod, or nil where that is nothing.
func (d *Decoder) Pod(in *metav1.ObjectMeta) *Pod {
	if !d.namespace(in.Namespace) {
		return nil
	}
	facts := sharePodFacts(chosen(in.Labels, d.Uses.Labels), chosen(in.Annotations, d.Uses.Annotations))
	if facts == nil {
		return nil
	}
	return &Pod{NamespacedName: types.NamespacedName{Namespace: share(in.Namespace), Name: in.Name}, Facts: facts}
}

// maxValue is how many octets are kept of an annotation, which may have 256 KiB: expressions are to read it for each
// endpoint. A label has 63 at most.
const maxValue = 1024

// chosen returns the values of the keys, nil where there are none.
func chosen(all map[string]string, keys []string) map[string]string {
	var values map[string]string
	for _, key := range keys {
		if value := all[key]; value != "" {
			if values == nil {
				values = make(map[string]string, len(keys))
			}
			values[key] = value[:min(len(value), maxValue)]
		}
	}
	return values
}

// podFacts are all that there are, by their content. Those that nobody uses any more go away.
var podFacts = struct {
	sync.Mutex
	known map[string]weak.Pointer[PodFacts]
}{known: make(map[string]weak.Pointer[PodFacts])}

// sharePodFacts returns the one value with this content, nil where there is none. The maps must not be written to
// from then on.
func sharePodFacts(labels, annotations map[string]string) *PodFacts {
	if len(labels)+len(annotations) == 0 {
		return nil
	}
	content := fmt.Sprintf("%q %q", labels, annotations) // in the order of the keys
	podFacts.Lock()
	defer podFacts.Unlock()
	if facts := podFacts.known[content].Value(); facts != nil {
		return facts
	}
	facts := &PodFacts{Labels: labels, Annotations: annotations}
	podFacts.known[content] = weak.Make(facts)
	runtime.AddCleanup(facts, forgetPodFacts, content)
	return facts
}

// forgetPodFacts takes note that facts are gone, save where the same content has come back since.
func forgetPodFacts(content string) {
	podFacts.Lock()
	defer podFacts.Unlock()
	if podFacts.known[content].Value() == nil {
		delete(podFacts.known, content)
	}
}
