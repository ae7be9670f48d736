package worlds

import (
	"slices"
	"strings"

	"github.com/miekg/dns"
	discoveryv1 "k8s.io/api/discovery/v1"
)

// targetCase gives the names in their SRV answer the case that ours have.
func targetCase(e *Exchange, _, theirs *dns.Msg) bool {
	service, _, ok := e.View.serviceOf(e.Name)
	if !ok || !e.Mixed || e.Type != dns.TypeSRV {
		return false
	}
	suffix := e.View.ServiceName(service)
	asked := e.QName()[len(e.Name)-len(suffix):]
	changed := false
	rename := func(name *string) {
		if cut := len(*name) - len(suffix); cut > 0 && strings.EqualFold((*name)[cut:], suffix) && (*name)[cut:] != asked {
			*name, changed = (*name)[:cut]+asked, true
		}
	}
	for _, rr := range theirs.Answer {
		if srv, ok := rr.(*dns.SRV); ok {
			rename(&srv.Target)
		}
	}
	for _, rr := range theirs.Extra {
		rename(&rr.Header().Name)
	}
	return changed
}

// weights gives their SRV records the weight of ours, where they count what is no record: endpoints in several
// slices, and slices without ports.
func weights(e *Exchange, ours, theirs *dns.Msg) bool {
	service, _, ok := e.View.serviceOf(e.Name)
	ourWeight, same := oneWeight(ours)
	theirWeight, same2 := oneWeight(theirs)
	if !ok || !same || !same2 || ourWeight <= theirWeight || !e.View.countsMore(service) {
		return false
	}
	for _, rr := range theirs.Answer {
		rr.(*dns.SRV).Weight = ourWeight
	}
	return true
}

// countsMore says whether a service has an address several times, or endpoints without ports or their numbers.
func (v *View) countsMore(service string) bool {
	if !v.IsHeadless(service) {
		return false
	}
	seen := map[string]bool{}
	for _, e := range v.Ready(service) {
		numberless := slices.ContainsFunc(e.Ports, func(p discoveryv1.EndpointPort) bool { return p.Port == nil })
		if len(e.Ports) == 0 || numberless || seen[e.Address.String()] {
			return true
		}
		seen[e.Address.String()] = true
	}
	return false
}

// oneWeight is the weight that all records of an answer have.
func oneWeight(m *dns.Msg) (weight uint16, ok bool) {
	for i, rr := range m.Answer {
		srv, isSRV := rr.(*dns.SRV)
		if !isSRV || i > 0 && srv.Weight != weight {
			return 0, false
		}
		weight = srv.Weight
	}
	return weight, len(m.Answer) > 0
}

// isNoOPT is true for all records of an answer.
func isNoOPT(rr dns.RR) bool { return rr.Header().Rrtype != dns.TypeOPT }

// additionalCut excuses the TC bit of their SRV answer where ours has all records of the answer section.
func additionalCut(e *Exchange) bool {
	if e.Type != dns.TypeSRV {
		return false
	}
	used := false
	if e.OursWhole != nil && !e.Ours.Truncated && e.Theirs.Truncated {
		e.Theirs.Truncated, used = false, true
		// It is a part of the whole; that it had to be all of the answer goes for ours alone.
		e.Theirs.Answer, e.Theirs.Extra = e.TheirsWhole.Answer, omit(e.Theirs.Extra, isNoOPT)
	}
	ours, theirs := e.Ours, e.Theirs
	if e.OursWhole != nil {
		ours, theirs = e.OursWhole, e.TheirsWhole
	}
	// Over TCP too: then nobody knows the rest of theirs.
	if !ours.Truncated && theirs.Truncated && len(without(texts(theirs.Answer), texts(ours.Answer))) == 0 {
		*theirs, used = *ours.Copy(), true
	}
	return used
}

// tooLarge says whether a client takes less than the whole reply.
func (e *Exchange) tooLarge(m *dns.Msg) bool {
	compressed := *m
	compressed.Compress = true
	return compressed.Len() > max(dns.MinMsgSize, int(e.Size))
}
