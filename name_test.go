package headless

import (
	"strings"
	"testing"

	"github.com/miekg/dns"
)

func TestAQuestionsNameTellsWhatItAsksFor(t *testing.T) {
	const suffix = len("db.default.svc.cluster.local.")
	tests := map[string]name{
		"cluster.local.":                                          {kind: nameApex},
		"svc.cluster.local.":                                      {kind: nameEmpty},
		"dns.cluster.local.":                                      {kind: nameEmpty},
		"ns.dns.cluster.local.":                                   {kind: nameServer},
		"dns-version.cluster.local.":                              {kind: nameVersion},
		"default.svc.cluster.local.":                              {kind: nameNamespace, service: "default"},
		"db.default.svc.cluster.local.":                           {kind: nameService, service: "db.default", suffix: suffix},
		"db-0.db.default.svc.cluster.local.":                      {kind: nameEndpoint, service: "db.default", suffix: suffix, endpoint: "db-0"},
		"_mysql._tcp.db.default.svc.cluster.local.":               {kind: namePort, service: "db.default", suffix: suffix, port: "mysql", protocol: "tcp"},
		"mysql.tcp.db.default.svc.cluster.local.":                 {kind: namePort, service: "db.default", suffix: suffix, port: "mysql", protocol: "tcp"},
		"a.b.c.db.default.svc.cluster.local.":                     {kind: nameBelowService, service: "db.default", suffix: suffix},
		"west-1a.pin._zone.db.default.svc.cluster.local.":         {kind: namePlace, service: "db.default", suffix: suffix, place: place{placeZone, "west-1a"}},
		"a.b.c.prefer._zone.db.default.svc.cluster.local.":        {kind: namePlace, service: "db.default", suffix: suffix, place: place{placeZone, "a.b.c"}, prefer: true},
		"_mysql._tcp.a.b.pin._zone.db.default.svc.cluster.local.": {kind: namePlace, service: "db.default", suffix: suffix, place: place{placeZone, "a.b"}, port: "mysql", protocol: "tcp"},
		"w-1.example.com.pin._node.db.default.svc.cluster.local.": {kind: namePlace, service: "db.default", suffix: suffix, place: place{placeNode, "w-1.example.com"}},
		"_x._y.w-1.prefer._node.db.default.svc.cluster.local.":    {kind: namePlace, service: "db.default", suffix: suffix, place: place{placeNode, "w-1"}, prefer: true, port: "x", protocol: "y"},
		"a.pin._zone.pin._node.db.default.svc.cluster.local.":     {kind: namePlace, service: "db.default", suffix: suffix, place: place{placeNode, "a.pin._zone"}},
		"prefer._node.db.default.svc.cluster.local.":              {kind: nameAbove, service: "db.default", suffix: suffix},
		"_node.db.default.svc.cluster.local.":                     {kind: nameAbove, service: "db.default", suffix: suffix},
		"w-1._node.db.default.svc.cluster.local.":                 {kind: nameBelowService, service: "db.default", suffix: suffix},
		"pin._zone.db.default.svc.cluster.local.":                 {kind: nameAbove, service: "db.default", suffix: suffix},
		"_zone.db.default.svc.cluster.local.":                     {kind: nameAbove, service: "db.default", suffix: suffix},
		"a.nope._zone.db.default.svc.cluster.local.":              {kind: nameBelowService, service: "db.default", suffix: suffix},
		"10-0-0-1.default.pod.cluster.local.":                     {kind: nameOther},
		"db.cluster.local.":                                       {kind: nameOther},
		`a\.db.default.svc.cluster.local.`:                        {kind: nameService, service: `a\.db.default`, suffix: len(`a\.db.default.svc.cluster.local.`)},
		`x.a\.b.default.svc.cluster.local.`:                       {kind: nameEndpoint, service: `a\.b.default`, suffix: len(`a\.b.default.svc.cluster.local.`), endpoint: "x"},
		`\115vc.cluster.local.`:                                   {kind: nameOther},
		strings.Repeat("a.", 120) + "svc.cluster.local.":          {kind: nameBelowService, service: "a.a", suffix: len("a.a.svc.cluster.local.")},
	}
	for qname, want := range tests {
		if got := parseName(qname, "cluster.local."); got != want {
			t.Errorf("parseName(%q) = %+v, want %+v", qname, got, want)
		}
	}
}

func TestTheRootCanBeOurZone(t *testing.T) {
	if got := parseName("db.default.svc.", "."); got.kind != nameService || got.service != "db.default" {
		t.Errorf("parseName below the root = %+v", got)
	}
	if got := parseName(".", "."); got.kind != nameApex {
		t.Errorf("parseName of the root = %+v", got)
	}
}

func TestAZoneHoldsWholeLabelsOnly(t *testing.T) {
	for _, qname := range []string{"cluster.local.", "a.cluster.local.", `a\\.cluster.local.`} {
		if !inZone(qname, "cluster.local.") {
			t.Errorf("%q is not seen in cluster.local.", qname)
		}
	}
	for _, qname := range []string{"local.", ".", "xcluster.local.", `a\.cluster.local.`, `a\\\.cluster.local.`} {
		if inZone(qname, "cluster.local.") {
			t.Errorf("%q is seen in cluster.local.", qname)
		}
	}
}

// FuzzParseName compares with the labels as the dns library splits them.
func FuzzParseName(f *testing.F) {
	for _, base := range []string{"db.default.svc", `a\.b.c.svc`, "_x._y.a.b.svc", "a.b.pin._zone.c.d.svc", "_x._y.a.prefer._node.c.d.svc", "_x._y.a._policy.c.d.svc", "a._policy.c.d.svc", "svc", "..svc", `\`, "dns-version", strings.Repeat("a.", 126) + "svc"} {
		f.Add(base)
	}
	f.Fuzz(func(t *testing.T, base string) {
		const zone = "cluster.local."
		qname := strings.ToLower(dns.Fqdn(base)) + zone
		if _, ok := dns.IsDomainName(qname); !ok || !inZone(qname, zone) {
			return
		}
		got := parseName(qname, zone)
		labels := dns.SplitDomainName(qname)
		labels = labels[:len(labels)-2]
		if n := len(labels); n >= 3 && labels[n-1] == "svc" {
			if want := labels[n-3] + "." + labels[n-2]; got.service != want || got.suffix == 0 || !dns.IsSubDomain(qname[len(qname)-got.suffix:], qname) {
				t.Errorf("parseName(%q) = %+v, want the service %q", qname, got, want)
			}
			if want := placeIn(labels[:n-3]); got.place != want || (got.kind == namePlace) != (want != place{}) {
				t.Errorf("parseName(%q) = %+v, want the place %+v", qname, got, want)
			}
			if kind, endpoint, policy, ok := belowIn(labels[:n-3]); ok && (got.kind != kind || got.endpoint != endpoint || got.policy != policy) {
				t.Errorf("parseName(%q) = %+v, want the kind %d, the endpoint %q and the policy %q", qname, got, kind, endpoint, policy)
			}
		} else if got.suffix != 0 {
			t.Errorf("parseName(%q) = %+v sees a service", qname, got)
		}
	})
}

// placeIn is the place that the labels before a service name.
func placeIn(labels []string) place {
	kinds := map[string]placeKind{"_zone": placeZone, "_node": placeNode}
	n := len(labels)
	if n < 3 || kinds[labels[n-1]] == placeNone || labels[n-2] != "pin" && labels[n-2] != "prefer" {
		return place{}
	}
	kind, labels := kinds[labels[n-1]], labels[:n-2]
	if len(labels) > 2 && labels[0][0] == '_' && labels[1][0] == '_' {
		labels = labels[2:]
	}
	return place{kind, strings.Join(labels, ".")}
}

// belowIn is what else the labels before a service name stand for; ok is false for those that say places.
func belowIn(labels []string) (kind nameKind, endpoint, policy string, ok bool) {
	n := len(labels)
	if n > 0 && (labels[n-1] == "_zone" || labels[n-1] == "_node") {
		return 0, "", "", false
	}
	if n > 0 && labels[n-1] == "_policy" {
		if n == 1 {
			return nameAbove, "", "", true
		}
		if policy, labels = labels[n-2], labels[:n-2]; len(labels) == 1 {
			return nameBelowService, labels[0], policy, true
		}
	}
	if len(labels) == 1 {
		endpoint = labels[0]
	}
	return []nameKind{nameService, nameEndpoint, namePort, nameBelowService}[min(3, len(labels))], endpoint, policy, true
}
