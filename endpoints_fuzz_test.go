package headless

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"testing"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/source"
)

// FuzzEndpoints makes any EndpointSlices come, change and go. The endpoints of their services have to be those that the
// slices say, answers may hold no other addresses, and nothing may be left when the slices are gone.
func FuzzEndpoints(f *testing.F) {
	f.Add([]byte("\x00\x01\x00\x02\x04\x01\x01\x05\x02\x02\x00\x02\x00\x01\x01\x01\x00\x03"))
	f.Add([]byte("\x00\x00\x00\x00\x00\x01\x00\x00\x01\x00\x01\x00\x00\x00\x00\x00\x01\x00\x00\x01\x00\x02\x07\x00\x00\x00"))
	f.Add(slices.Repeat([]byte("\x01\x02\x03\x05\x07\x0b\x0d\x11\x13\x17"), 30))
	f.Fuzz(func(t *testing.T, text []byte) {
		w := sliceWorld{script: text, h: newTestHeadless(t), slices: map[types.NamespacedName]*source.Slice{}}
		for range 64 { // changes at the most
			if len(w.script) == 0 {
				break
			}
			w.change()
			for _, service := range fuzzedServices {
				w.check(t, service)
			}
		}
		w.checkNothingStays(t)
	})
}

var fuzzedServices = []string{"db", "web"}

// script is what is done, as bytes.
type script []byte

func (s *script) next() int {
	if len(*s) == 0 {
		return 0
	}
	n := (*s)[0]
	*s = (*s)[1:]
	return int(n)
}

// text is one of the texts, or any.
func (s *script) text(some ...string) string {
	n := s.next()
	if n < 192 {
		return some[n%len(some)]
	}
	n = min(n-192, len(*s))
	free := string((*s)[:n])
	*s = (*s)[n:]
	return free
}

func (s *script) flag() *bool {
	return []*bool{nil, new(true), new(false)}[s.next()%3]
}

// sliceWorld is what there is in a cluster.
type sliceWorld struct {
	script
	h      *Headless
	slices map[types.NamespacedName]*source.Slice
	known  [2]bool // which of the services there are
}

func (w *sliceWorld) change() {
	switch n := w.next(); n % 8 {
	case 0:
		w.toggle(n / 8 % len(fuzzedServices))
	case 1:
		name := nsName("default", "s"+string(rune('0'+n/8%4)))
		delete(w.slices, name)
		w.h.cache.DeleteSlice(name)
	case 2:
		if s := w.decode(w.slice(n / 8 % 4)); s != nil {
			w.slices[s.NamespacedName] = s
		}
		w.h.cache.ReplaceSlices("", slices.Collect(maps.Values(w.slices)))
	default:
		s := w.decode(w.slice(n / 8 % 4))
		if s == nil {
			return
		}
		if older := w.slices[s.NamespacedName]; older != nil && n%2 == 0 {
			s.TakeOver(older)
		}
		w.slices[s.NamespacedName] = s
		w.h.cache.SetSlice(s)
	}
}

func (w *sliceWorld) toggle(service int) {
	if w.known[service] = !w.known[service]; w.known[service] {
		w.h.cache.SetService(headlessService("default", fuzzedServices[service]))
	} else {
		w.h.cache.DeleteService(nsName("default", fuzzedServices[service]))
	}
}

func (w *sliceWorld) decode(s *discoveryv1.EndpointSlice) *source.Slice {
	return (&source.Decoder{Report: func(source.Problem) {}}).Slice(s)
}

// slice is an EndpointSlice that an API server might deliver, or that only a broken one would.
func (w *sliceWorld) slice(n int) *discoveryv1.EndpointSlice {
	s := &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "s" + string(rune('0'+n))}}
	s.Labels = map[string]string{discoveryv1.LabelServiceName: w.text("db", "db", "web", "")}
	s.AddressType = discoveryv1.AddressType(w.text("IPv4", "IPv4", "IPv6", "FQDN"))
	for range w.next() % 4 {
		s.Ports = append(s.Ports, discoveryv1.EndpointPort{
			Name: new(w.text("mysql", "metrics", "")), Port: new(int32(w.next()) * 300), Protocol: new(corev1.Protocol(w.text("TCP", "UDP", ""))),
		})
	}
	for range w.next() % 16 {
		s.Endpoints = append(s.Endpoints, w.endpoint())
	}
	return s
}

func (w *sliceWorld) endpoint() discoveryv1.Endpoint {
	e := discoveryv1.Endpoint{Addresses: []string{w.text("10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8::2", "010.0.0.1", "::ffff:10.0.0.1", "fe80::1%eth0")}}
	e.Conditions = discoveryv1.EndpointConditions{Ready: w.flag(), Serving: w.flag(), Terminating: w.flag()}
	e.Hostname = new(w.text("", "a", "b", "A.b", "10-0-0-2"))
	e.NodeName, e.Zone = new(w.text("", "n1", "n2")), new(w.text("", "z1", "z2"))
	if n := w.next(); n%2 == 0 {
		e.TargetRef = &corev1.ObjectReference{Kind: "Pod", Namespace: w.text("", "default", "other"), Name: w.text("a", "b", "x.y", "")}
	}
	if n := w.next(); n%4 == 0 {
		e.Hints = &discoveryv1.EndpointHints{ForZones: []discoveryv1.ForZone{{Name: w.text("z1", "")}}, ForNodes: []discoveryv1.ForNode{{Name: w.text("n1", "")}}}
	}
	return e
}

// check compares what is known of a service with its slices, and asks for it.
func (w *sliceWorld) check(t *testing.T, service string) {
	t.Helper()
	got, ok := w.h.cache.lookup(service + ".default")
	if ok != w.known[slices.Index(fuzzedServices, service)] {
		t.Fatalf("The service %s is known: %t", service, ok)
	}
	if !ok {
		return
	}
	var of []*source.Slice
	said := map[netip.Addr]bool{} // whether it may be answered
	for _, s := range w.slices {
		if s.Service == service {
			of = append(of, s)
			for _, p := range s.Endpoints {
				said[p.Address()] = said[p.Address()] || p.Ready()
			}
		}
	}
	checkEqual(t, got, joined(of, false))
	for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA, dns.TypeSRV} {
		m := ask(t, w.h, service+".default.svc.cluster.local.", qtype, client{tcp: true})
		for _, text := range slices.Concat(addressesOf(m.Answer), addressesOf(m.Extra)) {
			if address := netip.MustParseAddr(text); !said[address] {
				t.Fatalf("%s is answered with %s, which is not ready in any slice", service, address)
			}
		}
	}
}

// checkNothingStays checks that the memory of what there was is given back.
func (w *sliceWorld) checkNothingStays(t *testing.T) {
	t.Helper()
	c := w.h.cache
	for name := range w.slices {
		c.DeleteSlice(name)
	}
	for _, service := range fuzzedServices {
		if s := c.services[nsName("default", service)]; s != nil && cmp.Or(len(s.crowded), s.endpoints.Load().len()) > 0 {
			t.Errorf("%s has %d endpoints without slices", service, s.endpoints.Load().len())
		}
		c.DeleteService(nsName("default", service))
	}
	if n := len(c.slices) + len(c.joined) + len(c.services) + c.reverse.services.Len() + len(c.index.Load().services); n > 0 || c.counted != (counts{}) {
		t.Errorf("%d things stay, and these counts: %+v", n, c.counted)
	}
}
