package e2e

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/headless-dns/headless/test/e2e/harness"
)

func TestSeveralZonesHaveTheSameNamesAndAddressesPointToTheFirst(t *testing.T) {
	t.Parallel()
	server := startBlocks(t, block(".", headlessFor("in-addr.arpa cluster.local example.org", onManifests(t, chainDB))))
	check(t, server, chainDB.wants()...)
	other := "db.default.svc.example.org."
	check(t, server, withoutReverse(renamed(other).wants())...)
	check(t, server, denied("none."+other+" A", "none."+chainDB.name+" A", "1.9.9.10.in-addr.arpa. PTR")...)
	for _, zone := range []string{"cluster.local.", "example.org."} {
		check(t, server, harness.Want{
			Question: "dns-version." + zone + " TXT", Answer: []string{"dns-version." + zone + ` 28800 IN TXT "1.1.0"`},
		})
	}
}

func TestOfReverseZonesGivenAsNetworksOnlyTheAddressesInThemAreAnswered(t *testing.T) {
	t.Parallel()
	inside := service{name: "in.default.svc.cluster.local.", endpoints: []endpoint{
		{"first4", "10.100.0.0"}, {"last4", "10.103.255.255"},
		{"first6", "fd00:10:244::"}, {"last6", "fd00:10:244:ffff:ffff:ffff:ffff:ffff"},
	}}
	outside := service{name: "out.default.svc.cluster.local.", endpoints: []endpoint{
		{"before4", "10.99.255.255"}, {"after4", "10.104.0.0"},
		{"before6", "fd00:10:243:ffff:ffff:ffff:ffff:ffff"}, {"after6", "fd00:10:245::"},
	}}
	const networks = "10.100.0.0/14 fd00:10:244::/48"
	source := onManifests(t, inside, outside)
	elsewhere := harness.FreeAddress(t)
	port := ":" + portOf(t, elsewhere)
	server := startBlocks(t,
		block(".", headlessFor("cluster.local "+networks, source), `template IN PTR in-addr.arpa ip6.arpa {
			answer "{{ .Name }} 30 IN PTR outside.example.org."
		}`),
		// The zones of a server block can be given so too.
		block("cluster.local"+port+" "+strings.ReplaceAll(networks, " ", port+" ")+port, headlessOn(source)))
	for _, address := range []string{server.Address, elsewhere} {
		if err := harness.Check(address, append(inside.wants(), withoutReverse(outside.wants())...)...); err != nil {
			t.Error(err)
		}
	}
	for _, e := range outside.endpoints {
		reverse, _ := dns.ReverseAddr(e.address)
		check(t, server, harness.Want{Question: reverse + " PTR", Answer: []string{reverse + " 30 IN PTR outside.example.org."}})
		if err := expectRefused(elsewhere, reverse+" PTR"); err != nil {
			t.Error(err)
		}
	}
}

func TestServerBlocksHaveSourcesOfTheirOwn(t *testing.T) {
	t.Parallel()
	namespace := cluster.NewNamespace(t)
	live := service{name: "live." + namespace + ".svc.cluster.local.", endpoints: []endpoint{{"db-0", "198.18.2.11"}}}
	cluster.Create(t, live.objects()...)
	harness.Eventually(t, "the service is known", func() error { return harness.Check(shared.Address, live.wants()...) })
	kept := service{name: "kept." + namespace + ".svc.example.org.", endpoints: []endpoint{{"db-0", "198.18.2.12"}}}
	third := service{name: "third." + namespace + ".svc.example.net.", endpoints: []endpoint{{"db-0", "198.18.2.11"}}}
	elsewhere := harness.FreeAddress(t)
	port := ":" + portOf(t, elsewhere)
	server := startBlocks(t,
		block("cluster.local in-addr.arpa", headlessOn(fromKubeconfig)),
		block("example.org", headlessOn(onManifests(t, kept))),
		block("example.net"+port+" in-addr.arpa"+port, headlessOn(onManifests(t, third))))

	check(t, server, live.wants()...)
	check(t, server, withoutReverse(kept.wants())...)
	// The same address is another service's there.
	if err := harness.Check(elsewhere, third.wants()...); err != nil {
		t.Error(err)
	}
	// No block knows the services of another.
	check(t, server, denied("kept."+namespace+".svc.cluster.local. A", "live."+namespace+".svc.example.org. A",
		"12.2.18.198.in-addr.arpa. PTR")...)
	if err := harness.Check(elsewhere, denied("live."+namespace+".svc.example.net. A")...); err != nil {
		t.Error(err)
	}
	for address, question := range map[string]string{elsewhere: live.name + " A", server.Address: third.name + " A"} {
		if err := expectRefused(address, question); err != nil {
			t.Error(err)
		}
	}
}

func portOf(t *testing.T, address string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// expectRefused wants the answer to names of zones that the server does not serve.
func expectRefused(address, question string) error {
	for _, network := range harness.Transports {
		reply, err := harness.Ask(network, address, question)
		if err != nil {
			return err
		}
		if text := harness.Text(reply); reply.Rcode != dns.RcodeRefused {
			return fmt.Errorf("%s over %s: got %q, want REFUSED", question, network, strings.Join(text, "; "))
		}
	}
	return nil
}
