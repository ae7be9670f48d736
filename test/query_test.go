package test

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// query is one line of a scenario and what is to come of it.
type query struct {
	text       string
	message    dns.Msg
	transports []string
	from       string // an address of loopback; empty for any
	want       reply

	logged string // instead of a question: what the log is to say
}

// parseQuery reads a query as it is written for dig: a name, a type, perhaps a class, and options.
func parseQuery(text string) (query, error) {
	q := query{text: text, transports: []string{"udp", "tcp"}}
	q.message.RecursionDesired = true
	q.message.Question = []dns.Question{{Qclass: dns.ClassINET}}
	question := &q.message.Question[0]
	for word := range strings.FieldsSeq(text) {
		switch {
		case word[0] == '+':
			if err := q.option(word[1:]); err != nil {
				return q, err
			}
		case question.Name == "":
			question.Name = dns.Fqdn(word)
		case question.Qtype == 0:
			qtype, err := parseType(word)
			if err != nil {
				return q, err
			}
			question.Qtype = qtype
		default:
			class, ok := dns.StringToClass[word]
			if !ok {
				return q, fmt.Errorf("unknown class %q", word)
			}
			question.Qclass = class
		}
	}
	if question.Name == "" || question.Qtype == 0 {
		return q, fmt.Errorf("a query needs a name and a type")
	}
	return q, nil
}

// parseType reads the name of a type, or TYPE and a number (RFC 3597).
func parseType(word string) (uint16, error) {
	if number, ok := strings.CutPrefix(word, "TYPE"); ok {
		n, err := strconv.ParseUint(number, 10, 16)
		return uint16(n), err
	}
	qtype, ok := dns.StringToType[word]
	if !ok {
		return 0, fmt.Errorf("unknown type %q", word)
	}
	return qtype, nil
}

// option applies what stands behind a plus sign.
func (q *query) option(option string) error {
	name, value, _ := strings.Cut(option, "=")
	switch name {
	case "udp", "tcp":
		q.transports = []string{name}
	case "from":
		if _, err := netip.ParseAddr(value); err != nil {
			return err
		}
		q.from = value
	case "norecurse":
		q.message.RecursionDesired = false
	case "dnssec":
		q.message.SetEdns0(1232, true)
	case "bufsize":
		size, err := strconv.ParseUint(value, 10, 16)
		if err != nil {
			return err
		}
		q.message.SetEdns0(uint16(size), false)
	case "edns":
		version, err := strconv.ParseUint(value, 10, 8)
		if err != nil {
			return err
		}
		q.message.SetEdns0(1232, false)
		q.message.IsEdns0().SetVersion(uint8(version))
	case "opcode":
		opcode, ok := dns.StringToOpcode[value]
		if !ok {
			return fmt.Errorf("unknown opcode %q", value)
		}
		q.message.Opcode = opcode
	default:
		return fmt.Errorf("unknown option %q", option)
	}
	return nil
}

// size is how long a reply by UDP may be.
func (q *query) size() int {
	if opt := q.message.IsEdns0(); opt != nil {
		return max(int(opt.UDPSize()), dns.MinMsgSize)
	}
	return dns.MinMsgSize
}
