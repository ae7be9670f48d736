package e2e

import (
	"maps"
	"slices"
	"testing"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// They do not run beside others, for the log of the API server does not tell one CoreDNS from another.

func TestAPolicyChangedByAReloadListsNothingAgain(t *testing.T) {
	db, pods := createDB(t, "", 3)
	with := func(limit string) string {
		return reloading("policy x {\norder ordinal\n" + limit + "\n}\napply x " + db.Namespace + "/*")
	}
	server := cluster.StartCoreDNS(t, harness.CoreDNSOptions{Binary: corednsBinary, Corefile: with("limit 1")})
	expectSet(t, server, "the policy is used", db, pods[0])

	before := requests(t)
	prober := harness.StartProber(t, server.Address, serviceName(db)+" A")
	server.ChangeCorefile(t, with("limit 2"))
	expectSet(t, server, "the changed policy is used", db, pods[:2]...)
	samples := answered(prober.Stop())
	if sent := requests(t)[len(before):]; len(sent) > 0 {
		t.Errorf("The API server was asked again: %v", sent)
	}
	for _, sample := range samples {
		if n := len(sample.Addresses); sample.Err != nil || n < 1 || n > 2 {
			t.Errorf("An answer is by neither policy: %s: %v", sample, sample.Err)
		}
	}
	setReady(t, db, "db-0", "false")
	expectSet(t, server, "what changes after the reload is answered", db, pods[1:]...)
}

// What is watched belongs to what sources are told apart by: the one of the new Corefile begins anew, and the old one
// serves until the labels are there.
func TestAPolicyThatNamesANewLabelIsReloadedWithoutAnAnswerThatLacksIt(t *testing.T) {
	db, pods := createDB(t, "", 3)
	setLabel(t, db, "db-1", "role", "primary")
	with := func(step string) string {
		return reloading("policy x {\n" + step + "\n}\napply x " + db.Namespace + "/*")
	}
	server := cluster.StartCoreDNS(t, harness.CoreDNSOptions{Binary: corednsBinary, Corefile: with("keep serving")})
	expectSet(t, server, "the policy is used", db, pods...)

	before := requests(t)
	prober := harness.StartProber(t, server.Address, serviceName(db)+" A")
	server.ChangeCorefile(t, with("keep labels['role'] == 'primary'"))
	expectSet(t, server, "the policy with the label is used", db, pods[1])
	samples := answered(prober.Stop())
	asked := map[string]string{}
	for _, request := range requests(t)[len(before):] {
		asked[request.Resource] = request.Query.Get("labelSelector")
	}
	if want := map[string]string{"pods": "role"}; !maps.Equal(asked, want) {
		t.Errorf("It asked for %v, want %v", asked, want)
	}
	for _, sample := range samples {
		if n := len(sample.Addresses); sample.Err != nil || n != 3 && !slices.Equal(sample.Addresses, pods[1:2]) {
			t.Errorf("An answer is by neither policy: %s: %v", sample, sample.Err)
		}
	}
	t.Logf("%d answers in a reload with a new label", len(samples))
}
