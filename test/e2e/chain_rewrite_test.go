package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// rewrittenTo is where the rules of these tests rewrite names to, and back from.
const rewrittenTo = `^(.*)\.default\.svc\.cluster\.local\.$`

func TestANameRewrittenToAHeadlessOneIsAnsweredAsTheOneAskedFor(t *testing.T) {
	t.Parallel()
	const byRegex = `rewrite name regex ^(.*)\.of\.([a-z]+)\.example\.org\.$ {1}.{2}.svc.cluster.local. ` +
		`answer name ` + rewrittenTo + ` {1}.of.default.example.org. value ` + rewrittenTo + ` {1}.of.default.example.org.`
	server := startBlocks(t, block(".",
		`rewrite name exact db.example.org. db.default.svc.cluster.local.`,
		`rewrite name suffix .data.example.org. .default.svc.cluster.local. answer auto`,
		byRegex,
		headlessFor("cluster.local", onManifests(t, chainDB))))

	// The targets of SRV records are rewritten too: a client that knows the one name can follow them.
	for _, name := range []string{"db.data.example.org.", "db.of.default.example.org."} {
		check(t, server, withoutReverse(renamed(name).wants())...)
		check(t, server, denied("none."+name+" A", "none."+name+" SRV")...)
	}
	exact := renamed("db.example.org.").wants()
	check(t, server, exact[0], exact[1], exact[3]) // the service's own A, AAAA and SRV: the rule is for one name
	// The name itself is answered as before.
	check(t, server, withoutReverse(chainDB.wants())...)
}

// renamed is the service by another name.
func renamed(name string) service { return service{name: name, endpoints: chainDB.endpoints} }

func withoutReverse(wants []harness.Want) []harness.Want {
	return slices.DeleteFunc(wants, func(w harness.Want) bool { return strings.HasSuffix(w.Question, " PTR") })
}

func TestANameOfAHeadlessServiceCanBeRewrittenAway(t *testing.T) {
	t.Parallel()
	other := service{name: "other.default.svc.cluster.local.", endpoints: []endpoint{{"other-0", "10.9.0.1"}}}
	server := startBlocks(t, block(".",
		`rewrite name exact db-0.db.default.svc.cluster.local. primary.example.org.`,
		`rewrite name exact db-1.db.default.svc.cluster.local. other-0.other.default.svc.cluster.local.`,
		`template IN A example.org {
			answer "{{ .Name }} 30 IN A 192.0.2.53"
		}`,
		headlessFor("cluster.local", onManifests(t, chainDB, other))))
	check(t, server,
		addressWant("db-0."+chainDB.name, "192.0.2.53"), // by the plugin behind
		addressWant("db-1."+chainDB.name, "10.9.0.1"),   // by headless, for another name
		addressWant("db-2."+chainDB.name, "10.3.0.1"),   // not rewritten
		chainDB.wants()[0])
}

func TestReverseNamesAndWhatTheyPointToAreRewritten(t *testing.T) {
	t.Parallel()
	server := startBlocks(t, block(".",
		`rewrite stop {
			name exact 1.2.0.192.in-addr.arpa. 1.0.1.10.in-addr.arpa.
			answer value `+rewrittenTo+` {1}.data.example.org.
		}`,
		headlessFor("cluster.local in-addr.arpa", onManifests(t, chainDB))))
	check(t, server,
		harness.Want{
			Question: "1.2.0.192.in-addr.arpa. PTR",
			Answer:   []string{"1.2.0.192.in-addr.arpa. 30 IN PTR db-0.db.data.example.org."},
		},
		harness.Want{
			Question: "1.0.1.10.in-addr.arpa. PTR",
			Answer:   []string{"1.0.1.10.in-addr.arpa. 30 IN PTR db-0." + chainDB.name},
		})
}
