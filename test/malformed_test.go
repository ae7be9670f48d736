package test

import (
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

const quickstart = `test.com in-addr.arpa {
    headless test.com in-addr.arpa {
        manifests ../examples/quickstart/manifests
    }
}`

// message returns a query on the wire, changed before it is packed.
func message(t *testing.T, change func(m *dns.Msg)) []byte {
	t.Helper()
	m := new(dns.Msg)
	m.SetQuestion("mariadb.default.svc.test.com.", dns.TypeA)
	change(m)
	wire, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return wire
}

// Messages that are malformed, or that ask for what is not there to be asked, get the rcode that RFC 1035 has for
// them, or no reply where a reply could be answered in turn. The server goes on answering.
func TestMalformedMessagesGetTheirRcodeAndDoNoHarm(t *testing.T) {
	s := start(t, quickstart)
	second := dns.Question{Name: "test.com.", Qtype: dns.TypeA, Qclass: dns.ClassINET}
	whole := message(t, func(*dns.Msg) {})
	const noReply = -1
	tests := map[string]struct {
		wire []byte
		want int
	}{
		"no question":                  {message(t, func(m *dns.Msg) { m.Question = nil }), dns.RcodeFormatError},
		"two questions":                {message(t, func(m *dns.Msg) { m.Question = append(m.Question, second) }), dns.RcodeFormatError},
		"a name that ends too early":   {whole[:20], dns.RcodeFormatError},
		"a header alone":               {whole[:12], dns.RcodeServerFailure}, // by CoreDNS's server, before any plugin
		"half a header":                {whole[:6], noReply},
		"a name that points to itself": {append(append([]byte{}, whole[:12]...), 0xC0, 12, 0, 1, 0, 1), dns.RcodeFormatError},
		"a response":                   {message(t, func(m *dns.Msg) { m.Response = true }), noReply},
		"class CHAOS":                  {message(t, func(m *dns.Msg) { m.Question[0].Qclass = dns.ClassCHAOS }), dns.RcodeRefused},
		"opcode STATUS":                {message(t, func(m *dns.Msg) { m.Opcode = dns.OpcodeStatus }), dns.RcodeNotImplemented},
		"EDNS version 1":               {message(t, func(m *dns.Msg) { m.SetEdns0(1232, false); m.IsEdns0().SetVersion(1) }), dns.RcodeBadVers},
		"another zone":                 {message(t, func(m *dns.Msg) { m.Question[0].Name = "example.org." }), dns.RcodeRefused},
		"the longest name":             {message(t, func(m *dns.Msg) { m.Question[0].Name = strings.Repeat("a.", 122) + "test.com." }), dns.RcodeNameError},
		"a label of 63 octets":         {message(t, func(m *dns.Msg) { m.Question[0].Name = strings.Repeat("a", 63) + ".mariadb.default.svc.test.com." }), dns.RcodeNameError},
		"a label with a dot in it":     {message(t, func(m *dns.Msg) { m.Question[0].Name = `maradb-0\.mariadb.default.svc.test.com.` }), dns.RcodeNameError},
		"a label of zeros":             {message(t, func(m *dns.Msg) { m.Question[0].Name = `\000.mariadb.default.svc.test.com.` }), dns.RcodeNameError},
	}
	for what, tt := range tests {
		t.Run(what, func(t *testing.T) {
			if got := s.send(t, tt.wire); got != tt.want {
				t.Errorf("The rcode is %d, want %d", got, tt.want)
			}
		})
	}
}

// Whatever bytes arrive, the next good question is answered.
func TestRandomBytesDoNoHarm(t *testing.T) {
	s := start(t, quickstart)
	good := message(t, func(*dns.Msg) {})
	random := rand.New(rand.NewPCG(8, 1))
	conn, err := net.Dial("udp", s.addresses["udp"])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for i := range 3000 {
		if i%100 == 0 && s.send(t, good) != dns.RcodeSuccess { // so that no queue overflows
			t.Fatalf("After %d messages a good question is not answered", i)
		}
		wire := append([]byte{}, good...)
		for range 1 + random.IntN(8) {
			wire[random.IntN(len(wire))] = byte(random.Uint32())
		}
		if _, err := conn.Write(wire[:random.IntN(len(wire)+1)]); err != nil {
			t.Fatal(err)
		}
	}
	if rcode := s.send(t, good); rcode != dns.RcodeSuccess {
		t.Errorf("The next good question gets rcode %d", rcode)
	}
	if strings.Contains(s.log.String(), "Recovered from panic") {
		t.Error("Something panicked")
	}
}

// send sends a message over UDP and a good one behind it, and returns the rcode of the reply to the first, or -1
// where only the second was answered.
func (s *server) send(t *testing.T, wire []byte) int {
	t.Helper()
	conn, err := net.Dial("udp", s.addresses["udp"])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	second := message(t, func(m *dns.Msg) { m.Id = 4711 })
	if len(wire) > 1 && wire[0] == second[0] && wire[1] == second[1] {
		wire[0]++
	}
	for _, packet := range [][]byte{wire, second} {
		if _, err := conn.Write(packet); err != nil {
			t.Fatal(err)
		}
	}
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	rcode, answered := -1, false
	for !answered || rcode == -1 {
		buffer := make([]byte, dns.MaxMsgSize)
		n, err := conn.Read(buffer)
		if err != nil {
			break
		}
		reply := new(dns.Msg)
		if err := reply.Unpack(buffer[:n]); err != nil {
			t.Fatalf("A reply cannot be unpacked: %v", err)
		}
		if reply.Id == 4711 {
			answered = true
			if err := conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
				t.Fatal(err)
			}
		} else {
			rcode = reply.Rcode
		}
	}
	if !answered {
		t.Error("The good message behind it was not answered")
	}
	return rcode
}
