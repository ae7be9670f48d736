package worlds

import (
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// portInZone excuses the names of ports in zones: to them the port is a part of the zone's name. What the answer must
// be is what they have both for the port and for the zone; where that is nothing, a zone that is only preferred does
// not count.
func portInZone(e *Exchange) bool {
	service, before, ok := e.View.serviceOf(e.Name)
	labels := strings.SplitN(before, ".", 3)
	if !ok || !e.View.IsHeadless(service) || len(labels) < 3 || labels[0][0] != '_' || labels[1][0] != '_' {
		return false
	}
	zone, prefer := strings.CutSuffix(labels[2], ".prefer._zone")
	if !prefer && !strings.HasSuffix(zone, ".pin._zone") {
		return false
	}
	port := labels[0] + "." + labels[1] + "." + e.View.ServiceName(service)
	in := strings.TrimSuffix(zone, ".pin._zone") + ".pin._zone." + e.View.ServiceName(service)
	answer, extra, ok := e.both(port, in)
	if !ok {
		return false
	}
	if prefer && e.nothing(port, in) {
		ofPort, ok := e.whole(port, e.Type)
		if !ok {
			return false
		}
		answer, extra = ofPort.Answer, ofPort.Extra
	}
	e.expect(answer, extra)
	return true
}

// both are the records that they have at both names. Endpoints may share a name: which of them SRV records are for is
// told by their addresses.
func (e *Exchange) both(one, other string) (answer, extra []dns.RR, ok bool) {
	first, ok1 := e.whole(one, e.Type)
	second, ok2 := e.whole(other, e.Type)
	if !ok1 || !ok2 {
		return nil, nil, false
	}
	answer, extra = common(first.Answer, second.Answer), common(first.Extra, second.Extra)
	if e.Type == dns.TypeSRV {
		answer = omit(answer, func(rr dns.RR) bool { return !owns(extra, rr.(*dns.SRV).Target) })
	}
	return answer, extra, true
}

// nothing says whether no endpoint of either family is at both names. SRV answers tell, for they leave out ports
// without a number.
func (e *Exchange) nothing(one, other string) bool {
	of := *e
	of.Question = e.of(dns.TypeSRV)
	answer, _, ok := of.both(one, other)
	return ok && len(answer) == 0
}

// common are the records of the first list whose data is in the second too.
func common(of, and []dns.RR) []dns.RR {
	var both []dns.RR
	for _, rr := range of {
		if slices.ContainsFunc(and, func(other dns.RR) bool { return data(rr) == data(other) }) {
			both = append(both, rr)
		}
	}
	return both
}

// owns says whether one of the records has that name.
func owns(of []dns.RR, name string) bool {
	return slices.ContainsFunc(of, func(rr dns.RR) bool { return rr.Header().Name == name })
}

// whole is what they reply for another name.
func (e *Exchange) whole(name string, qtype uint16) (*dns.Msg, bool) {
	q := e.of(qtype).over("tcp")
	q.Name, q.Mixed = name, false
	reply, err := e.AskTheirs(q)
	return reply, err == nil && !reply.Truncated
}

// data is what a record says, without its owner and the weight of SRV records.
func data(rr dns.RR) string {
	rr = dns.Copy(rr)
	rr.Header().Name = "."
	if srv, ok := rr.(*dns.SRV); ok {
		srv.Weight = 0
	}
	return rr.String()
}

// expect makes an answer theirs, with the additional records that belong to it, and the weight of ours.
func (e *Exchange) expect(answer, extra []dns.RR) {
	ours, theirs := e.Ours, e.Theirs
	if e.OursWhole != nil {
		// Ours is held against its own whole.
		ours, theirs = e.OursWhole, e.TheirsWhole
		e.Theirs = e.Ours.Copy()
	}
	weight, _ := oneWeight(ours)
	targets := map[string]bool{}
	theirs.Answer, theirs.Ns = nil, nil
	for _, rr := range answer {
		rr = dns.Copy(rr)
		rr.Header().Name = e.QName()
		if srv, ok := rr.(*dns.SRV); ok {
			srv.Weight = weight
			targets[srv.Target] = true
		}
		theirs.Answer = append(theirs.Answer, rr)
	}
	theirs.Extra = omit(theirs.Extra, isNoOPT)
	for _, rr := range extra {
		if targets[rr.Header().Name] {
			theirs.Extra = append(theirs.Extra, dns.Copy(rr))
		}
	}
	if len(answer) == 0 {
		theirs.Ns = ours.Ns
	}
	theirs.Truncated, theirs.Rcode = ours.Truncated, dns.RcodeSuccess
}
