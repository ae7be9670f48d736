package headless

import (
	"strings"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/pkg/nonwriter"

	"github.com/miekg/dns"
)

// mostAliases bounds how many ExternalName services may point to one another, as in CoreDNS's other plugins.
const mostAliases = 7

// externalNames adds what only we know to answers for ExternalName services that point to names of headless services.
// The kubernetes plugin behind us follows a name in its own zone by itself, never asks us, and without endpoints finds
// nothing.
type externalNames struct {
	dns.ResponseWriter
	*asking
}

// mayBeExternal says whether the name and type are such that an ExternalName service is answered with addresses.
func (a *asking) mayBeExternal() bool {
	return (a.qtype == dns.TypeA || a.qtype == dns.TypeAAAA) && (a.name.kind == nameService || a.name.kind == namePort)
}

// WriteMsg implements the dns.ResponseWriter interface.
func (w *externalNames) WriteMsg(m *dns.Msg) error {
	if m.Rcode != dns.RcodeSuccess || len(m.Answer) > 0 || m.Truncated {
		return w.ResponseWriter.WriteMsg(m)
	}
	aliases, target := w.follow()
	if target == nil {
		return w.ResponseWriter.WriteMsg(m)
	}
	r, ours := target.reply()
	w.tailored, w.policyTTL = target.tailored, target.policyTTL
	switch none := len(r.answer) == 0 && !r.truncated; {
	case !ours, none && !w.tailored:
		return w.ResponseWriter.WriteMsg(m)
	case none: // which a resolver would take for everybody's without the option that says whose it is
		return w.write(reply{extended: r.extended})
	}
	r.answer = append(aliases, r.answer...)
	return w.write(r)
}

// follow returns the CNAME records from the question's name to a name of a headless service, and the question for that,
// of the same client; nil where there is none.
func (w *externalNames) follow() (aliases []dns.RR, target *asking) {
	name, octets := w.qname, 0
	for len(aliases) < mostAliases {
		alias := w.alias(name)
		if alias == nil {
			return nil, nil
		}
		aliases = append(aliases, alias)
		octets += recordOctets + nameOctets(alias.Target)
		name = alias.Target
		lower := strings.ToLower(name)
		zone := w.zoneOf(lower)
		if zone == "" {
			return nil, nil
		}
		next := *w.asking
		next.qname, next.lower, next.zone = name, lower, name[len(name)-len(zone):]
		next.taken = octets + nameOctets(w.qname) - nameOctets(name)
		next.parse()
		if _, ok := w.cache.lookup(next.name.service); ok && next.name.suffix > 0 {
			return aliases, &next
		}
	}
	return nil, nil
}

// alias asks the plugin behind us for a name's CNAME record.
func (w *externalNames) alias(name string) *dns.CNAME {
	r := w.state.Req.Copy()
	r.Question[0].Name, r.Question[0].Qtype = name, dns.TypeCNAME
	answer := nonwriter.New(w.ResponseWriter)
	if _, err := plugin.NextOrFailure(w.Name(), w.Next, w.ctx, answer, r); err != nil || answer.Msg == nil {
		return nil
	}
	for _, rr := range answer.Msg.Answer {
		if alias, ok := rr.(*dns.CNAME); ok && strings.EqualFold(alias.Hdr.Name, name) {
			return alias
		}
	}
	return nil
}
