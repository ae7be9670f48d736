package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/headless-dns/headless/test/e2e/worlds"
)

// parse makes a reply to a question for A records out of its answer, authority and additional sections.
func parse(t *testing.T, answer, authority, additional []string) *dns.Msg {
	t.Helper()
	m := new(dns.Msg).SetReply(new(dns.Msg).SetQuestion("db.default.svc.cluster.local.", dns.TypeA))
	m.Id, m.Authoritative = 1, true
	for section, records := range map[*[]dns.RR][]string{&m.Answer: answer, &m.Ns: authority, &m.Extra: additional} {
		for _, text := range records {
			rr, err := dns.NewRR(text)
			if err != nil {
				t.Fatal(err)
			}
			*section = append(*section, rr)
		}
	}
	m.SetEdns0(1232, false)
	return m
}

func sampleReply(t *testing.T) *dns.Msg {
	t.Helper()
	return parse(t,
		[]string{"db.default.svc.cluster.local. 30 IN A 10.0.0.1", "db.default.svc.cluster.local. 30 IN A 10.0.0.2"},
		[]string{"cluster.local. 30 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. 1 7200 1800 86400 30"},
		[]string{"db-0.db.default.svc.cluster.local. 30 IN A 10.0.0.1"})
}

func TestTheComparisonSeesEveryFieldOfAReply(t *testing.T) {
	changes := map[string]func(m *dns.Msg){
		"rcode":                       func(m *dns.Msg) { m.Rcode = dns.RcodeNameError },
		"opcode":                      func(m *dns.Msg) { m.Opcode = dns.OpcodeNotify },
		"qr":                          func(m *dns.Msg) { m.Response = false },
		"aa":                          func(m *dns.Msg) { m.Authoritative = false },
		"tc":                          func(m *dns.Msg) { m.Truncated = true },
		"rd":                          func(m *dns.Msg) { m.RecursionDesired = false },
		"ra":                          func(m *dns.Msg) { m.RecursionAvailable = true },
		"ad":                          func(m *dns.Msg) { m.AuthenticatedData = true },
		"cd":                          func(m *dns.Msg) { m.CheckingDisabled = true },
		"question":                    func(m *dns.Msg) { m.Question[0].Name = "DB.default.svc.cluster.local." },
		"EDNS":                        func(m *dns.Msg) { m.IsEdns0().SetUDPSize(512) },
		"answer: only theirs":         func(m *dns.Msg) { m.Answer = append(m.Answer, m.Answer[0]) },
		"answer: only ours":           func(m *dns.Msg) { m.Answer = m.Answer[1:] },
		"authority: only ours":        func(m *dns.Msg) { m.Ns[0].(*dns.SOA).Minttl = 5 },
		"additional: only ours":       func(m *dns.Msg) { m.Extra[0].Header().Name = "db-1.db.default.svc.cluster.local." },
		"answer: only ours (TTL)":     func(m *dns.Msg) { m.Answer[0].Header().Ttl = 5 },
		"answer: only ours (case)":    func(m *dns.Msg) { m.Answer[0].Header().Name = "DB.default.svc.cluster.local." },
		"answer: only ours (address)": func(m *dns.Msg) { m.Answer[0].(*dns.A).A[3]++ },
	}
	for what, change := range changes {
		ours, theirs := sampleReply(t), sampleReply(t)
		change(theirs)
		differences := (&worlds.Exchange{Ours: ours, Theirs: theirs}).Compare()
		field, _, _ := strings.Cut(what, " (")
		if !slices.ContainsFunc(differences, func(d string) bool { return strings.HasPrefix(d, field) }) {
			t.Errorf("A reply with another %s differs in %q", what, differences)
		}
	}
}

func TestTheComparisonLeavesOutOrderSerialAndID(t *testing.T) {
	ours, theirs := sampleReply(t), sampleReply(t)
	slices.Reverse(theirs.Answer)
	theirs.Ns[0].(*dns.SOA).Serial++
	theirs.Id++
	if differences := (&worlds.Exchange{Ours: ours, Theirs: theirs}).Compare(); len(differences) > 0 {
		t.Errorf("Equal replies differ in %q", differences)
	}
}

// less is a reply without its first record.
func less(m *dns.Msg) *dns.Msg {
	m.Answer = m.Answer[1:]
	return m
}

func TestOfTruncatedRepliesEachMustBeAPartOfItsWhole(t *testing.T) {
	whole := func() *dns.Msg { return sampleReply(t) }
	cut := func(keep int, address byte) *dns.Msg {
		m := sampleReply(t)
		m.Truncated, m.Answer, m.Extra = true, m.Answer[keep:keep+1], m.Extra[1:]
		m.Answer[0].(*dns.A).A[3] += address
		return m
	}
	tests := []struct {
		what string
		e    worlds.Exchange
		want string
	}{
		{"different parts", worlds.Exchange{Ours: cut(0, 0), Theirs: cut(1, 0), OursWhole: whole(), TheirsWhole: whole()}, ""},
		{"a strange record", worlds.Exchange{Ours: cut(0, 7), Theirs: cut(1, 0), OursWhole: whole(), TheirsWhole: whole()}, "ours over UDP and over TCP differ"},
		{"one cut", worlds.Exchange{Ours: cut(0, 0), Theirs: whole(), OursWhole: whole(), TheirsWhole: whole()}, "tc"},
		{"less than fits", worlds.Exchange{
			Question: worlds.Question{Type: dns.TypeA}, Ours: less(cut(0, 0)), Theirs: cut(1, 0), OursWhole: whole(), TheirsWhole: whole(),
		}, "records that fit"},
		{"another whole", worlds.Exchange{Ours: cut(0, 0), Theirs: cut(0, 0), OursWhole: whole(), TheirsWhole: cut(0, 0)}, "tc"},
	}
	for _, tt := range tests {
		differences := strings.Join(tt.e.Compare(), "\n")
		if tt.want == "" && differences != "" || !strings.Contains(differences, tt.want) {
			t.Errorf("%s: %q, want %q", tt.what, differences, tt.want)
		}
	}
}

// The run of a test without excuses would fail; with one it must not let anything else pass.
func TestAnExcuseIsForItsOwnCaseAlone(t *testing.T) {
	view := &worlds.View{Zone: worlds.PlainZone, Namespace: "default"}
	e := worlds.Exchange{
		Question: worlds.Question{Name: "db.default.svc.cluster.local.", Type: dns.TypeA, Network: "udp"},
		View:     view, Ours: sampleReply(t), Theirs: sampleReply(t),
		AskTheirs: func(worlds.Question) (*dns.Msg, error) { return sampleReply(t), nil },
	}
	e.Ours.Answer = e.Ours.Answer[1:]
	if differences, used := e.Judge(worlds.IntendedDifferences); len(differences) == 0 {
		t.Errorf("A record that is missing is excused by %q", used)
	}
}
