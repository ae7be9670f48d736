package headless

import (
	"maps"
	"testing"

	"github.com/coredns/coredns/plugin/metadata"
	"github.com/coredns/coredns/plugin/test"
	"github.com/coredns/coredns/request"

	"github.com/miekg/dns"
)

// metadataOf returns what is said of a question.
func metadataOf(t *testing.T, h *Headless, qname string) map[string]string {
	t.Helper()
	r := new(dns.Msg).SetQuestion(qname, dns.TypeSRV)
	ctx := h.Metadata(metadata.ContextWithMetadata(t.Context()), request.Request{W: &test.ResponseWriter{}, Req: r})
	values := map[string]string{}
	for label, value := range metadata.ValueFuncs(ctx) {
		if !metadata.IsLabel(label) {
			t.Errorf("%q is no label", label)
		}
		values[label] = value()
	}
	return values
}

func TestMetadataSaysWhatANameOfAHeadlessServiceAsksFor(t *testing.T) {
	type labels = map[string]string
	db := func(more labels) labels {
		all := labels{"headless/service": "db", "headless/namespace": "default"}
		maps.Copy(all, more)
		return all
	}
	tests := map[string]labels{
		dbName:                          db(labels{"headless/policy": "none"}),
		"DB.Default.SVC.cluster.LOCAL.": db(labels{"headless/policy": "none"}),
		"DB-0." + dbName:                db(labels{"headless/endpoint": "db-0"}),
		"db-9." + dbName:                db(labels{"headless/endpoint": "db-9"}), // it is us who deny it
		"_MySQL._TCP." + dbName:         db(labels{"headless/port-name": "mysql", "headless/protocol": "tcp", "headless/policy": "none"}),
		"Zone-A.pin._zone." + dbName:    db(labels{"headless/topology-zone": "zone-a"}),
		"_mysql._tcp.a.b.prefer._zone.db.default.svc.cluster.local.": db(labels{
			"headless/topology-zone": "a.b", "headless/port-name": "mysql", "headless/protocol": "tcp"}),
		"W-1.Example.com.pin._node." + dbName: db(labels{"headless/node": "w-1.example.com"}),
		"_zone." + dbName:                     db(nil),
		"a.b.c." + dbName:                     db(nil),
		`a\010b\ c.` + dbName:                 db(labels{"headless/endpoint": `a\010b\ c`}), // as escaped as the name itself
		"nginx.default.svc.cluster.local.":    {},
		"db.other.svc.cluster.local.":         {},
		"default.svc.cluster.local.":          {},
		"cluster.local.":                      {},
		"db.default.svc.in-addr.arpa.":        {},
		"1.0.0.10.in-addr.arpa.":              {},
		"db.default.svc.example.org.":         {},
		".":                                   {},
	}
	for qname, want := range tests {
		h := withService(newTestHeadless(t), ready("10.0.0.1", "db-0"))
		if got := metadataOf(t, h, qname); !maps.Equal(got, want) {
			t.Errorf("Of %s it says %q, want %q", qname, got, want)
		}
		h.cache.synced.Store(false)
		if got := metadataOf(t, h, qname); len(got) > 0 {
			t.Errorf("Before the first sync it says %q of %s", got, qname)
		}
	}
}

// What we add to each query in a block with the metadata plugin; that of another zone is what the plugin itself takes.
func BenchmarkMetadata(b *testing.B) {
	h := withService(newTestHeadless(b), manyReady(3)...)
	for what, qname := range map[string]string{
		"service": dbName, "port": "_mysql._tcp." + dbName, "not headless": "nginx.default.svc.cluster.local.", "other zone": "example.org.",
	} {
		b.Run(what, func(b *testing.B) {
			r := new(dns.Msg).SetQuestion(qname, dns.TypeA)
			w := &test.ResponseWriter{}
			b.ReportAllocs()
			for b.Loop() {
				h.Metadata(metadata.ContextWithMetadata(b.Context()), request.Request{W: w, Req: r})
			}
		})
	}
}
