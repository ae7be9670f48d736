package worlds

import (
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/utils/ptr"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// kind is a kind of name that can be asked for.
type kind struct {
	what    string
	reverse bool // PTR is the type that matters
	// names are all of this kind in the view; they need not exist.
	names func(*View) []string
	// draws is how many are asked for each time, 2 where it is 0.
	draws int
}

// kinds are all of them. What they are called stands in the counts of a run.
var kinds = []kind{
	{what: "service, headless", draws: 6, names: func(v *View) []string { return v.serviceNames(v.headless()) }},
	{what: "service, not headless", draws: 4, names: func(v *View) []string { return v.serviceNames(v.others()) }},
	{what: "service that does not exist", names: func(v *View) []string {
		return append(v.orphans(), v.ServiceName("nobody"))
	}},
	{what: "endpoint by hostname", draws: 4, names: byLabel(func(e Endpoint) string { return e.Hostname })},
	{what: "endpoint by IPv4 address", draws: 3, names: byLabel(func(e Endpoint) string { return dashedOf(e, true) })},
	{what: "endpoint by IPv6 address", draws: 3, names: byLabel(func(e Endpoint) string { return dashedOf(e, false) })},
	{what: "endpoint by pod", draws: 3, names: byLabel(podOf)},
	{what: "endpoint that does not exist", names: below("nobody", "db-9", "1-2-3-4", "fd00--1", `a\.b`, "_", "-")},
	{what: "port", draws: 5, names: func(v *View) []string { return v.below(v.ports, "") }},
	{what: "port that does not exist", names: below("_none._tcp", "_mysql._none", "mysql.tcp", "_._tcp", "_mysql._", "_._")},
	{what: "protocol", names: below("_tcp", "_udp", "_sctp", "tcp")},
	{what: "zone", draws: 4, names: func(v *View) []string { return v.below(v.zones, "") }},
	{what: "port in a zone", draws: 3, names: func(v *View) []string { return v.below(v.plainPorts, "zone-1.pin._zone", "zone-2.prefer._zone") }},
	{what: "node", draws: 3, names: func(v *View) []string { return v.below(v.nodes, "") }},
	{what: "port on a node", draws: 2, names: func(v *View) []string {
		return v.below(v.portsOfNodes, "node-a.pin._node", "node-b.example.com.prefer._node")
	}},
	{what: "above a place", names: below(abovePlaces...)},
	{what: "no node", names: below("node-a.nope._node", "node-a._node", "node-a.pin.node", "_mysql._tcp.pin._node")},
	{what: "no zone", names: below("zone-1.nope._zone", "zone-1._zone", "zone-1.pin.zone", "_mysql._tcp.pin._zone", "x._mysql._tcp.zone-1.pin._zone")},
	{what: "too long", names: below("a.b.c", "db-0._mysql._tcp", "a.b.c.d.e")},
	{what: "namespace", names: func(v *View) []string {
		return []string{v.Namespace + ".svc." + v.Zone, "nowhere.svc." + v.Zone, "db.nowhere.svc." + v.Zone, "db-0.db.nowhere.svc." + v.Zone}
	}},
	{what: "zone's own", names: func(v *View) []string { return []string{v.Zone} }},
	{what: "fixed", names: func(v *View) []string {
		return []string{"svc." + v.Zone, "pod." + v.Zone, "dns." + v.Zone, "ns.dns." + v.Zone, "dns-version." + v.Zone}
	}},
	{what: "nothing", names: func(v *View) []string {
		return []string{"nothing." + v.Zone, "a.b.c." + v.Zone, "10-0-0-1." + v.Namespace + ".pod." + v.Zone, "x.dns-version." + v.Zone}
	}},
	{what: "outside", names: func(*View) []string { return []string{"example.org.", "org."} }},
	{what: "reverse, endpoint", draws: 4, reverse: true, names: func(v *View) []string { return v.reverseNames(true) }},
	{what: "reverse, endpoint that is not ready", reverse: true, names: func(v *View) []string { return v.reverseNames(false) }},
	{what: "reverse, ClusterIP", reverse: true, names: (*View).clusterIPs},
	{what: "reverse, part", reverse: true, names: func(v *View) []string {
		var parts []string
		for _, name := range v.reverseNames(true) {
			parts = append(parts, name[strings.IndexByte(name, '.')+1:], "0."+name)
		}
		return parts
	}},
	{what: "reverse, nobody's", reverse: true, names: func(*View) []string {
		return []string{"9.113.0.203.in-addr.arpa.", "in-addr.arpa.", "ip6.arpa.", "11.in-addr.arpa.", "x.1.10.in-addr.arpa.", "1.1.1.11.in-addr.arpa."}
	}},
}

func (v *View) headless() []string {
	var names []string
	for _, s := range v.Services {
		if v.IsHeadless(s.Name) {
			names = append(names, s.Name)
		}
	}
	return names
}

func (v *View) others() []string {
	var names []string
	for _, s := range v.Services {
		if !v.IsHeadless(s.Name) {
			names = append(names, s.Name)
		}
	}
	return names
}

func (v *View) serviceNames(services []string) []string {
	var names []string
	for _, s := range services {
		names = append(names, v.ServiceName(s))
	}
	return names
}

// orphans are the names of services that have slices and do not exist.
func (v *View) orphans() []string {
	var names []string
	for _, slice := range v.Slices {
		service := slice.Labels[discoveryv1.LabelServiceName]
		if !slices.ContainsFunc(v.Services, func(s corev1.Service) bool { return s.Name == service }) {
			names = append(names, v.ServiceName(service))
		}
	}
	return names
}

// below are names with the labels, or those that a service has, before each service.
func below(labels ...string) func(*View) []string {
	return func(v *View) []string { return v.below(func(string) []string { return labels }, "") }
}

// below puts what stands between between the labels and the service.
func (v *View) below(labels func(service string) []string, between ...string) []string {
	var names []string
	for _, s := range v.Services {
		for _, label := range labels(s.Name) {
			for _, middle := range between {
				if middle != "" {
					middle += "."
				}
				names = append(names, label+"."+middle+v.ServiceName(s.Name))
			}
		}
	}
	return names
}

// byLabel are the names of endpoints that have a label, ready or not.
func byLabel(label func(Endpoint) string) func(*View) []string {
	return func(v *View) []string {
		var names []string
		for _, e := range v.Endpoints("") {
			if l := label(e); l != "" {
				names = append(names, strings.ToLower(l)+"."+v.ServiceName(e.Service))
			}
		}
		return names
	}
}

func dashedOf(e Endpoint, four bool) string {
	if e.Address.Is4() != four {
		return ""
	}
	return harness.Dashed(e.Address)
}

func podOf(e Endpoint) string {
	if e.Target == nil {
		return ""
	}
	return e.Target.Name
}

// ports are those of the slices of a service, as the names of SRV records have them.
func (v *View) ports(service string) []string {
	var labels []string
	for _, slice := range v.Slices {
		if slice.Labels[discoveryv1.LabelServiceName] != service {
			continue
		}
		for _, p := range slice.Ports {
			name, protocol := "_"+ptr.Deref(p.Name, ""), "._"+strings.ToLower(string(ptr.Deref(p.Protocol, "")))
			labels = append(labels, name+protocol, "_x"+protocol)
		}
	}
	return labels
}

// plainPorts are the ports of a service about which the two servers agree in everything else: the answers for ports
// in zones are held against several other answers (see portInZone), which must not be explained themselves.
func (v *View) plainPorts(service string) []string {
	if !v.plain(service) {
		return nil
	}
	return v.ports(service)
}

// plain says whether the two servers agree about all endpoints of a service.
func (v *View) plain(service string) bool {
	seen := map[netip.Addr]bool{}
	for _, e := range v.Endpoints(service) {
		if seen[e.Address] || slices.ContainsFunc(e.Ports, func(p discoveryv1.EndpointPort) bool { return p.Port == nil }) {
			return false
		}
		seen[e.Address] = true
	}
	return len(v.dottedPods(service))+len(v.otherTargets(service)) == 0
}

// zones are those of the endpoints of a service, and one more. A zone is not preferred where the two servers do not agree
// on who is in it: the one may have somebody, and the other everybody.
func (v *View) zones(service string) []string {
	zones := []string{"nowhere"}
	for _, e := range v.Endpoints(service) {
		if e.Zone != "" {
			zones = append(zones, e.Zone)
		}
	}
	var labels []string
	for _, zone := range zones {
		labels = append(labels, zone+".pin._zone")
		if zone == "nowhere" || !v.disputed(service) {
			labels = append(labels, zone+".prefer._zone")
		}
	}
	return labels
}

// disputed says whether an address stands in several slices with different zones, or terminating in some.
func (v *View) disputed(service string) bool {
	seen := map[netip.Addr]Endpoint{}
	for _, e := range v.Endpoints(service) {
		if before, ok := seen[e.Address]; ok && (before.Zone != e.Zone || before.Terminating != e.Terminating) {
			return true
		}
		seen[e.Address] = e
	}
	return false
}

func (v *View) reverseNames(ready bool) []string {
	var names []string
	for _, e := range v.Endpoints("") {
		if e.Ready == ready {
			names = append(names, reverse(e.Address))
		}
	}
	return names
}
