package headless

import (
	"fmt"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/headless-dns/headless/source"
)

// Names of all lengths, so that the last record fits by an octet or fails by one.
func TestLimitFitNeverTruncatesSRVAndAddsAddressesOfItsTargetsAlone(t *testing.T) {
	for length := 1; length <= 60; length += 3 {
		for n := 2; n <= 14; n++ {
			var endpoints []source.Endpoint
			for i := range n {
				endpoints = append(endpoints, ready(fmt.Sprintf("10.0.0.%d", i+1), fmt.Sprintf("%s%02d", strings.Repeat("x", length), i)))
			}
			h := withService(withBlock(t, "policy fit {\nlimit fit\n}\napply fit */*"), endpoints...)
			m := askFrom(t, h, "192.0.2.1", "_mysql._tcp."+ofDB, dns.TypeSRV, client{edns: 512})
			targets := map[string]bool{}
			for _, rr := range m.Answer {
				targets[rr.(*dns.SRV).Target] = true
			}
			if m.Truncated || len(m.Answer) == 0 {
				t.Errorf("With %d names of %d octets there are %d records, truncated: %t", n, length+2, len(m.Answer), m.Truncated)
			}
			for _, rr := range m.Extra {
				if name := rr.Header().Name; rr.Header().Rrtype == dns.TypeA && !targets[name] {
					t.Errorf("With %d names of %d octets %s has an address and no record", n, length+2, name)
				}
			}
		}
	}
}

func TestANameThatExistsByAPolicyAloneExistsForAllTypes(t *testing.T) {
	h := withService(withBlock(t, "policy boot {\nfrom ready all\n}\napply boot */*"), unready("10.0.0.1", "a"))
	for question, want := range map[string]int{
		ofDB + " A": 1, ofDB + " AAAA": 0, ofDB + " TXT": 0, ofDB + " SRV": 1, "_mysql._tcp." + ofDB + " SRV": 1,
		"_mysql._tcp." + ofDB + " TXT": 0, "_tcp." + ofDB + " A": 0, "a." + ofDB + " A": 1,
	} {
		name, qtype, _ := strings.Cut(question, " ")
		m := askFrom(t, h, "192.0.2.1", name, dns.StringToType[qtype], client{})
		if m.Rcode != dns.RcodeSuccess || len(m.Answer) != want {
			t.Errorf("%s is answered with %s and %d records, want %d", question, dns.RcodeToString[m.Rcode], len(m.Answer), want)
		}
	}
	for _, question := range []string{"_http._tcp." + ofDB + " SRV", "_udp." + ofDB + " A", "b." + ofDB + " A"} {
		name, qtype, _ := strings.Cut(question, " ")
		if m := askFrom(t, h, "192.0.2.1", name, dns.StringToType[qtype], client{}); m.Rcode != dns.RcodeNameError {
			t.Errorf("%s is answered with %s", question, dns.RcodeToString[m.Rcode])
		}
	}
}

func TestAServiceWhosePodsHaveNamesIsNotDeniedWhereThePolicyBeginsWithNothing(t *testing.T) {
	published := ready("10.0.0.1", "a")
	published.Serving = false
	h := withService(withBlock(t, "policy clients {\nfrom serving\n}\napply clients */*"), published)
	if m := askFrom(t, h, "192.0.2.1", ofDB, dns.TypeA, client{}); m.Rcode != dns.RcodeSuccess || len(m.Answer) > 0 {
		t.Errorf("The answer is no NODATA:\n%v", m)
	}
	if m := askFrom(t, h, "192.0.2.1", "a."+ofDB, dns.TypeA, client{}); len(m.Answer) != 1 {
		t.Errorf("The pod's own name is answered with\n%v", m)
	}
}

func TestWeightsThatAreNoWholeNumbersKeepTheirProportionInSRVRecords(t *testing.T) {
	h := withService(withBlock(t, "policy canary {\nweight hostname == 'b' ? 0.05 : 0.95\norder address\n}\napply canary */*"),
		ready("10.0.0.1", "a"), ready("10.0.0.2", "b"))
	m := askFrom(t, h, "192.0.2.1", ofDB, dns.TypeSRV, client{edns: 1232})
	a, b := m.Answer[0].(*dns.SRV).Weight, m.Answer[1].(*dns.SRV).Weight
	if ratio := float64(a) / float64(b); ratio < 18.9 || ratio > 19.1 {
		t.Errorf("The weights are %d and %d, want 19 to 1", a, b)
	}
}

func TestAMemberThatNamesAPolicyIsAnsweredByIt(t *testing.T) {
	h := withService(withBlock(t, "policy one {\nlimit 1\n}"), ready("10.0.0.1", "a"), ready("10.0.0.2", "b"))
	if m := askFrom(t, h, "10.0.0.2", "one._policy."+ofDB, dns.TypeA, client{}); len(m.Answer) != 1 {
		t.Errorf("The answer has %d records, want 1", len(m.Answer))
	}
}

func TestADenialByAPolicyIsKeptNoLongerThanItsAnswers(t *testing.T) {
	h := withService(withBlock(t, "ttl 30\npolicy primary {\nkeep hostname == 'none'\nttl 1\n}\napply primary */*"), ready("10.0.0.1", "a"))
	soa := askFrom(t, h, "192.0.2.1", ofDB, dns.TypeA, client{}).Ns[0].(*dns.SOA)
	if soa.Hdr.Ttl != 1 || soa.Minttl != 1 {
		t.Errorf("The SOA record is %v, want a TTL and a minimum of 1", soa)
	}
}
