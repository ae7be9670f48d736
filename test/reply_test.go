package test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// reply is what a scenario says of a reply, and what it can say of one that came:
//
//	NXDOMAIN qr aa rd   the rcode and the header's flags, in dig's order
//	ede: 17             the code of an extended DNS error
//	answer:             a section and its records; those that are not mentioned are empty
//	    a. 5 IN A 10.0.0.1
//	additional: 2 records
//	answer: ordered     with records under it that stand in this order
//
// The serial number of an SOA is not compared, for it is taken from the clock.
type reply struct {
	status   string
	errors   []string
	sections [3]section
}

// section is one of answer, authority and additional.
type section struct {
	records []string
	ordered bool // else the records are a set
	counted bool // only their number is said
	number  int
}

var sectionNames = [3]string{"answer", "authority", "additional"}

// parseLine takes in a line of a scenario. Records belong to the section that was named last.
func (r *reply) parseLine(line string) error {
	if r.status == "" {
		r.status = line
		return nil
	}
	key, value, _ := strings.Cut(line, ":")
	value = strings.TrimSpace(value)
	if key == "ede" {
		r.errors = append(r.errors, value)
		return nil
	}
	if at := slices.Index(sectionNames[:], key); at >= 0 {
		return r.sections[at].parseTitle(value)
	}
	return r.addRecord(line)
}

func (s *section) parseTitle(value string) error {
	switch value {
	case "":
	case "ordered":
		s.ordered = true
	default:
		s.counted = true
		_, err := fmt.Sscanf(value, "%d records", &s.number)
		return err
	}
	s.records = []string{}
	return nil
}

// addRecord reads a record in presentation format.
func (r *reply) addRecord(line string) error {
	for i := len(r.sections) - 1; i >= 0; i-- {
		if r.sections[i].records == nil {
			continue
		}
		rr, err := dns.NewRR(strings.TrimSpace(line))
		if err != nil {
			return err
		}
		r.sections[i].records = append(r.sections[i].records, recordText(rr))
		return nil
	}
	return fmt.Errorf("%q stands in no section", line)
}

// recordText returns a record as it is compared.
func recordText(rr dns.RR) string {
	if soa, ok := rr.(*dns.SOA); ok {
		soa.Serial = 0
	}
	return strings.Join(strings.Fields(rr.String()), " ")
}

// replyOf says of a message what a scenario could say of it, in as much detail as the scenario did.
func replyOf(m *dns.Msg, want reply) reply {
	rcode := dns.RcodeToString[m.Rcode]
	if m.Rcode == dns.RcodeBadVers {
		rcode = "BADVERS" // it shares its number with BADSIG, which is said by TSIG alone
	}
	got := reply{status: rcode + flags(m)}
	for i, records := range [3][]dns.RR{m.Answer, m.Ns, m.Extra} {
		s := section{records: []string{}, ordered: want.sections[i].ordered, counted: want.sections[i].counted}
		for _, rr := range records {
			if opt, ok := rr.(*dns.OPT); ok {
				got.errors = append(got.errors, extendedErrors(opt)...)
				continue
			}
			s.records = append(s.records, recordText(rr))
		}
		s.number = len(s.records)
		got.sections[i] = s
	}
	return got
}

func extendedErrors(opt *dns.OPT) []string {
	var codes []string
	for _, option := range opt.Option {
		if ede, ok := option.(*dns.EDNS0_EDE); ok {
			codes = append(codes, fmt.Sprint(ede.InfoCode))
		}
	}
	return codes
}

func flags(m *dns.Msg) string {
	text := ""
	for _, flag := range []struct {
		set  bool
		name string
	}{
		{m.Response, "qr"}, {m.Authoritative, "aa"}, {m.Truncated, "tc"}, {m.RecursionDesired, "rd"},
		{m.RecursionAvailable, "ra"}, {m.AuthenticatedData, "ad"}, {m.CheckingDisabled, "cd"},
	} {
		if flag.set {
			text += " " + flag.name
		}
	}
	return text
}

// String is the reply as a scenario says it, so that two replies are equal where their texts are.
func (r reply) String() string {
	var b strings.Builder
	b.WriteString(r.status + "\n")
	for _, code := range r.errors {
		b.WriteString("ede: " + code + "\n")
	}
	for i, s := range r.sections {
		switch {
		case s.counted:
			fmt.Fprintf(&b, "%s: %d records\n", sectionNames[i], s.number)
			continue
		case len(s.records) == 0:
			continue
		case s.ordered:
			fmt.Fprintf(&b, "%s: ordered\n", sectionNames[i])
		default:
			s.records = slices.Sorted(slices.Values(s.records))
			fmt.Fprintf(&b, "%s:\n", sectionNames[i])
		}
		for _, record := range s.records {
			b.WriteString("    " + record + "\n")
		}
	}
	return b.String()
}
