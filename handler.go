package headless

import (
	"context"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/pkg/dnsutil"
	"github.com/coredns/coredns/request"

	"github.com/miekg/dns"
)

// ServeDNS implements the plugin.Handler interface.
func (h *Headless) ServeDNS(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	if len(r.Question) != 1 || r.Question[0].Name == "" {
		return dns.RcodeFormatError, nil
	}
	state := request.Request{W: w, Req: r}
	zone := h.zoneOf(state.Name())
	if zone == "" {
		return plugin.NextOrFailure(h.Name(), h.Next, ctx, w, r)
	}
	a := &asking{Headless: h, ctx: ctx, request: state}
	a.state = &a.request
	a.know()
	return a.serve(zone)
}

// serve serves a message for a name in one of our zones.
func (a *asking) serve(zone string) (int, error) {
	switch {
	case a.state.Req.Opcode != dns.OpcodeQuery:
		return a.leave(dns.RcodeNotImplemented)
	case isTransfer(a.state.QType()):
		return a.serveTransfer(a.ctx, a.state, zone)
	case a.state.QClass() != dns.ClassINET:
		return a.leave(dns.RcodeRefused)
	case !a.cache.synced.Load():
		return a.serveUnsynced(a.ctx, a.state)
	}
	var ok bool
	if a.subnet, ok = a.believedSubnet(a.state); !ok {
		return dns.RcodeFormatError, nil
	}
	a.begin(zone)
	answer, left := a.answer()
	if left {
		return plugin.NextOrFailure(a.Name(), a.Next, a.ctx, a.writerBehind(), a.state.Req)
	}
	return dns.RcodeSuccess, a.write(answer)
}

// writerBehind is what the plugins behind us answer by: we add to what some of their answers say.
func (a *asking) writerBehind() dns.ResponseWriter {
	switch {
	case a.name.kind == nameApex && a.qtype == dns.TypeSOA:
		return &serialWriter{ResponseWriter: a.state.W, serials: &a.cache.serials}
	case a.mayBeExternal() && a.behind.serves(a.lower):
		return &externalNames{ResponseWriter: a.state.W, asking: a}
	}
	return a.state.W
}

// leave leaves a message that is no question for records of the Internet to the plugins behind; the rcode is for where
// there are none.
func (a *asking) leave(rcode int) (int, error) {
	if a.Next == nil {
		return rcode, nil
	}
	return plugin.NextOrFailure(a.Name(), a.Next, a.ctx, a.state.W, a.state.Req)
}

// zoneOf returns the zone that the name is in, the longest of several, and nothing where it is in none of ours.
func (h *Headless) zoneOf(lower string) string {
	found := ""
	for _, zone := range h.Zones {
		if len(zone) > len(found) && inZone(lower, zone) {
			found = zone
		}
	}
	return found
}

// begin takes note of what is asked in one of our zones.
func (a *asking) begin(zone string) {
	a.lower, a.qtype, a.ttl = a.state.Name(), a.state.QType(), a.Headless.ttl
	if a.qname = a.lower; a.qname != a.state.Req.Question[0].Name {
		a.qname = a.state.QName() // which costs something
	}
	a.zone = a.qname[len(a.qname)-len(zone):]
	a.parse()
}

// parse tells what the name stands for. Services have no names in reverse zones.
func (a *asking) parse() {
	a.name = parseName(a.lower, a.zone)
	if a.name.kind >= nameNamespace && dnsutil.IsReverse(a.lower) > 0 {
		a.name = name{kind: nameOther}
	}
}

// answer answers what is not left to the plugins behind: names of headless services, and those of a zone where no
// kubernetes plugin behind us serves it.
func (a *asking) answer() (r reply, left bool) {
	r, ours := a.reply()
	switch {
	case ours:
		return r, false
	case a.behind.serves(a.lower):
		return reply{}, true
	}
	r = a.zoneReply()
	unknown := r.rcode == dns.RcodeNameError || len(r.answer) == 0 && isReversePart(a.lower)
	return r, unknown && a.Fall.Through(a.lower)
}

// reply answers for names of headless services; ours is false for all others.
func (a *asking) reply() (r reply, ours bool) {
	if a.name.suffix > 0 {
		if e, ok := a.cache.lookup(a.name.service); ok {
			return a.serviceReply(e), true
		}
		return reply{}, false
	}
	return a.reverseReply()
}

// write sends the reply to the client.
func (a *asking) write(answer reply) error {
	m := new(dns.Msg)
	m.SetRcode(a.state.Req, answer.rcode)
	m.Authoritative = true
	m.Truncated = answer.truncated
	m.Compress = a.mayBeSigned // else CoreDNS finds out whether it must be
	m.Answer, m.Extra = answer.answer, answer.extra
	if len(m.Answer) == 0 && !m.Truncated {
		m.Ns = []dns.RR{a.soa()}
	}
	if opt := a.state.Req.IsEdns0(); opt != nil && (answer.extended != nil || a.subnet != nil || a.stale) {
		m.SetEdns0(dns.DefaultMsgSize, false)
		m.IsEdns0().Option = a.options(opt, answer)
	}
	if a.stale {
		staleAnswerCount.Inc()
	}
	return a.state.W.WriteMsg(m)
}

// options are those of the message for a client that speaks EDNS.
func (a *asking) options(opt *dns.OPT, answer reply) []dns.EDNS0 {
	options := a.keptOptions(opt)
	if answer.extended != nil {
		options = append(options, answer.extended)
	}
	if a.stale {
		options = append(options, staleAnswer)
	}
	return options
}
