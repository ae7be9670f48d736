// Package bench measures headless beside the kubernetes plugin of the same CoreDNS, on the same objects, in the same
// run. The ratios count, not the times. And it measures what it costs to know where clients are in a large cluster, which
// is simulated: costs_test.go.
package bench

import (
	"fmt"
	"testing"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	"github.com/coredns/coredns/plugin/test"
	"github.com/coredns/coredns/request"

	"github.com/miekg/dns"

	_ "github.com/headless-dns/headless"
)

// handlers are the plugins that the plugin of the same name, which stands above them, has found below itself.
var handlers = map[string]plugin.Handler{}

func init() {
	dnsserver.Directives = []string{"bind", "above", "headless", "kubernetes"}
	plugin.Register("above", func(c *caddy.Controller) error {
		dnsserver.GetConfig(c).AddPlugin(func(next plugin.Handler) plugin.Handler {
			handlers[next.Name()] = next
			return next
		})
		return nil
	})
}

// start serves a block with each plugin, and returns when both know all endpoints.
func start(b *testing.B) {
	b.Helper()
	dnsserver.Quiet = true
	api := serveAPI(b)
	corefile := ""
	for _, name := range []string{"headless", "kubernetes"} {
		corefile += fmt.Sprintf("%s.cluster.local:0 {\nabove\n%s {\nendpoint %s\nstartup_timeout 1m\n}\n}\n", name, name, api)
	}
	server, err := caddy.Start(caddy.CaddyfileInput{Contents: []byte(corefile), ServerTypeName: "dns"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := server.Stop(); err != nil {
			b.Error(err)
		}
		server.ShutdownCallbacks()
	})
}

// BenchmarkServeDNS measures a query from its arrival at the plugin to the message that CoreDNS packs, with the cutting to
// the client's size that CoreDNS does.
func BenchmarkServeDNS(b *testing.B) {
	start(b)
	questions := []struct {
		name, prefix string
		qtype        uint16
		tcp          bool
	}{
		{"A/udp1232", "", dns.TypeA, false},
		{"A/tcp", "", dns.TypeA, true},
		{"SRV/udp1232", "_mysql._tcp.", dns.TypeSRV, false},
		{"NXDOMAIN/udp1232", "none.", dns.TypeA, false},
	}
	for _, question := range questions {
		for _, n := range sizes {
			for _, name := range []string{"headless", "kubernetes"} {
				qname := fmt.Sprintf("%sdb-%d.default.svc.%s.cluster.local.", question.prefix, n, name)
				b.Run(fmt.Sprintf("%s/%d/%s", question.name, n, name), func(b *testing.B) {
					benchmark(b, handlers[name], qname, question.qtype, question.tcp)
				})
			}
		}
	}
}

func benchmark(b *testing.B, h plugin.Handler, qname string, qtype uint16, tcp bool) {
	b.Helper()
	w := &discard{ResponseWriter: test.ResponseWriter{TCP: tcp}}
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		r := new(dns.Msg)
		r.SetQuestion(qname, qtype)
		r.SetEdns0(1232, false)
		if _, err := h.ServeDNS(ctx, request.NewScrubWriter(r, w), r); err != nil {
			b.Fatal(err)
		}
	}
	if w.octets == 0 {
		b.Fatal("Nothing was answered")
	}
}

// discard takes replies and packs them, as CoreDNS's server does, and forgets them.
type discard struct {
	test.ResponseWriter
	octets int
}

func (d *discard) WriteMsg(m *dns.Msg) error {
	wire, err := m.Pack()
	d.octets += len(wire)
	return err
}
