package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// orderedAnswers is how often the order of an answer is looked at.
const orderedAnswers = 60

// loadbalance puts a preferred network first, in every answer that it sees. Answers of headless are in random order:
// that the preferred of four addresses comes first in all of 60 answers happens once in 4^60 (more than 10^36) runs.
func TestLoadbalanceOrdersWhatFallsThroughAndNoAnswerOfHeadless(t *testing.T) {
	t.Parallel()
	const preferred = "10.7.0.1"
	db := service{name: chainDB.name, endpoints: append([]endpoint{{"db-3", preferred}}, chainDB.endpoints...)}
	hosts := filepath.Join(t.TempDir(), "hosts")
	// In a file the preferred address is the last.
	text := "10.8.0.1 other.cluster.local\n10.8.0.2 other.cluster.local\n" + preferred + " other.cluster.local\n"
	if err := os.WriteFile(hosts, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	server := startBlocks(t, block("cluster.local", "loadbalance {\nprefer 10.7.0.0/16\n}",
		headlessOn(onManifests(t, db), "fallthrough"), "hosts "+hosts+" {\nttl 30\n}"))
	check(t, server, withoutReverse(db.wants())...)

	for _, test := range []struct {
		name   string
		always bool
	}{{db.name, false}, {"other.cluster.local.", true}} {
		first := 0
		for i := range orderedAnswers {
			reply, err := harness.Ask(harness.Transports[i%2], server.Address, test.name+" A")
			if err != nil {
				t.Fatal(err)
			}
			addresses := harness.Addresses(reply)
			if len(addresses) == 0 {
				t.Fatalf("%s: got %q", test.name, harness.Text(reply))
			}
			if addresses[0] == preferred {
				first++
			}
		}
		if always := first == orderedAnswers; always != test.always {
			t.Errorf("%s The preferred address came first in %d of %d answers", test.name, first, orderedAnswers)
		}
	}
}
