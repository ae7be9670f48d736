package headless

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"
)

func TestAnswersSayThatTheyAreStaleWhenTheAPIWasAwayForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := withService(newTestHeadless(t), ready("10.0.0.1", "db-0"))
		h.staleAfter = time.Minute
		check := func(what string, want bool) {
			t.Helper()
			for _, qname := range []string{dbName, "1.0.0.10.in-addr.arpa.", "none." + dbName} {
				if got := extendedError(ask(t, h, qname, dns.TypeA, client{edns: 1232})) == dns.ExtendedErrorCodeStaleAnswer; got != want {
					t.Errorf("%s the answer for %s is stale: %v", what, qname, got)
				}
			}
			m := ask(t, h, dbName, dns.TypeA, client{})
			if m.IsEdns0() != nil || len(m.Answer) != 1 {
				t.Errorf("%s a client without EDNS gets %s", what, m)
			}
		}
		check("With contact", false)
		h.cache.Contact(time.Now())
		<-time.After(time.Minute)
		check("After a minute", false)
		<-time.After(time.Second)
		check("After more than a minute", true)
		h.cache.Contact(time.Time{})
		check("With contact again", false)
	})
}

func TestWhatSaysThatAnAnswerIsStaleFitsIntoIt(t *testing.T) {
	h := withService(newTestHeadless(t), manyReady(1000)...)
	fresh := len(ask(t, h, dbName, dns.TypeA, client{edns: 1232}).Answer)
	h.staleAfter = time.Minute
	h.cache.Contact(time.Now().Add(-time.Hour))
	for _, qtype := range []uint16{dns.TypeA, dns.TypeSRV} {
		for size := uint16(512); size < 1300; size++ {
			m := ask(t, h, dbName, qtype, client{edns: size}) // which checks its length
			if extendedError(m) != dns.ExtendedErrorCodeStaleAnswer || !m.Truncated && len(m.Answer) < 1000 {
				t.Fatalf("With %d octets the answer is %s", size, m)
			}
			if lost := fresh - len(m.Answer); qtype == dns.TypeA && size == 1232 && lost > 3 {
				t.Errorf("It takes the place of %d records", lost)
			}
		}
	}
}
