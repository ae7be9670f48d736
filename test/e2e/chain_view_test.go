package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/headless-dns/headless/test/e2e/harness"
)

func TestEachViewHasItsOwnHeadless(t *testing.T) {
	t.Parallel()
	metrics, source := harness.FreeAddress(t), onManifests(t, chainDB)
	inside := service{name: chainDB.name, endpoints: []endpoint{{"db-0", "10.6.0.1"}}}
	server := startBlocks(t,
		block("cluster.local", "view inside {\nexpr incidr(client_ip(), '127.0.5.0/24')\n}",
			"prometheus "+metrics, headlessOn(onManifests(t, inside))),
		block("cluster.local", "view short {\nexpr client_ip() == '127.0.6.1'\n}",
			"prometheus "+metrics, "headless {\nttl 7\n"+source+"\n}"),
		block("cluster.local", "prometheus "+metrics, headlessOn(source)))

	answers := withoutReverse(chainDB.wants())
	if err := checkFrom("127.0.5.9", server, withoutReverse(inside.wants())...); err != nil {
		t.Errorf("In the first view: %v", err)
	}
	if err := checkFrom("127.0.6.1", server, withTTL7(answers)...); err != nil {
		t.Errorf("In the second view: %v", err)
	}
	check(t, server, answers...)
	for view, want := range map[string]int{"inside": len(inside.wants()) - 1, "short": len(answers), "": len(answers)} {
		got := metric(t, metrics, "coredns_dns_responses_total", `zone="cluster.local."`, `view="`+view+`"`, `rcode="NOERROR"`)
		if got != float64(want*len(harness.Transports)) {
			t.Errorf("%v answers were counted in the view %q, want %d", got, view, want*len(harness.Transports))
		}
	}
}

// withTTL7 are the same answers with another time to live.
func withTTL7(wants []harness.Want) []harness.Want {
	shorter := slices.Clone(wants)
	for i, want := range shorter {
		shorter[i].Answer, shorter[i].Extra = nil, nil
		for _, record := range want.Answer {
			shorter[i].Answer = append(shorter[i].Answer, strings.Replace(record, " 30 ", " 7 ", 1))
		}
		for _, record := range want.Extra {
			shorter[i].Extra = append(shorter[i].Extra, strings.Replace(record, " 30 ", " 7 ", 1))
		}
	}
	return shorter
}
