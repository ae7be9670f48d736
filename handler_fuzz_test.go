package headless

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/test"
	"github.com/coredns/coredns/request"

	"github.com/miekg/dns"
)

// fuzzedServers are those that FuzzServeDNS asks.
func fuzzedServers(f *testing.F) []*Headless {
	f.Helper()
	behind, unsynced := newTestHeadless(f), newTestHeadless(f)
	behind.behind = zonesBehind{"cluster.local.", "in-addr.arpa."}
	unsynced.cache.synced.Store(false)
	stale := newTestHeadless(f)
	stale.staleAfter = time.Minute
	stale.cache.Contact(time.Now().Add(-time.Hour))
	unsynced.Next = &nextPlugin{reply: replying(dns.RcodeNameError)}
	servers := []*Headless{
		newTestHeadless(f), behind, unsynced, stale,
		withBlock(f, "policy some {\nlimit fit\n}\npolicy one {\nkeep hostname == 'db-1'\n}\napply some */*\nunready_names\nendpoint_pod_names"),
		nearClients(f, "nodes\nendpoints\nsubnet 10.9.0.0/16 zone c\nshared 10.8.0.0/16\necs 192.0.2.53", "nearest node zone\nrank zone\norder sticky"),
	}
	for _, h := range servers {
		withService(h, append(manyReady(40), ready("10.0.0.1", ""), ready("2001:db8::1", ""), unready("10.1.0.1", "db-77"))...)
		if h.Next == nil {
			h.Next = &nextPlugin{reply: replying(dns.RcodeRefused)}
		}
	}
	return servers
}

// fuzzedClients are whom the server is asked by: a stranger, a resolver that is believed, the node of an endpoint, an
// endpoint, a client behind a shared address, and one without an address.
var fuzzedClients = []string{"192.0.2.9", "192.0.2.53", "172.16.0.2", "10.0.0.1", "10.8.0.1", ""}

// FuzzServeDNS sends whatever bytes parse as a message, to one of several servers, from one of several clients. Nothing
// may panic, and each has to get one reply to what it has asked, of a size that it takes.
func FuzzServeDNS(f *testing.F) {
	servers := fuzzedServers(f)
	for i, wire := range fuzzedQueries(f) {
		f.Add(wire, uint8(i*7%(len(servers)*len(fuzzedClients)*2))) // not each in each way
	}
	f.Fuzz(func(t *testing.T, wire []byte, how uint8) {
		r := new(dns.Msg)
		if r.Unpack(wire) != nil || r.Response {
			return // CoreDNS hands nothing of this on
		}
		n := int(how)
		h := servers[n%len(servers)]
		n /= len(servers)
		from := client{address: fuzzedClients[n%len(fuzzedClients)], tcp: n/len(fuzzedClients)%2 == 1}
		q := fuzzedQuery{T: t, h: h, r: r, from: from, size: (&request.Request{W: from.writer(), Req: r}).Size()}
		q.check()
	})
}

// fuzzedQueries are messages of every kind.
func fuzzedQueries(f *testing.F) (wires [][]byte) {
	f.Helper()
	var queries []*dns.Msg
	for _, qname := range []string{
		dbName, "_mysql._tcp." + dbName, "db-0." + dbName, "db-77." + dbName, "10-0-0-1." + dbName, "a.pin._zone." + dbName, "_mysql._tcp.n1.prefer._node." + dbName,
		"one._policy." + dbName, "_zone." + dbName, "1.0.0.10.in-addr.arpa.", "10.in-addr.arpa.", "cluster.local.", "dns-version.cluster.local.", "ns.dns.cluster.local.",
		"default.svc.cluster.local.", `\.\000.` + strings.ToUpper(dbName), strings.Repeat("a.", 110) + dbName, "example.org.", ".",
	} {
		for i, qtype := range []uint16{dns.TypeA, dns.TypeAAAA, dns.TypeSRV, dns.TypePTR, dns.TypeSOA, dns.TypeANY, dns.TypeAXFR} {
			m := new(dns.Msg).SetQuestion(qname, qtype)
			if i%2 == 0 {
				m.SetEdns0([]uint16{0, 512, 1232, 65535}[i/2], i > 2)
			}
			queries = append(queries, m)
		}
	}
	noQuestion, two, notify, chaos := new(dns.Msg), queries[0].Copy(), new(dns.Msg).SetNotify(dbName), queries[1].Copy()
	two.Question = append(two.Question, two.Question[0])
	chaos.Question[0].Qclass = dns.ClassCHAOS
	subnet, cookie := queries[0].Copy(), queries[0].Copy()
	subnet.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_SUBNET{Code: dns.EDNS0SUBNET, Family: 1, SourceNetmask: 32, Address: []byte{172, 16, 0, 2}}}
	cookie.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_COOKIE{Code: dns.EDNS0COOKIE, Cookie: "0011223344556677"}, &dns.EDNS0_NSID{Code: dns.EDNS0NSID}, &dns.EDNS0_PADDING{Padding: make([]byte, 99)}}
	for _, m := range append(queries, noQuestion, two, notify, chaos, subnet, cookie) {
		wire, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		wires = append(wires, wire)
	}
	return wires
}

// fuzzedQuery is a message that is sent, and what is checked of the reply.
type fuzzedQuery struct {
	*testing.T
	h    *Headless
	r    *dns.Msg
	from client
	size int // that the client takes
}

// heldWriter keeps what is written to it.
type heldWriter struct {
	dns.ResponseWriter
	written []*dns.Msg
	raw     int
}

func (w *heldWriter) WriteMsg(m *dns.Msg) error {
	w.written = append(w.written, m.Copy())
	return w.ResponseWriter.WriteMsg(m)
}

func (w *heldWriter) Write(b []byte) (int, error) { w.raw++; return len(b), nil }

func (q *fuzzedQuery) check() {
	onWire := &heldWriter{ResponseWriter: &discardWriter{ResponseWriter: test.ResponseWriter{}, remote: q.from.writer().RemoteAddr()}}
	ours := &heldWriter{ResponseWriter: request.NewScrubWriter(q.r, onWire)}
	asked := q.r.Copy()
	rcode, err := q.h.ServeDNS(q.Context(), ours, q.r)
	switch {
	case err != nil:
		q.Fatalf("%s failed: %v", asked, err)
	case ours.raw+onWire.raw > 0 || len(ours.written) > 1:
		q.Fatalf("%s is answered %d times, and %d times past the plugins above", asked, len(ours.written), ours.raw+onWire.raw)
	case len(ours.written) == 0 && plugin.ClientWrite(rcode):
		q.Fatalf("%s is not answered, and the rcode is %s", asked, dns.RcodeToString[rcode])
	case len(ours.written) == 0: // CoreDNS answers
		q.checkRcode(asked, rcode)
		return
	}
	q.checkReply(asked, ours.written[0], onWire.written[0])
}

// checkReply checks what we write and what CoreDNS sends of it.
func (q *fuzzedQuery) checkReply(asked, m, sent *dns.Msg) {
	q.checkRcode(asked, m.Rcode)
	if countRecords(m) != countRecords(sent) {
		q.Errorf("CoreDNS had to cut the reply to %s, of %d octets, to %d: %s", asked, m.Len(), q.size, m)
	}
	wire, err := sent.Pack()
	if err != nil || len(wire) > q.size {
		q.Fatalf("The reply to %s takes %d octets, not %d, or cannot be packed: %v", asked, len(wire), q.size, err)
	}
	var got dns.Msg
	if err := got.Unpack(wire); err != nil {
		q.Fatalf("The reply to %s cannot be read: %v", asked, err)
	}
	if got.Id != asked.Id || !got.Response || got.Opcode != asked.Opcode || !slices.Equal(got.Question, asked.Question) {
		q.Errorf("%s is answered with %s", asked, &got)
	}
	if (got.IsEdns0() == nil) != (asked.IsEdns0() == nil) {
		q.Errorf("%s has or has not EDNS, other than the answer: %s", asked, &got)
	}
	if !q.h.cache.synced.Load() || m.Rcode == dns.RcodeRefused {
		return // the plugin behind has answered
	}
	q.checkSections(asked, &got)
}

// countRecords counts those of a message, without the one of EDNS.
func countRecords(m *dns.Msg) int {
	n := len(m.Answer) + len(m.Ns) + len(m.Extra)
	if m.IsEdns0() != nil {
		n--
	}
	return n
}

// checkSections checks which records a reply of ours has.
func (q *fuzzedQuery) checkSections(asked, got *dns.Msg) {
	if !got.Authoritative || got.Truncated && q.from.tcp {
		q.Errorf("%s is answered without AA, or with TC over TCP: %s", asked, got)
	}
	if denied := len(got.Answer) == 0 && !got.Truncated; denied != (len(got.Ns) == 1) || got.Rcode == dns.RcodeNameError && !denied {
		q.Errorf("%s is answered with %s", asked, got)
	}
	for _, rr := range got.Answer {
		if h := rr.Header(); h.Name != asked.Question[0].Name || h.Rrtype != asked.Question[0].Qtype || h.Class != dns.ClassINET || h.Ttl > schemaTTL {
			q.Errorf("%s is answered with %s", asked, rr)
		}
	}
	targets := fmt.Sprint(got.Answer)
	for _, rr := range slices.Concat(got.Answer, got.Extra) {
		switch rr.(type) {
		case *dns.A, *dns.AAAA:
			if !strings.Contains(targets, rr.Header().Name) {
				q.Errorf("%s is answered with the address of somebody else: %s", asked, rr)
			}
		}
	}
}

// checkRcode checks that the rcode is the one that the RFCs ask for.
func (q *fuzzedQuery) checkRcode(asked *dns.Msg, rcode int) {
	want := []int{dns.RcodeSuccess, dns.RcodeNameError}
	behind := []int{dns.RcodeRefused}
	if !q.h.cache.synced.Load() {
		behind[0] = dns.RcodeNameError
	}
	switch {
	case len(asked.Question) != 1:
		want = []int{dns.RcodeFormatError} // RFC 9619
	case q.h.zoneOf(strings.ToLower(asked.Question[0].Name)) == "", asked.Opcode != dns.OpcodeQuery:
		want = behind
	case isTransfer(asked.Question[0].Qtype):
		want = []int{dns.RcodeRefused} // there is no transfer plugin
	case asked.Question[0].Qclass != dns.ClassINET:
		want = behind
	case !q.h.cache.synced.Load():
		want = []int{dns.RcodeServerFailure}
	case len(q.h.behind) > 0:
		want = append(want, dns.RcodeRefused)
	case q.from.address == "192.0.2.53" && q.h.finder != nil:
		want = append(want, dns.RcodeFormatError) // of the client subnet; see FuzzSubnet
	}
	if !slices.Contains(want, rcode) {
		q.Errorf("%s is answered with %s", asked, dns.RcodeToString[rcode])
	}
}
