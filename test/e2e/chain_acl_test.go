package e2e

import (
	"fmt"
	"net"
	"testing"

	"github.com/miekg/dns"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// aclRules have a network for each action of acl.
const aclRules = `acl {
	block net 127.0.1.0/24
	filter type AAAA SRV net 127.0.2.0/24
	drop type A net 127.0.3.0/24
}`

func TestAccessControlListsHoldForHeadlessNames(t *testing.T) {
	t.Parallel()
	metrics := harness.FreeAddress(t)
	server := startBlocks(t, block("cluster.local", aclRules, "prometheus "+metrics, headlessOn(onManifests(t, chainDB))))
	a, srv := chainDB.wants()[0], chainDB.wants()[2]

	check(t, server, a, srv)
	for _, network := range harness.Transports {
		for _, question := range []string{a.Question, srv.Question, "db-0." + a.Question, "none." + a.Question} {
			if err := expectEmpty("127.0.1.1", network, server, question, dns.RcodeRefused); err != nil {
				t.Errorf("A blocked network: %v", err)
			}
		}
		for _, question := range []string{srv.Question, chainDB.name + " AAAA"} {
			if err := expectEmpty("127.0.2.1", network, server, question, dns.RcodeSuccess); err != nil {
				t.Errorf("A filtered type: %v", err)
			}
		}
		if err := dropped("127.0.3.1", network, server, a.Question, srv.Question); err != nil {
			t.Errorf("A dropped type: %v", err)
		}
	}
	if err := checkFrom("127.0.2.1", server, a); err != nil {
		t.Errorf("A type that is not filtered: %v", err)
	}
	// Allowed are those of the check, the one above, and the marks of dropped.
	for name, want := range map[string]float64{"blocked": 8, "filtered": 4, "dropped": 2, "allowed": 8} {
		if got := metric(t, metrics, "coredns_acl_"+name+"_requests_total"); got != want {
			t.Errorf("%v requests were %s, want %v", got, name, want)
		}
	}
}

// expectEmpty wants an answer without records.
func expectEmpty(address, network string, server *harness.CoreDNS, question string, rcode int) error {
	reply, err := harness.AskFrom(net.ParseIP(address), network, server.Address, question)
	if err != nil {
		return fmt.Errorf("%s over %s: %w", question, network, err)
	}
	if reply.Rcode != rcode || len(reply.Answer)+len(reply.Ns) > 0 {
		return fmt.Errorf("%s over %s: got %q, want %s and no records", question, network, harness.Text(reply), dns.RcodeToString[rcode])
	}
	return nil
}

// dropped asks a question that is to get no answer, and then on the same connection one that gets one: that must be
// the first to be answered.
func dropped(address, network string, server *harness.CoreDNS, question, mark string) error {
	connection, err := harness.Client(net.ParseIP(address), network).Dial(server.Address)
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }()
	if err := deadline(connection); err != nil {
		return err
	}
	for _, q := range []string{question, mark} {
		query, err := harness.Query(q)
		if err != nil {
			return err
		}
		if err := connection.WriteMsg(query); err != nil {
			return err
		}
	}
	reply, err := connection.ReadMsg()
	if err != nil {
		return fmt.Errorf("%s over %s: %w", mark, network, err)
	}
	if got := reply.Question[0].Qtype; got != dns.TypeSRV {
		return fmt.Errorf("%s over %s was answered: %q", question, network, harness.Text(reply))
	}
	return nil
}
