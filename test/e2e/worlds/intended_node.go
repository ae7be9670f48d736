package worlds

import (
	"net/netip"
	"strings"

	"github.com/miekg/dns"
)

// onNode excuses the names of nodes, which they deny. What the answer must be is what they have for the service, or for
// the port, of the addresses on the node; where that is nothing, a node that is only preferred does not count.
func onNode(e *Exchange) bool {
	service, before, ok := e.View.serviceOf(e.Name)
	node, prefer := strings.CutSuffix(before, ".prefer._node")
	node, pin := strings.CutSuffix(node, ".pin._node")
	if !ok || !e.View.IsHeadless(service) || prefer == pin {
		return false
	}
	of, there := e.View.ServiceName(service), map[netip.Addr]bool{}
	if labels := strings.SplitN(node, ".", 3); len(labels) == 3 && labels[0][0] == '_' && labels[1][0] == '_' {
		of, node = labels[0]+"."+labels[1]+"."+of, labels[2]
	}
	for _, ep := range e.View.Ready(service) {
		if ep.Node == node {
			there[ep.Address] = true
		}
	}
	all, ok := e.whole(of, e.Type)
	ports, ok2 := e.whole(of, dns.TypeSRV)
	if !ok || !ok2 {
		return false
	}
	answer, extra := ofAddresses(all, there)
	if withPort, _ := ofAddresses(ports, there); prefer && (len(there) == 0 || of[0] == '_' && len(withPort) == 0) {
		answer, extra = all.Answer, all.Extra
	}
	e.expect(answer, extra)
	return true
}

// ofAddresses are the records that are about some of the addresses: SRV records lead to them by their targets.
func ofAddresses(m *dns.Msg, those map[netip.Addr]bool) (answer, extra []dns.RR) {
	is := func(rr dns.RR) bool {
		var octets []byte
		switch rr := rr.(type) {
		case *dns.A:
			octets = rr.A
		case *dns.AAAA:
			octets = rr.AAAA
		}
		address, _ := netip.AddrFromSlice(octets)
		return those[address.Unmap()]
	}
	extra = omit(m.Extra, func(rr dns.RR) bool { return !is(rr) })
	answer = omit(m.Answer, func(rr dns.RR) bool {
		srv, ok := rr.(*dns.SRV)
		return ok && !owns(extra, srv.Target) || !ok && !is(rr)
	})
	return answer, extra
}

// nodes are those of the endpoints of a service, and one more, where the answers can be told from those for the service:
// the two servers agree about all of it, and SRV records for endpoints on several nodes do not lead to one name.
func (v *View) nodes(service string) []string {
	if !v.plain(service) || v.sharesNames(service) {
		return nil
	}
	labels := []string{"nowhere.pin._node", "nowhere.prefer._node"}
	for _, e := range v.Endpoints(service) {
		if e.Node != "" {
			labels = append(labels, e.Node+".pin._node", e.Node+".prefer._node")
		}
	}
	return labels
}

// portsOfNodes are the ports of services whose nodes can be asked for.
func (v *View) portsOfNodes(service string) []string {
	if len(v.nodes(service)) == 0 {
		return nil
	}
	return v.ports(service)
}

// sharesNames says whether endpoints on several nodes have one name.
func (v *View) sharesNames(service string) bool {
	nodes := map[string]string{}
	for _, e := range v.Endpoints(service) {
		for _, label := range []string{strings.ToLower(e.Hostname), podOf(e)} {
			if node, known := nodes[label]; label != "" && known && node != e.Node {
				return true
			}
			nodes[label] = e.Node
		}
	}
	return false
}
