package headless

import (
	"fmt"
	"net"
	"testing"

	"github.com/coredns/coredns/plugin/test"

	"github.com/miekg/dns"
)

// benchmarkedBlocks are policies that all services are answered by; without one it is the full set.
var benchmarkedBlocks = []struct{ name, block string }{
	{"none", ""},
	{"sticky", policyForAll("order sticky")},
	{"sticky3", policyForAll("order sticky\nlimit 3")},
	{"client", policyForAll("prefer incidr(address, '10.0.0.0/16') and client.address != address")},
	{"spread", policyForAll("spread zone")},
	{"weighted", policyForAll("weight ordinal + 1\norder weighted")},
	{"ordinal", policyForAll("order ordinal")},
}

// policyForAll is a block with one policy, applied to everything.
func policyForAll(lines string) string { return "policy p {\n" + lines + "\n}\napply p */*" }

// BenchmarkServeDNSByPolicy measures what BenchmarkServeDNS does, for a client that the policy has seen before.
func BenchmarkServeDNSByPolicy(b *testing.B) {
	for _, p := range benchmarkedBlocks {
		for _, n := range []int{3, 100, 1000, 10_000} {
			endpoints := manyReady(n)
			for i := range endpoints {
				endpoints[i].Zone = fmt.Sprintf("zone-%d", i%3)
			}
			h := withService(withBlock(b, p.block), endpoints...)
			for qtype, qname := range map[uint16]string{dns.TypeA: ofDB, dns.TypeSRV: "_mysql._tcp." + ofDB} {
				b.Run(fmt.Sprintf("%s/%s/%d", p.name, dns.TypeToString[qtype], n), func(b *testing.B) {
					w := &farWriter{remote: net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 40000}}
					r := new(dns.Msg).SetQuestion(qname, qtype)
					r.SetEdns0(1232, false)
					b.ReportAllocs()
					for b.Loop() {
						if _, err := h.ServeDNS(b.Context(), w, r); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}

// BenchmarkFirstQueryByPolicy measures what the first query costs after endpoints changed.
func BenchmarkFirstQueryByPolicy(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		h := withService(withBlock(b, policyForAll("keep 'mysql' in port_names\norder sticky")), manyReady(n)...)
		for qtype, qname := range map[uint16]string{dns.TypeA: ofDB, dns.TypeSRV: "_mysql._tcp." + ofDB} {
			b.Run(fmt.Sprintf("%s/%d", dns.TypeToString[qtype], n), func(b *testing.B) {
				w := &farWriter{remote: net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 40000}}
				r := new(dns.Msg).SetQuestion(qname, qtype)
				b.ReportAllocs()
				for b.Loop() {
					h.policies.forget(h.cache)
					if _, err := h.ServeDNS(b.Context(), w, r); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// farWriter is a client that is no endpoint, and forgets what it is told.
type farWriter struct {
	test.ResponseWriter
	remote net.UDPAddr
}

// RemoteAddr returns the address without making it anew for each query, as a server does.
func (w *farWriter) RemoteAddr() net.Addr { return &w.remote }

func (w *farWriter) WriteMsg(*dns.Msg) error { return nil }
