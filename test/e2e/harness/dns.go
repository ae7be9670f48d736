package harness

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	diff "github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
)

// UDPSize is the payload size that clients announce, as the resolvers in use do.
const UDPSize = 1232

// Transports are those that every answer is asked over.
var Transports = []string{"udp", "tcp"}

// Want is the answer a question must have. Records are in presentation format; their order does not matter, but each
// must be there exactly once.
type Want struct {
	// Question is a name and a type, such as "db.default.svc.cluster.local. A".
	Question string
	// Rcode is NOERROR where it is empty.
	Rcode  string
	Answer []string
	// Authority are the records of the authority section, the SOA record of a denial apart.
	Authority []string
	// Extra are the records of the additional section, the OPT record apart.
	Extra []string
	// Cached is the time to live of records that come out of a cache, which may have taken seconds off; 0 where there is
	// none.
	Cached uint32
}

// Query is the message that asks a question.
func Query(question string) (*dns.Msg, error) {
	name, typeName, ok := strings.Cut(question, " ")
	qtype, known := dns.StringToType[typeName]
	if !ok || !known {
		return nil, fmt.Errorf("no question: %q", question)
	}
	query := new(dns.Msg).SetQuestion(name, qtype)
	query.SetEdns0(UDPSize, false)
	return query, nil
}

// Ask asks one question. network is udp or tcp.
func Ask(network, address, question string) (*dns.Msg, error) {
	return AskFrom(nil, network, address, question)
}

// AskFrom asks one question from an address of this machine: one in 127.0.0.0/8, or one of a pod or a node.
func AskFrom(client net.IP, network, address, question string) (*dns.Msg, error) {
	query, err := Query(question)
	if err != nil {
		return nil, err
	}
	reply, _, err := Client(client, network).Exchange(query, address)
	return reply, err
}

// IsStale says whether a reply says that it was true, and that nobody knows whether it still is.
func IsStale(reply *dns.Msg) bool {
	opt := reply.IsEdns0()
	return opt != nil && slices.ContainsFunc(opt.Option, func(o dns.EDNS0) bool {
		e, ok := o.(*dns.EDNS0_EDE)
		return ok && e.InfoCode == dns.ExtendedErrorCodeStaleAnswer
	})
}

// Client is a client with an address of this machine, whichever where it is nil.
func Client(address net.IP, network string) *dns.Client {
	const timeout = 5 * time.Second
	dialer := &net.Dialer{Timeout: timeout, Control: bindAny}
	switch {
	case address == nil:
	case network == "tcp":
		dialer.LocalAddr = &net.TCPAddr{IP: address}
	default:
		dialer.LocalAddr = &net.UDPAddr{IP: address}
	}
	return &dns.Client{Net: network, Timeout: timeout, Dialer: dialer}
}

// Check asks every question over UDP and over TCP and tells where an answer is another one than wanted.
func Check(address string, wants ...Want) error {
	var errs []error
	for _, want := range wants {
		for _, network := range Transports {
			reply, err := Ask(network, address, want.Question)
			if err == nil {
				err = want.Compare(reply)
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("%s over %s: %w", want.Question, network, err))
			}
		}
	}
	return errors.Join(errs...)
}

// Compare tells where a reply is another one than wanted.
func (w Want) Compare(reply *dns.Msg) error {
	want, err := w.text()
	if err != nil {
		return err
	}
	if d := diff.Diff(strings.Join(want, "\n"), strings.Join(Text(w.fresh(reply)), "\n")); d != "" {
		return fmt.Errorf("(-want +got)\n%s", d)
	}
	return nil
}

// longestStay is how long a reply is in a cache at most in a test, in seconds.
const longestStay = 20

// fresh is the reply as it was before it was cached.
func (w Want) fresh(reply *dns.Msg) *dns.Msg {
	reply = reply.Copy()
	for _, rr := range slices.Concat(reply.Answer, reply.Ns, reply.Extra) {
		if h := rr.Header(); h.Rrtype != dns.TypeOPT && h.Ttl < w.Cached && h.Ttl+longestStay >= w.Cached {
			h.Ttl = w.Cached
		}
	}
	return reply
}

// text is the wanted answer as Text gives the one that came. One without records has the SOA record of the zone.
func (w Want) text() ([]string, error) {
	lines := []string{cmp.Or(w.Rcode, "NOERROR") + " qr aa rd"}
	sections := map[string][]string{"answer: ": w.Answer, "authority: ": w.Authority, "additional: ": w.Extra}
	for prefix, records := range sections {
		for _, record := range records {
			rr, err := dns.NewRR(record)
			if err != nil {
				return nil, fmt.Errorf("no record: %q: %w", record, err)
			}
			lines = append(lines, prefix+rr.String())
		}
	}
	if len(w.Answer) == 0 {
		lines = append(lines, "authority: SOA")
	}
	slices.Sort(lines[1:])
	return lines, nil
}

// Text is a reply in lines that can be compared: rcode and flags, and the records of each section in alphabetical order.
// Of an SOA record only that it is there: it holds a serial number.
func Text(reply *dns.Msg) []string {
	lines := []string{dns.RcodeToString[reply.Rcode] + flags(reply)}
	add := func(section string, records []dns.RR) {
		for _, rr := range records {
			switch rr.Header().Rrtype {
			case dns.TypeOPT:
			case dns.TypeSOA:
				lines = append(lines, section+": SOA")
			default:
				lines = append(lines, section+": "+rr.String())
			}
		}
	}
	add("answer", reply.Answer)
	add("authority", reply.Ns)
	add("additional", reply.Extra)
	slices.Sort(lines[1:])
	return lines
}

func flags(reply *dns.Msg) string {
	var text strings.Builder
	for _, flag := range []struct {
		name string
		set  bool
	}{
		{" qr", reply.Response}, {" aa", reply.Authoritative}, {" tc", reply.Truncated},
		{" rd", reply.RecursionDesired}, {" ra", reply.RecursionAvailable},
	} {
		if flag.set {
			text.WriteString(flag.name)
		}
	}
	return text.String()
}

// Dashed is what an endpoint without a hostname is called: the label that its address makes.
func Dashed(address netip.Addr) string {
	label := strings.NewReplacer(".", "-", ":", "-").Replace(address.String())
	if strings.HasSuffix(label, "-") {
		label += "0"
	}
	return label
}

// RandomOctets are so many, for a packet that is no message.
func RandomOctets(random *rand.Rand, n int) []byte {
	octets := make([]byte, n)
	for i := range octets {
		octets[i] = byte(random.Uint32())
	}
	return octets
}
