package headless

import (
	"context"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/request"

	"github.com/miekg/dns"
)

// serveUnsynced answers before the first sync: nobody knows yet which names are those of headless services, so the
// next plugin is asked, and what it denies is a failure of ours, that no resolver may keep as a denial.
func (h *Headless) serveUnsynced(ctx context.Context, state *request.Request) (int, error) {
	w := &unsyncedWriter{ResponseWriter: state.W, request: state.Req}
	if h.Next == nil {
		return dns.RcodeSuccess, w.writeFailure()
	}
	return plugin.NextOrFailure(h.Name(), h.Next, ctx, w, state.Req)
}

// unsyncedWriter turns denials into SERVFAIL.
type unsyncedWriter struct {
	dns.ResponseWriter
	request *dns.Msg
}

// WriteMsg implements the dns.ResponseWriter interface.
func (w *unsyncedWriter) WriteMsg(m *dns.Msg) error {
	if isDenial(m) {
		return w.writeFailure()
	}
	return w.ResponseWriter.WriteMsg(m)
}

// writeFailure answers SERVFAIL, with the reason for clients that speak EDNS (RFC 8914, 4.15: Not Ready).
func (w *unsyncedWriter) writeFailure() error {
	m := new(dns.Msg)
	m.SetRcode(w.request, dns.RcodeServerFailure)
	if w.request.IsEdns0() != nil {
		m.SetEdns0(dns.DefaultMsgSize, false)
		reason := &dns.EDNS0_EDE{InfoCode: dns.ExtendedErrorCodeNotReady, ExtraText: "endpoints are not synced yet"}
		m.IsEdns0().Option = append(m.IsEdns0().Option, reason)
	}
	return w.ResponseWriter.WriteMsg(m)
}

// isDenial says whether a message means NXDOMAIN or NODATA. Without an answer it may also be a referral, which has NS
// records.
func isDenial(m *dns.Msg) bool {
	if m.Rcode == dns.RcodeNameError {
		return true
	}
	if m.Rcode != dns.RcodeSuccess || len(m.Answer) > 0 || m.Truncated {
		return false
	}
	for _, rr := range m.Ns {
		if rr.Header().Rrtype == dns.TypeNS {
			return false
		}
	}
	return true
}
