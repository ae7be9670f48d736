package e2e

import (
	"testing"

	"github.com/headless-dns/headless/test/e2e/harness"
)

func TestDNS64MakesAddressesForServicesOfIPv4AloneOnly(t *testing.T) {
	t.Parallel()
	both := service{name: "both.default.svc.cluster.local.", endpoints: []endpoint{
		{"both-0", "10.5.0.1"}, {"both-0", "2001:db8::1"}, {"both-1", "10.5.0.2"},
	}}
	server := startBlocks(t, block("cluster.local", "dns64 {\nallow_ipv4\n}", headlessOn(onManifests(t, chainDB, both))))
	expectMade(t, server, chainDB.name, "64:ff9b::10.1.0.1", "64:ff9b::10.2.0.1", "64:ff9b::10.3.0.1")
	expectMade(t, server, "db-0."+chainDB.name, "64:ff9b::10.1.0.1")
	expectMade(t, server, "both-1."+both.name, "64:ff9b::10.5.0.2")
	// Where there is one real address, there is no other.
	check(t, server, both.wants()[1], both.endpoint(both.endpoints[1]), chainDB.wants()[0])
	check(t, server, denied("none."+chainDB.name+" AAAA", "none.default.svc.cluster.local. AAAA")...)
}

// expectMade wants addresses that dns64 has made. Its answers are not authoritative.
func expectMade(t *testing.T, server *harness.CoreDNS, name string, addresses ...string) {
	t.Helper()
	want := harness.Want{Question: name + " AAAA"}
	for _, address := range addresses {
		want.Answer = append(want.Answer, name+" 30 IN AAAA "+address)
	}
	for _, network := range harness.Transports {
		reply, err := harness.Ask(network, server.Address, want.Question)
		if err != nil {
			t.Fatal(err)
		}
		if reply.Authoritative {
			t.Errorf("%s over %s: dns64 has left the answer as it was", want.Question, network)
		}
		reply.Authoritative = true
		if err := want.Compare(reply); err != nil {
			t.Errorf("%s over %s: %v", want.Question, network, err)
		}
	}
}
