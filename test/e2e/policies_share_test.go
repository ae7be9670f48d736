package e2e

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// policyCount are the counters of a policy in one mode.
type policyCount struct{ answers, left, withheld int }

func TestAPolicyIsTriedOnNobodyAndThenOnAPartOfTheClients(t *testing.T) {
	t.Parallel()
	watched, _ := createDB(t, "", 3)
	halved, _ := createDB(t, "", 3)
	metrics := harness.FreeAddress(t)
	server := cluster.StartCoreDNS(t, harness.CoreDNSOptions{Binary: corednsBinary, Corefile: block("cluster.local",
		"prometheus "+metrics, headlessOn(fromKubeconfig,
			"policy one-of-three {\nlimit 1\n}\npolicy one-for-some {\nlimit 1\n}",
			"apply one-of-three observe "+watched.Namespace+"/*", "apply one-for-some 50% "+halved.Namespace+"/*"))})
	harness.Eventually(t, "the server is ready", server.Ready)
	if got := policyCounters(t, metrics, "one-of-three", "observed"); got != (policyCount{}) {
		t.Errorf("Before a query it has counted %+v", got)
	}

	const clients = 40
	limited := map[string]bool{}
	for round := range 2 {
		for i, client := range localClients(clients) {
			network := harness.Transports[(i+round)%2]
			all, err := addressesFor(client, network, server, serviceName(watched)+" A")
			if err != nil || len(all) != 3 {
				t.Fatalf("By a policy that is only observed %s gets %v: %v", client, all, err)
			}
			some, err := addressesFor(client, network, server, serviceName(halved)+" A")
			if err != nil || len(some) != 1 && len(some) != 3 {
				t.Fatalf("By a policy for a part of the clients %s gets %v: %v", client, some, err)
			}
			if in := len(some) == 1; round > 0 && in != limited[client.String()] {
				t.Errorf("Client %s is in its part once, and once not", client)
			}
			limited[client.String()] = len(some) == 1
		}
	}
	n := 0
	for _, in := range limited {
		if in {
			n++
		}
	}
	if n == 0 || n == clients { // either once in 2^40 runs, were the addresses not always the same
		t.Errorf("Of %d clients %d are a half", clients, n)
	}
	for policy, want := range map[string]struct{ observed, applied policyCount }{
		"one-of-three": {observed: policyCount{2 * clients, 2 * clients, 4 * clients}},
		"one-for-some": {applied: policyCount{2 * n, 2 * n, 4 * n}},
	} {
		observed, applied := policyCounters(t, metrics, policy, "observed"), policyCounters(t, metrics, policy, "applied")
		if observed != want.observed || applied != want.applied {
			t.Errorf("The policy %q has counted %+v as observed and %+v as applied, want %+v", policy, observed, applied, want)
		}
	}
}

// policyCounters reads counters as Prometheus does.
func policyCounters(t *testing.T, address, policy, mode string) policyCount {
	t.Helper()
	text := metrics(t, address)
	read := func(name, more string) int {
		series := fmt.Sprintf("coredns_headless_policy_%s_total{mode=%q,%spolicy=%q} ", name, mode, more, policy)
		_, after, ok := strings.Cut(text, series)
		value, _, _ := strings.Cut(after, "\n")
		n, err := strconv.Atoi(value)
		if !ok || err != nil {
			t.Fatalf("There is no number for %s", series)
		}
		return n
	}
	return policyCount{read("answers", ""), read("endpoints", `outcome="left",`), read("endpoints", `outcome="withheld",`)}
}
