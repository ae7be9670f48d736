package headless

import (
	"fmt"
	"net"
	"net/netip"
	"testing"

	"github.com/coredns/coredns/plugin/pkg/dnstest"
	"github.com/coredns/coredns/plugin/test"
	"github.com/coredns/coredns/request"

	"github.com/miekg/dns"
	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/source"
)

var mysql = source.Port{Name: "mysql", Protocol: "tcp", Number: 3306}

func nsName(namespace, name string) types.NamespacedName {
	return types.NamespacedName{Namespace: namespace, Name: name}
}

// headlessService is a Service as a source delivers it.
func headlessService(namespace, name string) *source.Service {
	return &source.Service{NamespacedName: nsName(namespace, name)}
}

// sliceWith is a slice of a service with one port and the endpoints.
func sliceWith(namespace, service, name string, endpoints ...source.Endpoint) *source.Slice {
	return sliceWithPorts(namespace, service, name, []source.Port{mysql}, endpoints...)
}

// sliceWithPorts is one with other ports.
func sliceWithPorts(namespace, service, name string, ports []source.Port, endpoints ...source.Endpoint) *source.Slice {
	s := &source.Slice{NamespacedName: nsName(namespace, name), Service: service}
	return s.With(ports, endpoints...)
}

// ready is a ready endpoint; the hostname may be empty.
func ready(address, hostname string) source.Endpoint {
	return source.Endpoint{Address: netip.MustParseAddr(address), Hostname: hostname, Ready: true, Serving: true}
}

func unready(address, hostname string) source.Endpoint {
	return source.Endpoint{Address: netip.MustParseAddr(address), Hostname: hostname}
}

func terminating(e source.Endpoint) source.Endpoint {
	e.Terminating = true
	return e
}

// manyReady returns n ready IPv4 endpoints with hostnames.
func manyReady(n int) []source.Endpoint {
	endpoints := make([]source.Endpoint, n)
	for i := range endpoints {
		endpoints[i] = ready(fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255), fmt.Sprintf("db-%d", i))
	}
	return endpoints
}

// newTestHeadless is a plugin for cluster.local and the reverse zones, synced and empty.
func newTestHeadless(tb testing.TB) *Headless {
	tb.Helper()
	conf := &config{zones: []string{"cluster.local.", "in-addr.arpa.", "ip6.arpa."}, ttl: 5, negativeTTL: 5, soaTTL: 5}
	return synced(tb, conf)
}

// synced is a plugin of a configuration, synced and empty.
func synced(tb testing.TB, conf *config) *Headless {
	tb.Helper()
	h := conf.handler()
	h.cache = newEndpointsCache(conf.cacheShape())
	h.finder = conf.newFinder(h.cache.clients)
	h.started.Store(true)
	h.cache.Synced()
	tb.Cleanup(h.cache.close)
	return h
}

// withService puts a service default/db with the endpoints in one slice into the cache.
func withService(h *Headless, endpoints ...source.Endpoint) *Headless {
	h.cache.SetService(headlessService("default", "db"))
	h.cache.SetSlice(sliceWith("default", "db", "db-1", endpoints...))
	return h
}

// client is how a test asks.
type client struct {
	tcp  bool
	edns uint16 // advertised size, 0 for none
	// address is where it asks from, empty where that does not matter.
	address string
	// subnet is for whom it asks, as a resolver does (EDNS client subnet); nil for nobody.
	subnet *dns.EDNS0_SUBNET
}

// writer is what the plugin answers the client by.
func (c client) writer() dns.ResponseWriter {
	w := test.ResponseWriter{TCP: c.tcp}
	if c.address == "" {
		return &w
	}
	return &clientWriter{ResponseWriter: w, address: c.address}
}

// clientWriter is a client with an address of its own.
type clientWriter struct {
	test.ResponseWriter
	address string
}

func (w *clientWriter) RemoteAddr() net.Addr {
	if w.TCP {
		return &net.TCPAddr{IP: net.ParseIP(w.address), Port: 40000}
	}
	return &net.UDPAddr{IP: net.ParseIP(w.address), Port: 40000}
}

// ask sends a question through the plugin and through what CoreDNS does to every reply, and returns what goes on the
// wire, parsed.
func ask(tb testing.TB, h *Headless, qname string, qtype uint16, from client) *dns.Msg {
	tb.Helper()
	r := new(dns.Msg)
	r.SetQuestion(qname, qtype)
	if from.edns > 0 {
		r.SetEdns0(from.edns, false)
	}
	if from.subnet != nil {
		r.IsEdns0().Option = append(r.IsEdns0().Option, from.subnet)
	}
	rec := dnstest.NewRecorder(from.writer())
	rcode, err := h.ServeDNS(tb.Context(), request.NewScrubWriter(r, rec), r)
	if err != nil {
		tb.Fatalf("ServeDNS of %s failed: %v", qname, err)
	}
	if rec.Msg == nil {
		return new(dns.Msg).SetRcode(r, rcode)
	}
	wire, err := rec.Msg.Pack()
	if err != nil {
		tb.Fatalf("Packing the reply to %s failed: %v", qname, err)
	}
	limit := dns.MaxMsgSize
	if !from.tcp {
		limit = max(dns.MinMsgSize, int(from.edns))
	}
	if len(wire) > limit {
		tb.Fatalf("The reply to %s takes %d octets, more than %d", qname, len(wire), limit)
	}
	m := new(dns.Msg)
	if err := m.Unpack(wire); err != nil {
		tb.Fatalf("Unpacking the reply to %s failed: %v", qname, err)
	}
	return m
}

// addressesOf returns the addresses in A and AAAA records, in their order.
func addressesOf(rrs []dns.RR) []string {
	var found []string
	for _, rr := range rrs {
		switch rr := rr.(type) {
		case *dns.A:
			found = append(found, rr.A.String())
		case *dns.AAAA:
			found = append(found, rr.AAAA.String())
		}
	}
	return found
}

// benchmarkQuery measures ServeDNS alone, without the message that it answers and what CoreDNS does to the reply.
func benchmarkQuery(b *testing.B, h *Headless, qname string, qtype uint16, from client) {
	b.Helper()
	r := new(dns.Msg)
	r.SetQuestion(qname, qtype)
	if from.edns > 0 {
		r.SetEdns0(from.edns, false)
	}
	w := &discardWriter{ResponseWriter: test.ResponseWriter{TCP: from.tcp}}
	w.remote = w.ResponseWriter.RemoteAddr()
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.ServeDNS(ctx, w, r); err != nil {
			b.Fatal(err)
		}
	}
}

// discardWriter takes replies and forgets them.
type discardWriter struct {
	test.ResponseWriter
	remote net.Addr // which the server knows too without making it anew
}

func (w *discardWriter) RemoteAddr() net.Addr { return w.remote }

func (w *discardWriter) WriteMsg(*dns.Msg) error { return nil }
