package harness

import (
	"slices"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// Resolver stands for the one that CoreDNS forwards to. It knows a few names and counts what it is asked.
type Resolver struct {
	Address string

	records []dns.RR

	mu    sync.Mutex
	asked []string
}

// StartResolver starts a resolver that knows the records, in presentation format, for the time of a test.
func StartResolver(t testing.TB, records ...string) *Resolver {
	t.Helper()
	r := &Resolver{Address: FreeAddress(t)}
	for _, text := range records {
		record, err := dns.NewRR(text)
		if err != nil {
			t.Fatal(err)
		}
		r.records = append(r.records, record)
	}
	for _, network := range Transports {
		listening := make(chan struct{})
		server := &dns.Server{Addr: r.Address, Net: network, Handler: r, NotifyStartedFunc: func() { close(listening) }}
		failed := make(chan error, 1)
		go func() { failed <- server.ListenAndServe() }()
		select {
		case <-listening:
		case err := <-failed:
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = server.Shutdown() })
	}
	return r
}

// Asked is how often it was asked a question, a name and a type.
func (r *Resolver) Asked(question string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.asked) - len(slices.DeleteFunc(slices.Clone(r.asked), func(q string) bool { return q == question }))
}

// ServeDNS implements the dns.Handler interface.
func (r *Resolver) ServeDNS(w dns.ResponseWriter, query *dns.Msg) {
	question := query.Question[0]
	r.mu.Lock()
	r.asked = append(r.asked, question.Name+" "+dns.TypeToString[question.Qtype])
	r.mu.Unlock()
	reply := new(dns.Msg).SetRcode(query, dns.RcodeNameError)
	reply.Authoritative = true
	for _, record := range r.records {
		if header := record.Header(); header.Name == question.Name {
			reply.Rcode = dns.RcodeSuccess
			if header.Rrtype == question.Qtype {
				reply.Answer = append(reply.Answer, record)
			}
		}
	}
	if len(reply.Answer) == 0 {
		soa, _ := dns.NewRR(". 300 IN SOA ns.example.org. admin.example.org. 1 300 300 300 300")
		reply.Ns = []dns.RR{soa}
	}
	_ = w.WriteMsg(reply)
}
