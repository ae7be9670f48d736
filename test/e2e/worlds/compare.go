package worlds

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// Exchange is a question and what both servers reply.
type Exchange struct {
	Question
	View         *View
	Ours, Theirs *dns.Msg
	// OursWhole and TheirsWhole are the replies over TCP, where one of those over UDP was truncated; else nil.
	OursWhole, TheirsWhole *dns.Msg
	// AskTheirs asks the other server something else about the same name.
	AskTheirs func(Question) (*dns.Msg, error)
}

// Judge returns what is different in the replies, and the names of the intended differences that explain the rest.
func (e Exchange) Judge(intended []Intended) (differences, used []string) {
	differences = e.Compare()
	if len(differences) == 0 {
		return nil, nil
	}
	// What is excused is rewritten, and what others may have to say of these replies is not.
	e.Ours, e.Theirs = e.Ours.Copy(), e.Theirs.Copy()
	if e.OursWhole != nil {
		e.OursWhole, e.TheirsWhole = e.OursWhole.Copy(), e.TheirsWhole.Copy()
	}
	for _, i := range intended {
		if i.Excuse != nil && i.Excuse(&e) {
			used = append(used, i.Name)
		}
	}
	if len(e.Compare()) == 0 {
		return nil, used
	}
	return differences, nil
}

// Compare returns what is different, whether it is to be or not.
//
// Of truncated replies each must be a part of the whole, as it is over TCP, and the two wholes must be the same: what
// fits is left to chance.
func (e *Exchange) Compare() []string {
	var d differences
	d.header(e.Ours, e.Theirs)
	if e.OursWhole == nil {
		d.sections(e.Ours, e.Theirs)
		return d
	}
	d.part("ours", e.Ours, e.OursWhole)
	d.part("theirs", e.Theirs, e.TheirsWhole)
	if ours, theirs := len(e.Ours.Answer), len(e.Theirs.Answer); e.Ours.Truncated && e.Theirs.Truncated && e.sameSize() && ours != theirs {
		d.add("records that fit", ours, theirs)
	}
	d.header(e.OursWhole, e.TheirsWhole)
	d.sections(e.OursWhole, e.TheirsWhole)
	return d
}

// sameSize says whether all records of an answer take as many octets as each other.
func (e *Exchange) sameSize() bool { return e.Type == dns.TypeA || e.Type == dns.TypeAAAA }

// differences are what differs: the field, and what ours and theirs are.
type differences []string

func (d *differences) add(field string, ours, theirs any) {
	*d = append(*d, fmt.Sprintf("%s: %v, theirs %v", field, ours, theirs))
}

func compareField[T comparable](d *differences, field string, ours, theirs T) {
	if ours != theirs {
		d.add(field, ours, theirs)
	}
}

// header compares all that are no records.
func (d *differences) header(ours, theirs *dns.Msg) {
	compareField(d, "rcode", dns.RcodeToString[ours.Rcode], dns.RcodeToString[theirs.Rcode])
	compareField(d, "opcode", ours.Opcode, theirs.Opcode)
	compareField(d, "qr", ours.Response, theirs.Response)
	compareField(d, "aa", ours.Authoritative, theirs.Authoritative)
	compareField(d, "tc", ours.Truncated, theirs.Truncated)
	compareField(d, "rd", ours.RecursionDesired, theirs.RecursionDesired)
	compareField(d, "ra", ours.RecursionAvailable, theirs.RecursionAvailable)
	compareField(d, "ad", ours.AuthenticatedData, theirs.AuthenticatedData)
	compareField(d, "cd", ours.CheckingDisabled, theirs.CheckingDisabled)
	compareField(d, "question", fmt.Sprint(ours.Question), fmt.Sprint(theirs.Question))
	compareField(d, "EDNS", edns(ours), edns(theirs))
}

// edns is the OPT record in words.
func edns(m *dns.Msg) string {
	opt := m.IsEdns0()
	if opt == nil {
		return "none"
	}
	return opt.String()
}

// sections compares the records, in any order, but each as often as it is there. Of answers that are truncated it is
// chance which records they have.
func (d *differences) sections(ours, theirs *dns.Msg) {
	if ours.Truncated && theirs.Truncated {
		return
	}
	d.records("answer", ours.Answer, theirs.Answer)
	d.records("authority", ours.Ns, theirs.Ns)
	d.records("additional", ours.Extra, theirs.Extra)
}

func (d *differences) records(section string, ours, theirs []dns.RR) {
	onlyOurs, onlyTheirs := without(texts(ours), texts(theirs)), without(texts(theirs), texts(ours))
	for _, rr := range onlyOurs {
		*d = append(*d, section+": only ours has "+rr)
	}
	for _, rr := range onlyTheirs {
		*d = append(*d, section+": only theirs has "+rr)
	}
}

// part compares a reply over UDP with the whole one of the same server: if it is not truncated it has all but some of
// the additional records, else some of each section.
func (d *differences) part(whose string, part, whole *dns.Msg) {
	if whole.Truncated {
		return // nobody knows the rest
	}
	strange := slices.Concat(without(texts(part.Answer), texts(whole.Answer)), without(texts(part.Extra), texts(whole.Extra)))
	if !part.Truncated {
		strange = append(strange, without(texts(whole.Answer), texts(part.Answer))...)
	}
	for _, rr := range strange {
		*d = append(*d, whose+" over UDP and over TCP differ in "+rr)
	}
}

// texts are the records in presentation format, sorted: without the OPT record, and of SOA records without the
// serial.
func texts(records []dns.RR) []string {
	var all []string
	for _, rr := range records {
		switch rr := rr.(type) {
		case *dns.OPT:
		case *dns.SOA:
			soa := *rr
			soa.Serial = 0
			all = append(all, soa.String())
		default:
			all = append(all, rr.String())
		}
	}
	slices.Sort(all)
	return all
}

// without returns what the first list has more than the second. Both are sorted.
func without(all, those []string) []string {
	var rest []string
	for _, one := range all {
		for len(those) > 0 && cmp.Less(those[0], one) {
			those = those[1:]
		}
		if len(those) > 0 && those[0] == one {
			those = those[1:]
			continue
		}
		rest = append(rest, one)
	}
	return rest
}

// omit returns the records for which the function is false, and leaves the list as it is: replies share them.
func omit(records []dns.RR, is func(dns.RR) bool) []dns.RR {
	var rest []dns.RR
	for _, rr := range records {
		if !is(rr) {
			rest = append(rest, rr)
		}
	}
	return rest
}

// Text is a reply in lines, for the message of a test that failed.
func Text(m *dns.Msg) string {
	if m == nil {
		return "none"
	}
	return strings.TrimSpace(m.String())
}
