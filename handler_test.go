package headless

import (
	"context"
	"strings"
	"testing"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/pkg/dnstest"
	"github.com/coredns/coredns/plugin/pkg/fall"
	"github.com/coredns/coredns/plugin/test"

	"github.com/miekg/dns"
)

// nextPlugin stands for the plugin behind us: it notes what it is asked, and replies.
type nextPlugin struct {
	asked []string
	reply func(r *dns.Msg) *dns.Msg
}

func (n *nextPlugin) Name() string { return "next" }

func (n *nextPlugin) ServeDNS(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	n.asked = append(n.asked, r.Question[0].Name)
	m := n.reply(r)
	return m.Rcode, w.WriteMsg(m)
}

// replying makes a reply of the rcode, with the records.
func replying(rcode int, records ...dns.RR) func(r *dns.Msg) *dns.Msg {
	return func(r *dns.Msg) *dns.Msg {
		m := new(dns.Msg).SetRcode(r, rcode)
		m.Answer = records
		return m
	}
}

// Which names are ours, which go to a kubernetes plugin behind us, and which to another: the rules that keep a plugin
// in front of the whole cluster's DNS from harming the rest of it.
func TestOnlyNamesOfHeadlessServicesAreKeptFromThePluginBehind(t *testing.T) {
	tests := map[string]struct{ ours, toKubernetes, through bool }{
		dbName:                                     {ours: true},
		"db-0." + dbName:                           {ours: true},
		"db-9." + dbName:                           {ours: true}, // its NXDOMAIN is final
		"_nope._tcp." + dbName:                     {ours: true},
		"x.pin._zone." + dbName:                    {ours: true},
		"x.y.prefer._node." + dbName:               {ours: true},
		"1.0.0.10.in-addr.arpa.":                   {ours: true},
		"nginx.default.svc.cluster.local.":         {toKubernetes: true, through: true},
		"10-0-0-1.default.pod.cluster.local.":      {toKubernetes: true, through: true},
		"cluster.local.":                           {toKubernetes: true},
		"svc.cluster.local.":                       {toKubernetes: true},
		"default.svc.cluster.local.":               {toKubernetes: true},
		"none.svc.cluster.local.":                  {toKubernetes: true, through: true},
		"ns.dns.cluster.local.":                    {toKubernetes: true},
		"dns-version.cluster.local.":               {toKubernetes: true},
		"nginx.default.svc.CLUSTER.local.":         {toKubernetes: true, through: true},
		"9.0.0.10.in-addr.arpa.":                   {toKubernetes: true, through: true},
		"0.0.10.in-addr.arpa.":                     {toKubernetes: true, through: true},
		`a\.db.default.svc.cluster.local.`:         {toKubernetes: true, through: true},
		"db.default.pod.cluster.local.":            {toKubernetes: true, through: true},
		"d.b.default.default.svc.x.cluster.local.": {toKubernetes: true, through: true},
	}
	for qname, want := range tests {
		for _, qtype := range []uint16{dns.TypeA, dns.TypeTXT, dns.TypePTR} {
			for behind, asked := range map[string]bool{"nothing": false, "kubernetes": want.toKubernetes, "fallthrough": want.through, "other kubernetes": false} {
				h := withService(newTestHeadless(t), ready("10.0.0.1", "db-0"))
				next := &nextPlugin{reply: replying(dns.RcodeRefused)}
				h.Next = next
				switch behind {
				case "kubernetes":
					h.behind = zonesBehind{"cluster.local.", "in-addr.arpa."}
				case "other kubernetes":
					h.behind = zonesBehind{"example.org."}
				case "fallthrough":
					h.Fall = fall.Root
				}
				if ask(t, h, qname, qtype, client{}); (len(next.asked) > 0) != asked {
					t.Errorf("With %s behind, type %d of %s was passed on: %t", behind, qtype, qname, !asked)
				}
			}
		}
	}
}

func TestNamesOfOtherZonesAreNotOurs(t *testing.T) {
	h := newTestHeadless(t)
	next := &nextPlugin{reply: replying(dns.RcodeSuccess)}
	h.Next = next
	ask(t, h, "example.org.", dns.TypeA, client{})
	if len(next.asked) != 1 {
		t.Error("The next plugin was not asked")
	}
}

func TestTheLongestOfOurZonesCounts(t *testing.T) {
	h := newTestHeadless(t)
	h.Zones = []string{"local.", "cluster.local."}
	withService(h, ready("10.0.0.1", "db-0"))
	if m := ask(t, h, dbName, dns.TypeA, client{}); len(m.Answer) != 1 {
		t.Errorf("The answer is %s", m)
	}
	if m := ask(t, h, "local.", dns.TypeSOA, client{}); len(m.Answer) != 1 || m.Answer[0].Header().Name != "local." {
		t.Errorf("The SOA of the shorter zone is %s", m)
	}
}

// Before the first sync nobody knows which names are headless: the next plugin is asked, and its denials are failures.
func TestBeforeTheFirstSyncDenialsBecomeFailures(t *testing.T) {
	record := test.A(dbName + " 5 IN A 10.9.9.9")
	referral := func(r *dns.Msg) *dns.Msg {
		m := new(dns.Msg).SetReply(r)
		m.Ns = []dns.RR{test.NS("cluster.local. 5 IN NS ns.example.org.")}
		return m
	}
	tests := map[string]struct {
		reply func(r *dns.Msg) *dns.Msg
		want  int
	}{
		"an answer stays":         {replying(dns.RcodeSuccess, record), dns.RcodeSuccess},
		"a referral stays":        {referral, dns.RcodeSuccess},
		"NXDOMAIN is a failure":   {replying(dns.RcodeNameError), dns.RcodeServerFailure},
		"NODATA is a failure":     {replying(dns.RcodeSuccess), dns.RcodeServerFailure},
		"REFUSED stays":           {replying(dns.RcodeRefused), dns.RcodeRefused},
		"nothing behind us fails": {nil, dns.RcodeServerFailure},
	}
	for what, tt := range tests {
		t.Run(what, func(t *testing.T) {
			h := newTestHeadless(t)
			h.cache.synced.Store(false)
			if tt.reply != nil {
				h.Next = &nextPlugin{reply: tt.reply}
			}
			for _, from := range []client{{}, {edns: 1232}} {
				m := ask(t, h, dbName, dns.TypeA, from)
				if m.Rcode != tt.want {
					t.Errorf("The rcode is %s, want %s", dns.RcodeToString[m.Rcode], dns.RcodeToString[tt.want])
				}
				if reason := extendedError(m); (reason == dns.ExtendedErrorCodeNotReady) != (m.Rcode == dns.RcodeServerFailure && from.edns > 0) {
					t.Errorf("The extended error of %s for a client with EDNS size %d is %d", dns.RcodeToString[m.Rcode], from.edns, reason)
				}
			}
			if h.Ready() {
				t.Error("It is ready before the first sync")
			}
		})
	}
}

// extendedError returns the code of the extended DNS error in a message, 0 where there is none.
func extendedError(m *dns.Msg) uint16 {
	if opt := m.IsEdns0(); opt != nil {
		for _, option := range opt.Option {
			if ede, ok := option.(*dns.EDNS0_EDE); ok {
				return ede.InfoCode
			}
		}
	}
	return 0
}

func TestReadinessStaysTrue(t *testing.T) {
	h := newTestHeadless(t)
	h.cache.ReplaceServices("", nil)
	h.cache.ReplaceSlices("", nil)
	h.cache.Synced()
	if !h.Ready() {
		t.Error("It is not ready after the first sync")
	}
}

// Questions that CoreDNS's server lets through or a plugin above may make: each gets the rcode that the RFCs ask for.
func TestOddQuestionsGetTheirRcode(t *testing.T) {
	longest := strings.Repeat("a.", (254-len("cluster.local.")-1)/2) + "cluster.local."
	tests := map[string]struct {
		r    *dns.Msg
		want int
	}{
		"no question":            {new(dns.Msg), dns.RcodeFormatError},
		"an empty name":          {&dns.Msg{Question: []dns.Question{{Qtype: dns.TypeA, Qclass: dns.ClassINET}}}, dns.RcodeFormatError},
		"two questions":          {&dns.Msg{Question: make([]dns.Question, 2)}, dns.RcodeFormatError},
		"class CHAOS":            {&dns.Msg{Question: []dns.Question{{Name: dbName, Qtype: dns.TypeA, Qclass: dns.ClassCHAOS}}}, dns.RcodeRefused},
		"class ANY":              {&dns.Msg{Question: []dns.Question{{Name: dbName, Qtype: dns.TypeA, Qclass: dns.ClassANY}}}, dns.RcodeRefused},
		"a NOTIFY":               {new(dns.Msg).SetNotify("cluster.local."), dns.RcodeNotImplemented},
		"a zone transfer":        {new(dns.Msg).SetAxfr("cluster.local."), dns.RcodeRefused},
		"the longest name":       {new(dns.Msg).SetQuestion(longest, dns.TypeA), dns.RcodeNameError},
		"an empty first label":   {new(dns.Msg).SetQuestion(".", dns.TypeA), dns.RcodeServerFailure}, // no zone of ours, and nothing behind us
		"a label of underscores": {new(dns.Msg).SetQuestion("_._."+dbName, dns.TypeA), dns.RcodeSuccess},
		"an escaped label":       {new(dns.Msg).SetQuestion(`\000\255.`+dbName, dns.TypeA), dns.RcodeNameError},
		"an escaped dot":         {new(dns.Msg).SetQuestion(`db-0\.`+dbName, dns.TypeA), dns.RcodeNameError},
		"a type nobody knows":    {new(dns.Msg).SetQuestion(dbName, 65280), dns.RcodeSuccess},
		"type 0":                 {new(dns.Msg).SetQuestion(dbName, 0), dns.RcodeSuccess},
	}
	for what, tt := range tests {
		h := withService(newTestHeadless(t), ready("10.0.0.1", "db-0"))
		rec := dnstest.NewRecorder(&test.ResponseWriter{})
		rcode, _ := h.ServeDNS(t.Context(), rec, tt.r)
		if rec.Msg != nil {
			rcode = rec.Msg.Rcode
		} else if plugin.ClientWrite(rcode) {
			t.Errorf("%s: nothing was written, but the rcode says that it was", what)
		}
		if rcode != tt.want {
			t.Errorf("%s: the rcode is %s, want %s", what, dns.RcodeToString[rcode], dns.RcodeToString[tt.want])
		}
	}
}

func TestMessagesThatAreNoQuestionsAreLeftToThePluginsBehind(t *testing.T) {
	chaos := &dns.Msg{Question: []dns.Question{{Name: dbName, Qtype: dns.TypeTXT, Qclass: dns.ClassCHAOS}}}
	for what, r := range map[string]*dns.Msg{"a NOTIFY": new(dns.Msg).SetNotify("cluster.local."), "class CHAOS": chaos} {
		h := newTestHeadless(t)
		next := &nextPlugin{reply: replying(dns.RcodeSuccess)}
		h.Next = next
		if _, err := h.ServeDNS(t.Context(), dnstest.NewRecorder(&test.ResponseWriter{}), r); err != nil || len(next.asked) != 1 {
			t.Errorf("%s: the next plugin was asked %d times: %v", what, len(next.asked), err)
		}
	}
}
