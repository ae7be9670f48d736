package e2e

import (
	"testing"

	"github.com/headless-dns/headless/test/e2e/harness"
)

func TestQuestionsOfTypeAnyAreAnsweredByThePluginForThem(t *testing.T) {
	t.Parallel()
	server := startBlocks(t, block("cluster.local", "any", headlessOn(onManifests(t, chainDB))))
	for _, name := range []string{chainDB.name, "db-0." + chainDB.name, "none." + chainDB.name} {
		for _, network := range harness.Transports {
			reply, err := harness.Ask(network, server.Address, name+" ANY")
			if err != nil {
				t.Fatal(err)
			}
			// RFC 8482, section 4.2. The answer is the plugin's: it is not authoritative.
			want := harness.Want{Answer: []string{name + ` 8482 IN HINFO "ANY obsoleted" "See RFC 8482"`}}
			reply.Authoritative = true
			if err := want.Compare(reply); err != nil {
				t.Errorf("%s over %s: %v", name, network, err)
			}
		}
	}
	check(t, server, withoutReverse(chainDB.wants())...)
}
