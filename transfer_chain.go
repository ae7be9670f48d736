package headless

import (
	"context"

	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/transfer"
	"github.com/coredns/coredns/request"

	"github.com/miekg/dns"
)

// findTransfers looks for the transfer plugin, and for the plugins behind us that have zones to transfer.
func (h *Headless) findTransfers(cfg *dnsserver.Config) {
	h.transfer, _ = cfg.Handler("transfer").(*transfer.Transfer)
	for _, handler := range cfg.Handlers() {
		if next, ok := handler.(transfer.Transferer); ok && comesBefore(pluginName, handler.Name()) {
			h.transferers = append(h.transferers, next)
		}
	}
}

// isTransfer says whether a zone transfer is asked for.
func isTransfer(qtype uint16) bool { return qtype == dns.TypeAXFR || qtype == dns.TypeIXFR }

// serveTransfer has the transfer plugin answer, which stands behind us and asks us for the zone. What it does not take,
// because the zone is not configured there or none, is refused: whoever stands behind it might forward the question.
func (h *Headless) serveTransfer(ctx context.Context, state *request.Request, zone string) (int, error) {
	// The kubernetes plugin takes any name in its zones for a zone, and the transfer plugin any class for ours.
	isZone := state.Name() == zone || !h.behind.serves(state.Name())
	if h.transfer == nil || !isZone || state.QClass() != dns.ClassINET {
		return dns.RcodeRefused, nil
	}
	t := *h.transfer
	t.Next = plugin.HandlerFunc(func(context.Context, dns.ResponseWriter, *dns.Msg) (int, error) {
		return dns.RcodeRefused, nil
	})
	return plugin.NextOrFailure(h.Name(), &t, ctx, state.W, state.Req)
}

// serialWriter raises the serial that the plugin behind us answers with to that of a transfer: secondaries ask for it.
type serialWriter struct {
	dns.ResponseWriter
	serials *serials
}

// WriteMsg implements the dns.ResponseWriter interface.
func (w *serialWriter) WriteMsg(m *dns.Msg) error {
	m = m.Copy() // a cache may keep it
	for _, rr := range m.Answer {
		if soa, ok := rr.(*dns.SOA); ok {
			soa.Serial = w.serials.at(w.serials.now(), soa.Serial)
		}
	}
	return w.ResponseWriter.WriteMsg(m)
}
