package headless

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/source"
)

func newTestCache(t *testing.T) *endpointsCache {
	t.Helper()
	c := newEndpointsCache(cacheShape{reverse: true})
	t.Cleanup(c.close)
	return c
}

func TestAServiceIsKnownByItsServiceAloneAndInAnyOrder(t *testing.T) {
	c := newTestCache(t)
	c.SetSlice(sliceWith("default", "db", "db-1", ready("10.0.0.1", "db-0")))
	if _, ok := c.lookup("db.default"); ok {
		t.Error("A slice alone makes a headless service")
	}
	c.SetService(headlessService("default", "db"))
	if e, ok := c.lookup("db.default"); !ok || e.ready() != 1 {
		t.Errorf("The service after its slice: %v, %t", e, ok)
	}
	c.DeleteService(nsName("default", "db"))
	if _, ok := c.lookup("db.default"); ok || c.hasNamespace("default") {
		t.Error("The service is still there after it was deleted")
	}
	c.SetService(headlessService("default", "db"))
	if e, ok := c.lookup("db.default"); !ok || e.ready() != 1 {
		t.Error("A service that comes back does not find its slices")
	}
}

func TestASliceThatChangesItsServiceLeavesTheOldOne(t *testing.T) {
	c := newTestCache(t)
	c.SetService(headlessService("default", "db"))
	c.SetService(headlessService("default", "web"))
	c.SetSlice(sliceWith("default", "db", "s", ready("10.0.0.1", "")))
	c.SetSlice(sliceWith("default", "web", "s", ready("10.0.0.1", "")))
	db, _ := c.lookup("db.default")
	web, _ := c.lookup("web.default")
	if db.ready() != 0 || web.ready() != 1 {
		t.Errorf("After the slice moved db has %d endpoints and web has %d", db.ready(), web.ready())
	}
}

func TestAReplacementConcernsItsNamespaceOnly(t *testing.T) {
	c := newTestCache(t)
	for _, namespace := range []string{"a", "b"} {
		c.ReplaceServices(namespace, []*source.Service{headlessService(namespace, "db")})
		c.ReplaceSlices(namespace, []*source.Slice{sliceWith(namespace, "db", "s", ready("10.0.0.1", ""))})
	}
	c.ReplaceSlices("a", nil)
	c.ReplaceServices("b", nil)
	e, ok := c.lookup("db.a")
	if _, inB := c.lookup("db.b"); !ok || inB || e.ready() != 0 {
		t.Errorf("After the replacements db.a is %v, and db.b is there: %t", e, inB)
	}
}

// While an endpoint moves from one slice to another it is never missing and never twice, added first; and a list that
// has it in another slice than before is one change.
func TestAnEndpointThatMovesIsNeverMissingAndNeverTwice(t *testing.T) {
	c := newTestCache(t)
	c.SetService(headlessService("default", "db"))
	moving, staying := ready("10.0.0.1", "db-0"), ready("10.0.0.2", "db-1")
	a := func(endpoints ...source.Endpoint) *source.Slice { return sliceWith("default", "db", "a", endpoints...) }
	b := func(endpoints ...source.Endpoint) *source.Slice { return sliceWith("default", "db", "b", endpoints...) }
	c.ReplaceSlices("", []*source.Slice{a(moving), b(staying)})

	stop := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		for {
			e, _ := c.lookup("db.default")
			if got := readyNames(e); !slices.Equal(got, []string{"10.0.0.1 db-0", "10.0.0.2 db-1"}) {
				t.Errorf("While the endpoint moved the service was %q", got)
				return
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	for range 1000 {
		c.SetSlice(b(staying, moving))
		c.SetSlice(a())
		c.SetSlice(a(moving))
		c.SetSlice(b(staying))
		c.ReplaceSlices("", []*source.Slice{a(), b(moving, staying)})
		c.ReplaceSlices("", []*source.Slice{a(moving, staying)})
		c.ReplaceSlices("", []*source.Slice{a(moving), b(staying)})
	}
	close(stop)
	watching.Wait()
}

// The model: after any sequence of changes the cache answers as if it had been filled with the end result at once.
func TestAnySequenceOfChangesEndsWhereTheObjectsSay(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 1))
	for round := range 100 {
		c := newTestCache(t)
		services, slicesNow := map[types.NamespacedName]bool{}, map[types.NamespacedName]*source.Slice{}
		for range 60 {
			changeAtRandom(random, c, services, slicesNow)
		}
		want := newTestCache(t)
		for name := range services {
			want.SetService(&source.Service{NamespacedName: name})
		}
		want.ReplaceSlices("", slices.Collect(maps.Values(slicesNow)))
		if got, want := contentOf(c), contentOf(want); !maps.Equal(got, want) {
			t.Fatalf("Round %d ended with\n%v\nwant\n%v", round, got, want)
		}
	}
}

func changeAtRandom(random *rand.Rand, c *endpointsCache, services map[types.NamespacedName]bool, now map[types.NamespacedName]*source.Slice) {
	namespace := []string{"a", "b"}[random.IntN(2)]
	service := nsName(namespace, []string{"db", "web"}[random.IntN(2)])
	name := fmt.Sprint("s", random.IntN(3))
	var all []source.Endpoint
	for i := range random.IntN(4) {
		e := ready(fmt.Sprintf("10.0.0.%d", 1+i+random.IntN(3)), "")
		// A pod may stand in a slice twice, and in several slices.
		if pod := random.IntN(5); pod > 0 {
			e.Pod, e.Node = nsName(namespace, fmt.Sprint("p", pod)), fmt.Sprint("n", random.IntN(3))
		}
		all = append(all, e)
	}
	s := sliceWith(namespace, service.Name, name, all...)
	switch random.IntN(6) {
	case 0:
		services[service] = true
		c.SetService(&source.Service{NamespacedName: service})
	case 1:
		delete(services, service)
		c.DeleteService(service)
	case 2:
		delete(now, s.NamespacedName)
		c.DeleteSlice(s.NamespacedName)
	case 3:
		maps.DeleteFunc(now, func(name types.NamespacedName, _ *source.Slice) bool { return name.Namespace == namespace })
		now[s.NamespacedName] = s
		c.ReplaceSlices(namespace, []*source.Slice{s})
	default:
		now[s.NamespacedName] = s
		c.SetSlice(s)
	}
}

// contentOf is everything that queries can see.
func contentOf(c *endpointsCache) map[string]string {
	seen := map[string]string{}
	for key, s := range c.index.Load().services {
		seen[key] = fmt.Sprint(readyNames(s.endpoints.Load()))
	}
	for namespace, n := range c.index.Load().namespaces {
		seen["namespace "+namespace] = fmt.Sprint(n)
	}
	for i := range byte(10) {
		address := netip.AddrFrom4([4]byte{10, 0, 0, i})
		var keys []string
		for _, s := range c.reverse.lookup(address) {
			keys = append(keys, s.key)
		}
		slices.Sort(keys)
		seen[address.String()] = fmt.Sprint(keys)
	}
	return seen
}
