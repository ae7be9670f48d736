package headless

import (
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/source"
)

// facts are what policies look at of an endpoint that does not stand in its slice. They are immutable, and endpoints
// of a service for which they are the same share them.
type facts struct {
	// labels and annotations are those of the endpoint's Pod that policies name.
	labels, annotations map[string]string
	// region is that of its node.
	region string
	// nodeReady says that its node is not known to be unready.
	nodeReady bool
}

// nothingKnown are the facts of an endpoint of which nothing is known.
var nothingKnown = &facts{nodeReady: true}

// factsOf returns those of the i-th endpoint. They stand beside the endpoints, for these are sorted and moved whenever
// one changes, and most clusters have no facts.
func (e *endpoints) factsOf(i int) *facts {
	if e.facts == nil {
		return nothingKnown
	}
	return e.facts[i]
}

// knownFacts are what a source delivered of Pods and nodes. Where policies look at nothing of them there is nothing.
// They are part of the cache, and under its lock.
type knownFacts struct {
	pods  known[types.NamespacedName, source.PodFacts]
	nodes known[string, source.Node]
}

// known are the objects of a kind that were delivered, or that have to do with an endpoint of a headless service, or
// both, by their names. It is nil until the first one is delivered.
type known[K comparable, V any] map[K]knownObject[V]

type knownObject[V any] struct {
	value  *V              // nil where none was delivered
	slices []*source.Slice // in which it stands
}

// enter takes note that an object stands in a slice: when it changes, its services are found.
func (k known[K, V]) enter(name K, s *source.Slice) {
	object := k[name]
	if !slices.Contains(object.slices, s) {
		object.slices = append(object.slices, s)
		k[name] = object
	}
}

// leave forgets what enter took note of.
func (k known[K, V]) leave(name K, s *source.Slice) {
	object, ok := k[name]
	if ok {
		object.slices = slices.DeleteFunc(object.slices, func(other *source.Slice) bool { return other == s })
		k.put(name, object)
	}
}

// set takes note of an object, nil where it is gone, and returns the slices in which it stands.
func (k known[K, V]) set(name K, value *V) []*source.Slice {
	object := k[name]
	object.value = value
	k.put(name, object)
	return object.slices
}

// put keeps an object as long as there is something to know of it.
func (k known[K, V]) put(name K, object knownObject[V]) {
	if object.value == nil && len(object.slices) == 0 {
		delete(k, name)
	} else {
		k[name] = object
	}
}

// nothing says that policies look at nothing of Pods and nodes, or that none were delivered yet.
func (k *knownFacts) nothing() bool { return k.pods == nil && k.nodes == nil }

// enter takes note of the Pods and nodes in slices of headless services.
func (k *knownFacts) enter(all ...*source.Slice) {
	if k.nothing() {
		return
	}
	for _, s := range all {
		for _, p := range s.Endpoints {
			if pod := p.Pod(); k.pods != nil && pod.Name != "" {
				k.pods.enter(pod, s)
			}
			if node := p.Node(); k.nodes != nil && node != "" {
				k.nodes.enter(node, s)
			}
		}
	}
}

// leave forgets what enter took note of.
func (k *knownFacts) leave(all ...*source.Slice) {
	if k.nothing() {
		return
	}
	for _, s := range all {
		for _, p := range s.Endpoints {
			k.pods.leave(p.Pod(), s)
			k.nodes.leave(p.Node(), s)
		}
	}
}

// give gives endpoints that nobody sees yet their facts.
func (k *knownFacts) give(to *endpoints) {
	if k.nothing() {
		return
	}
	type key struct {
		pod  *source.PodFacts
		node nodeFacts
	}
	shared := map[key]*facts{{}: nothingKnown}
	to.facts = make([]*facts, to.len())
	for i := range to.facts {
		p := to.at(i)
		of := key{pod: k.pods[p.Pod()].value, node: nodeFactsOf(k.nodes[p.Node()].value)}
		if shared[of] == nil {
			shared[of] = newFacts(of.pod, of.node)
		}
		to.facts[i] = shared[of]
	}
}

func newFacts(pod *source.PodFacts, node nodeFacts) *facts {
	f := &facts{region: node.region, nodeReady: !node.unready}
	if pod != nil {
		f.labels, f.annotations = pod.Labels, pod.Annotations
	}
	return f
}

// nodeFacts are what the endpoints on a node have of it. The zero value is that of an unknown node.
type nodeFacts struct {
	region  string
	unready bool
}

func nodeFactsOf(n *source.Node) nodeFacts {
	if n == nil {
		return nodeFacts{}
	}
	return nodeFacts{region: n.Region, unready: !n.Ready}
}

// countNodes returns how many nodes each zone has that are ready: others have no clients that one could count on.
func (k *knownFacts) countNodes() map[string]int {
	count := make(map[string]int)
	for _, n := range k.nodes {
		if n.value != nil && n.value.Ready {
			count[n.value.Zone]++
		}
	}
	return count
}
