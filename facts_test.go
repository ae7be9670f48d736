package headless

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/source"
)

// withFacts is a Pod of the namespace default with a label role.
func withFacts(name, role string) *source.Pod {
	return &source.Pod{NamespacedName: nsName("default", name), Facts: factsByRole[role]}
}

// factsByRole are shared, as those of a source are.
var factsByRole = map[string]*source.PodFacts{
	"primary": {Labels: map[string]string{"role": "primary"}, Annotations: map[string]string{"note": "a primary"}},
	"replica": {Labels: map[string]string{"role": "replica"}, Annotations: map[string]string{"note": "a replica"}},
}

// on is a ready endpoint of a Pod of the namespace default on a node.
func on(address, pod, node string) source.Endpoint {
	e := ready(address, "")
	e.Pod, e.Node = nsName("default", pod), node
	return e
}

// factsIn tells the facts of all endpoints of a service, given as SERVICE.NAMESPACE.
func factsIn(c *endpointsCache, key string) []string {
	e, _ := c.lookup(key)
	var all []string
	for i := range e.len() {
		f := e.factsOf(i)
		all = append(all, fmt.Sprintf("%s %v%v %q %t", e.at(i).Address(), f.labels, f.annotations, f.region, f.nodeReady))
	}
	return all
}

func TestEndpointsHaveTheFactsOfTheirPodAndNodeInWhateverOrderTheseCome(t *testing.T) {
	steps := []func(c *endpointsCache){
		func(c *endpointsCache) { c.SetService(headlessService("default", "db")) },
		func(c *endpointsCache) {
			c.SetSlice(sliceWith("default", "db", "db-1", on("10.0.0.1", "db-0", "a"), on("10.0.0.2", "db-1", "b"), ready("10.0.0.3", "")))
		},
		func(c *endpointsCache) { c.ReplacePods("", []*source.Pod{withFacts("db-0", "primary")}) },
		func(c *endpointsCache) { c.SetPod(withFacts("db-1", "replica")) },
		func(c *endpointsCache) {
			c.ReplaceNodes([]*source.Node{{Name: "a", Region: "r-1", Ready: true}, {Name: "b", Region: "r-1"}})
		},
	}
	want := []string{
		`10.0.0.1 map[role:primary]map[note:a primary] "r-1" true`, `10.0.0.2 map[role:replica]map[note:a replica] "r-1" false`,
		`10.0.0.3 map[]map[] "" true`,
	}
	for _, order := range [][]int{{0, 1, 2, 3, 4}, {2, 3, 4, 1, 0}, {4, 1, 2, 3, 0}, {1, 0, 4, 2, 3}} {
		c := newTestCache(t)
		for _, i := range order {
			steps[i](c)
		}
		if got := factsIn(c, "db.default"); !slices.Equal(got, want) {
			t.Errorf("In the order %v the facts are %q, want %q", order, got, want)
		}
	}
}

// published tells which services a change publishes anew.
func published(c *endpointsCache, change func()) []string {
	before := make(map[string]*endpoints)
	for key, s := range c.index.Load().services {
		before[key] = s.endpoints.Load()
	}
	change()
	var anew []string
	for key, s := range c.index.Load().services {
		if s.endpoints.Load() != before[key] {
			anew = append(anew, key)
		}
	}
	slices.Sort(anew)
	return anew
}

func TestAChangePublishesTheServicesThatItConcernsAndNoOthers(t *testing.T) {
	c := newTestCache(t)
	c.SetService(headlessService("default", "db"))
	c.SetService(headlessService("default", "db-all"))
	c.SetService(headlessService("default", "web"))
	c.SetSlice(sliceWith("default", "db", "db-1", on("10.0.0.1", "db-0", "a")))
	c.SetSlice(sliceWith("default", "db-all", "db-all-1", on("10.0.0.1", "db-0", "a"), on("10.0.0.2", "db-1", "b")))
	c.SetSlice(sliceWith("default", "web", "web-1", on("10.0.0.3", "web-0", "c")))
	c.SetSlice(sliceWith("default", "vip", "vip-1", on("10.0.0.3", "web-0", "c"), on("10.0.0.4", "vip-0", "d"))) // is not headless
	c.ReplacePods("", []*source.Pod{withFacts("db-0", "primary"), withFacts("db-1", "replica")})
	a := source.Node{Name: "a", Zone: "zone-a", Region: "r-1", Ready: true}
	c.ReplaceNodes([]*source.Node{&a})
	inZoneB, unready := a, a
	inZoneB.Zone, unready.Ready = "zone-b", false
	unreadyAgain := unready

	policyOf := func(name, policy string) *source.Service {
		s := headlessService("default", name)
		s.Policy = policy
		return s
	}
	for _, step := range []struct {
		what   string
		change func()
		want   []string
	}{
		{"the same facts of a pod", func() { c.SetPod(withFacts("db-0", "primary")) }, nil},
		{"the same list", func() { c.ReplacePods("", []*source.Pod{withFacts("db-0", "primary"), withFacts("db-1", "replica")}) }, nil},
		{"a pod in two services", func() { c.SetPod(withFacts("db-0", "replica")) }, []string{"db-all.default", "db.default"}},
		{"a pod in one", func() { c.DeletePod(nsName("default", "db-1")) }, []string{"db-all.default"}},
		{"it is gone already", func() { c.DeletePod(nsName("default", "db-1")) }, nil},
		{"a pod of a service that is not headless", func() { c.SetPod(withFacts("vip-0", "primary")) }, nil},
		{"a list without a pod", func() { c.ReplacePods("default", nil) }, []string{"db-all.default", "db.default"}},
		{"an empty list", func() { c.ReplacePods("other", nil) }, nil},
		{"the zone of a node", func() { c.SetNode(&inZoneB) }, nil},
		{"the readiness of a node", func() { c.SetNode(&unready) }, []string{"db-all.default", "db.default"}},
		{"the same node", func() { c.SetNode(&unreadyAgain) }, nil},
		{"an unknown node that is ready", func() { c.SetNode(&source.Node{Name: "b", Ready: true}) }, nil},
		{"the region of a node", func() { c.SetNode(&source.Node{Name: "b", Region: "r-2", Ready: true}) }, []string{"db-all.default"}},
		{"no nodes", func() { c.ReplaceNodes(nil) }, []string{"db-all.default", "db.default"}},
		{"a policy", func() { c.SetService(policyOf("web", "near")) }, []string{"web.default"}},
		{"the same policy", func() { c.SetService(policyOf("web", "near")) }, nil},
		{"no policy, in a list", func() {
			c.ReplaceServices("", []*source.Service{policyOf("db", ""), policyOf("db-all", ""), policyOf("web", "")})
		}, []string{"web.default"}},
	} {
		if got := published(c, step.change); !slices.Equal(got, step.want) {
			t.Errorf("%s: published %q, want %q", step.what, got, step.want)
		}
	}
}

func TestAnAnnotationStaysWithItsService(t *testing.T) {
	c := newTestCache(t)
	c.SetService(&source.Service{NamespacedName: nsName("default", "db"), Policy: "near"})
	c.SetSlice(sliceWith("default", "db", "db-1", ready("10.0.0.1", "")))
	other := newTestCache(t)
	c.copyTo(other)
	for _, cache := range []*endpointsCache{c, other} {
		if e, _ := cache.lookup("db.default"); e.annotation != "near" || e.ready() != 1 {
			t.Errorf("The annotation is %q of %d endpoints", e.annotation, e.ready())
		}
	}
	c.SetService(headlessService("default", "db"))
	if e, _ := c.lookup("db.default"); e.annotation != "" || e.ready() != 1 {
		t.Errorf("Without it, it is %q of %d endpoints", e.annotation, e.ready())
	}
}

func TestNodesAreCountedByZoneWhileTheyAreReady(t *testing.T) {
	c := newTestCache(t)
	if c.nodesByZone.Load() != nil {
		t.Error("Nodes are counted where nobody looks at them")
	}
	c.ReplaceNodes(nil)
	if n := c.nodesByZone.Load(); n == nil || len(*n) != 0 {
		t.Errorf("Of no nodes there are %v", n)
	}
	c.ReplaceNodes([]*source.Node{{Name: "a", Zone: "x", Ready: true}, {Name: "b", Zone: "x", Ready: true}, {Name: "c", Zone: "y"}, {Name: "d", Ready: true}})
	counted := c.nodesByZone.Load()
	if want := map[string]int{"x": 2, "": 1}; !maps.Equal(*counted, want) {
		t.Errorf("Counted %v, want %v", *counted, want)
	}
	c.SetNode(&source.Node{Name: "a", Zone: "x", Region: "r", Ready: true})
	if c.nodesByZone.Load() != counted {
		t.Error("The same numbers are published anew")
	}
	c.DeleteNode("a")
	if want := map[string]int{"x": 1, "": 1}; !maps.Equal(*c.nodesByZone.Load(), want) {
		t.Errorf("Counted %v, want %v", *c.nodesByZone.Load(), want)
	}
}

func TestEqualFactsAreSharedAndNothingIsKeptWhereNobodyLooks(t *testing.T) {
	c := newTestCache(t)
	c.SetService(headlessService("default", "db"))
	many := manyReady(1000)
	var pods []*source.Pod
	for i := range many {
		many[i].Pod = nsName("default", many[i].Hostname)
		if role := []string{"primary", "replica", ""}[i%3]; role != "" {
			pods = append(pods, withFacts(many[i].Pod.Name, role))
		}
	}
	c.SetSlice(sliceWith("default", "db", "db-1", many...))
	if e, _ := c.lookup("db.default"); e.facts != nil || c.known.pods != nil || c.known.nodes != nil {
		t.Error("There are facts that nobody asked for")
	}
	c.ReplacePods("", pods)
	distinct := map[*facts]int{}
	e, _ := c.lookup("db.default")
	for i := range e.len() {
		distinct[e.factsOf(i)]++
	}
	if len(distinct) != 3 || distinct[nothingKnown] != 333 {
		t.Errorf("1,000 endpoints have %d facts, and %d of them none; want 3 and 333", len(distinct), distinct[nothingKnown])
	}
	c.ReplacePods("", nil)
	c.ReplaceSlices("", nil)
	if len(c.known.pods) != 0 {
		t.Errorf("Of %d pods something is kept, though nothing is left of them", len(c.known.pods))
	}
}

// The model: after any sequence of changes the facts are as if the cache had been filled with the end result at once,
// and nothing is left of what is gone.
func TestAnySequenceOfChangesEndsWithTheFactsThatTheObjectsSay(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 2))
	for round := range 200 {
		c, w := newTestCache(t), &factsWorld{pods: map[types.NamespacedName]*source.Pod{}, nodes: map[string]*source.Node{}}
		services, slicesNow := map[types.NamespacedName]bool{}, map[types.NamespacedName]*source.Slice{}
		c.ReplacePods("", nil)
		c.ReplaceNodes(nil)
		for range 60 {
			if random.IntN(2) == 0 {
				w.changeAtRandom(random, c)
			} else {
				changeAtRandom(random, c, services, slicesNow)
			}
		}
		want := newTestCache(t)
		want.ReplacePods("", slices.Collect(maps.Values(w.pods)))
		want.ReplaceNodes(slices.Collect(maps.Values(w.nodes)))
		for name := range services {
			want.SetService(&source.Service{NamespacedName: name})
		}
		want.ReplaceSlices("", slices.Collect(maps.Values(slicesNow)))
		for key := range want.index.Load().services {
			if got, want := factsIn(c, key), factsIn(want, key); !slices.Equal(got, want) {
				t.Fatalf("Round %d ended with the facts\n%q\nwant\n%q", round, got, want)
			}
		}
		if got, want := len(c.known.pods)+len(c.known.nodes), len(want.known.pods)+len(want.known.nodes); got != want {
			t.Fatalf("Round %d ended with %d known pods and nodes, want %d", round, got, want)
		}
	}
}

// factsWorld are the Pods and nodes that there are.
type factsWorld struct {
	pods  map[types.NamespacedName]*source.Pod
	nodes map[string]*source.Node
}

func (w *factsWorld) changeAtRandom(random *rand.Rand, c *endpointsCache) {
	p := withFacts(fmt.Sprint("p", random.IntN(4)), []string{"primary", "replica"}[random.IntN(2)])
	p.Namespace = []string{"a", "b"}[random.IntN(2)]
	n := &source.Node{Name: fmt.Sprint("n", random.IntN(3)), Region: fmt.Sprint("r", random.IntN(2)), Ready: random.IntN(2) == 0}
	switch random.IntN(8) {
	case 0:
		c.DeletePod(p.NamespacedName)
		delete(w.pods, p.NamespacedName)
	case 1:
		scope := []string{"", p.Namespace}[random.IntN(2)]
		c.ReplacePods(scope, []*source.Pod{p})
		maps.DeleteFunc(w.pods, func(name types.NamespacedName, _ *source.Pod) bool { return scope == "" || name.Namespace == scope })
		w.pods[p.NamespacedName] = p
	case 2:
		c.DeleteNode(n.Name)
		delete(w.nodes, n.Name)
	case 3:
		c.ReplaceNodes([]*source.Node{n})
		clear(w.nodes)
		w.nodes[n.Name] = n
	case 4, 5:
		c.SetNode(n)
		w.nodes[n.Name] = n
	default:
		c.SetPod(p)
		w.pods[p.NamespacedName] = p
	}
}
