package policy

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// longest is a policy with a step of nearly every kind.
const longest = `from serving ready
	keep labels['app'] == 'db'
	prefer labels['role'] != 'draining'
	nearest zone
	rank labels['role'] == 'primary'
	rank not terminating
	weight number(labels['weight'], 10)
	order weighted
	spread node
	limit fit
	min 2
	spare 1
	members same`

// benchmarkedPolicies are whole policies by what stands out in them.
var benchmarkedPolicies = []struct{ name, lines string }{
	{"nearest", "nearest"},
	{"sticky", "order sticky"},
	{"sticky limit 3", "order sticky\nlimit 3"},
	{"rotate", "order rotate"},
	{"ordinal", "order ordinal"},
	{"spread", "spread zone"},
	{"spread sticky", "order sticky\nspread zone"},
	{"weighted", "weight number(labels['weight'], 10)\norder weighted"},
	{"longest", longest},
}

// policyOf compiles a policy whose clients are known by all that there is.
func policyOf(tb testing.TB, lines string) *Policy {
	tb.Helper()
	p, err := compileLines(strings.Split(lines, "\n"))
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// databases are n endpoints, in three zones and two to a node, a tenth of them primaries.
func databases(n int) []Endpoint {
	endpoints := podsView(n).Endpoints
	for i := range endpoints {
		e := &endpoints[i]
		e.Address = address4(i)
		e.Serving, e.NodeReady = true, true
		e.Labels = map[string]string{"app": "db", "weight": fmt.Sprint(1 + i%10)}
		if i%10 == 0 {
			e.Labels["role"] = "primary"
		}
	}
	return endpoints
}

// BenchmarkPipeline measures whole policies that have seen the client before: as many endpoints as a UDP answer of
// 1,232 octets holds.
func BenchmarkPipeline(b *testing.B) {
	for _, p := range benchmarkedPolicies {
		for _, n := range []int{3, 100, 1_000, 10_000} {
			b.Run(fmt.Sprintf("%s/%d", strings.ReplaceAll(p.name, " ", "_"), n), func(b *testing.B) {
				prepared := Prepare(policyOf(b, p.lines), databases(n), nil, NewMemory(32<<20), rand.Uint32N)
				client := Client{Address: address4(1 << 16), Place: Place{Node: "node-0", Zone: "zone-0"}}
				dst := make([]int32, 0, 73)
				b.ReportAllocs()
				for b.Loop() {
					choice := prepared.Choose(&client)
					dst = choice.Pick(dst[:0], 73)
				}
			})
		}
	}
}

// BenchmarkPrepare measures what a change of endpoints costs the first who asks.
func BenchmarkPrepare(b *testing.B) {
	for _, p := range benchmarkedPolicies {
		for _, n := range []int{100, 10_000} {
			b.Run(fmt.Sprintf("%s/%d", strings.ReplaceAll(p.name, " ", "_"), n), func(b *testing.B) {
				policy, endpoints := policyOf(b, p.lines), databases(n)
				b.ReportAllocs()
				for b.Loop() {
					Prepare(policy, endpoints, nil, NewMemory(32<<20), rand.Uint32N)
				}
			})
		}
	}
}
