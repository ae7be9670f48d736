package e2e

import (
	"testing"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// anyAddress is a plugin that answers every question for an address.
const anyAddress = `template IN A {
	answer "{{ .Name }} 30 IN A 192.0.2.80"
}`

func TestATemplateIsReachedByWhatFallsThroughOnly(t *testing.T) {
	t.Parallel()
	down := service{name: "down.default.svc.cluster.local."}
	source := onManifests(t, chainDB, down)
	server := startBlocks(t,
		block("cluster.local", anyAddress, headlessOn(source, "fallthrough")),
		block("example.org", anyAddress, headlessOn(source)))

	names := []string{"static.cluster.local.", "none.default.svc.cluster.local.", "db-0.none.default.svc.cluster.local."}
	for _, name := range names {
		check(t, server, addressWant(name, "192.0.2.80"))
	}
	// A headless service and all names below it are no other plugin's, whether or not they exist.
	check(t, server, withoutReverse(chainDB.wants())...)
	check(t, server, denied(
		"none."+chainDB.name+" A", "a.db-0."+chainDB.name+" A", "_none._tcp."+chainDB.name+" A", down.name+" A", "db-0."+down.name+" A")...)
	// The names that a zone has in any case are not asked for elsewhere.
	check(t, server, harness.Want{Question: "default.svc.cluster.local. A"}, harness.Want{Question: "cluster.local. A"})

	// Without fallthrough headless is the whole zone.
	check(t, server, denied("static.example.org. A", "none.default.svc.example.org. A", "db-0.none.default.svc.example.org. A")...)
	check(t, server, withoutReverse(renamed("db.default.svc.example.org.").wants())...)
}
