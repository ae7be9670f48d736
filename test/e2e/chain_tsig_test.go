package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/headless-dns/headless/test/e2e/harness"
)

const (
	tsigKey     = "key.example.org."
	tsigSecret  = "c2VjcmV0IG9mIHRoZSB0ZXN0cw=="
	wrongSecret = "YW5vdGhlciBzZWNyZXQ="
)

func TestSignedQueriesAreAnsweredAndSignedAndOthersRefused(t *testing.T) {
	t.Parallel()
	server := startBlocks(t, block("cluster.local",
		"tsig {\nsecret "+tsigKey+" "+tsigSecret+"\nrequire all\n}",
		headlessOn(onManifests(t, chainDB, manyEndpoints()))))
	wants := withoutReverse(append(chainDB.wants(), denied("none."+chainDB.name+" A")...))
	for _, network := range harness.Transports {
		for _, want := range wants {
			if err := expectEmpty("127.0.0.1", network, server, want.Question, dns.RcodeRefused); err != nil {
				t.Errorf("Without a signature: %v", err)
			}
			if err := checkSigned(network, server, want); err != nil {
				t.Error(err)
			}
		}
		expectBadlySigned(t, network, server, "unknown.example.org.", tsigSecret, dns.RcodeBadKey)
		expectBadlySigned(t, network, server, tsigKey, wrongSecret, dns.RcodeBadSig)
	}
	// One that is larger than what goes over UDP.
	many := manyEndpoints()
	if err := checkSigned("tcp", server, many.wants()[0]); err != nil {
		t.Error(err)
	}
}

// expectBadlySigned asks with a key or a secret that the server does not know.
func expectBadlySigned(t *testing.T, network string, server *harness.CoreDNS, key, secret string, reason uint16) {
	t.Helper()
	// The error is that the reply's signature is not by the client's key.
	reply, err := askSigned(network, server, chainDB.name+" A", key, secret)
	if reply == nil || reply.IsTsig() == nil {
		t.Fatalf("Signed badly over %s: got %v, %v", network, reply, err)
	}
	if reply.Rcode != dns.RcodeNotAuth || reply.IsTsig().Error != reason || len(reply.Answer) > 0 {
		t.Errorf("Signed badly over %s: got %q and the error %d, want NOTAUTH and %d",
			network, harness.Text(reply), reply.IsTsig().Error, reason)
	}
}

func TestSignaturesCanBeAskedForByType(t *testing.T) {
	t.Parallel()
	zone := filepath.Join(t.TempDir(), "cluster.local")
	if err := os.WriteFile(zone, []byte(zoneBehind), 0o600); err != nil {
		t.Fatal(err)
	}
	server := startBlocks(t, block("cluster.local",
		"tsig {\nsecret "+tsigKey+" "+tsigSecret+"\nrequire SRV AXFR\n}",
		headlessOn(onManifests(t, chainDB)), "transfer {\nto *\n}", "file "+zone+" cluster.local"))
	a, srv := chainDB.wants()[0], chainDB.wants()[2]
	check(t, server, a)
	for _, network := range harness.Transports {
		if err := expectEmpty("127.0.0.1", network, server, srv.Question, dns.RcodeRefused); err != nil {
			t.Error(err)
		}
		for _, want := range []harness.Want{a, srv} {
			if err := checkSigned(network, server, want); err != nil {
				t.Error(err)
			}
		}
	}
	if err := expectEmpty("127.0.0.1", "tcp", server, "cluster.local. AXFR", dns.RcodeRefused); err != nil {
		t.Error(err)
	}
	if records, err := transferSigned(server, "cluster.local."); err != nil || len(records) == 0 {
		t.Errorf("Signed: got %d records and the error %v", len(records), err)
	}
}

// transferSigned asks for a whole zone and verifies the signatures.
func transferSigned(server *harness.CoreDNS, zone string) ([]dns.RR, error) {
	query := new(dns.Msg).SetAxfr(zone)
	query.SetTsig(tsigKey, dns.HmacSHA256, 300, time.Now().Unix())
	transfer := &dns.Transfer{TsigSecret: map[string]string{tsigKey: tsigSecret}, ReadTimeout: harness.Patience}
	envelopes, err := transfer.In(query, server.Address)
	if err != nil {
		return nil, err
	}
	var records []dns.RR
	for envelope := range envelopes {
		if envelope.Error != nil {
			return nil, envelope.Error
		}
		records = append(records, envelope.RR...)
	}
	return records, nil
}

// checkSigned is harness.Check with a signature.
func checkSigned(network string, server *harness.CoreDNS, want harness.Want) error {
	reply, err := askSigned(network, server, want.Question, tsigKey, tsigSecret)
	if err == nil && reply.IsTsig() == nil {
		err = errors.New("the answer is not signed")
	}
	if err == nil {
		// The signature, which is the last record, was verified when it was read.
		reply.Extra = reply.Extra[:len(reply.Extra)-1]
		err = want.Compare(reply)
	}
	if err != nil {
		return fmt.Errorf("signed: %s over %s: %w", want.Question, network, err)
	}
	return nil
}

// askSigned asks with a signature and verifies that of the reply.
func askSigned(network string, server *harness.CoreDNS, question, key, secret string) (*dns.Msg, error) {
	query, err := harness.Query(question)
	if err != nil {
		return nil, err
	}
	query.SetTsig(key, dns.HmacSHA256, 300, time.Now().Unix())
	client := &dns.Client{Net: network, Timeout: harness.Patience, TsigSecret: map[string]string{key: secret}}
	reply, _, err := client.Exchange(query, server.Address)
	return reply, err
}

// CoreDNS cuts no reply that is signed, so headless leaves room for the signature. A client that reads no more than it
// said cannot read a longer one.
func TestSignedAnswersOverUDPAreNoLongerThanTheClientTakes(t *testing.T) {
	t.Parallel()
	many := manyEndpoints()
	server := startBlocks(t, block("cluster.local", "tsig {\nsecret "+tsigKey+" "+tsigSecret+"\n}", headlessOn(onManifests(t, many))))
	client := &dns.Client{Net: "udp", TsigSecret: map[string]string{tsigKey: tsigSecret}, Timeout: harness.Patience}
	for _, question := range []string{many.name + " A", "_mysql._tcp." + many.name + " SRV"} {
		for _, size := range []uint16{0, 512, 1232, 4096} {
			query, err := harness.Query(question)
			if err != nil {
				t.Fatal(err)
			}
			if query.Extra = nil; size > 0 {
				query.SetEdns0(size, false)
			}
			query.SetTsig(tsigKey, dns.HmacSHA512, 300, time.Now().Unix())
			reply, _, err := client.Exchange(query, server.Address)
			if err != nil {
				t.Errorf("%s for %d octets: %v", question, size, err)
			} else if len(reply.Answer) < int(size)/200 {
				t.Errorf("%s for %d octets has %d records", question, size, len(reply.Answer))
			}
		}
	}
}
