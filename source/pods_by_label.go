package source

import (
	"maps"
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// PodsByLabel makes one stream of Pods of several, each of which knows the Pods that carry one label, and says
// nothing of other labels: the streams run ahead of each other.
type PodsByLabel struct {
	to Sink

	mu   sync.Mutex
	pods map[types.NamespacedName]*PodFacts
}

// NewPodsByLabel makes one that knows no Pod yet.
func NewPodsByLabel(to Sink) *PodsByLabel {
	return &PodsByLabel{to: to, pods: make(map[types.NamespacedName]*PodFacts)}
}

// PodsOfLabel takes one of the streams.
type PodsOfLabel struct {
	all *PodsByLabel
	key string
}

// Of returns what takes the stream of the Pods that carry the label.
func (p *PodsByLabel) Of(key string) *PodsOfLabel { return &PodsOfLabel{all: p, key: key} }

// SetPod is as in a Sink.
func (p *PodsOfLabel) SetPod(pod *Pod) {
	p.all.mu.Lock()
	defer p.all.mu.Unlock()
	if p.all.put(pod.NamespacedName, p.key, pod.Facts.Labels[p.key]) {
		p.all.deliver(pod.NamespacedName)
	}
}

// DeletePod is as in a Sink: the Pod does not carry the label any more, or is gone.
func (p *PodsOfLabel) DeletePod(name types.NamespacedName) {
	p.all.mu.Lock()
	defer p.all.mu.Unlock()
	if p.all.put(name, p.key, "") {
		p.all.deliver(name)
	}
}

// ReplacePods is as in a Sink.
func (p *PodsOfLabel) ReplacePods(scope string, pods []*Pod) {
	p.all.mu.Lock()
	defer p.all.mu.Unlock()
	named := make(map[types.NamespacedName]bool, len(pods))
	for _, pod := range pods {
		named[pod.NamespacedName] = true
		p.all.put(pod.NamespacedName, p.key, pod.Facts.Labels[p.key])
	}
	for name := range p.all.pods {
		if (scope == "" || name.Namespace == scope) && !named[name] {
			p.all.put(name, p.key, "")
		}
	}
	p.all.replace(scope)
}

// put makes the value the label of a Pod, an empty one for none, and reports whether that changes anything.
func (p *PodsByLabel) put(name types.NamespacedName, key, value string) bool {
	labels := map[string]string{}
	if before := p.pods[name]; before != nil {
		labels = before.Labels
	}
	if labels[key] == value {
		return false
	}
	labels = maps.Clone(labels)
	labels[key] = value
	if value == "" {
		delete(labels, key)
	}
	if facts := sharePodFacts(labels, nil); facts != nil {
		p.pods[name] = facts
	} else {
		delete(p.pods, name)
	}
	return true
}

// deliver hands a Pod on as it is now.
func (p *PodsByLabel) deliver(name types.NamespacedName) {
	if facts := p.pods[name]; facts != nil {
		p.to.SetPod(&Pod{NamespacedName: name, Facts: facts})
	} else {
		p.to.DeletePod(name)
	}
}

// replace hands all Pods of a scope on.
func (p *PodsByLabel) replace(scope string) {
	var all []*Pod
	for name, facts := range p.pods {
		if scope == "" || name.Namespace == scope {
			all = append(all, &Pod{NamespacedName: name, Facts: facts})
		}
	}
	p.to.ReplacePods(scope, all)
}
