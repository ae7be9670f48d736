package policy

import (
	"fmt"
	"reflect"
	"testing"
)

func TestKeepLeavesTheOthersOut(t *testing.T) {
	endpoints := at("n1/a", "n2/b", "n3/a", "n4/c")
	for _, c := range []struct {
		line, want string
		in         Ranks
	}{
		{"keep zone == 'a'", "0 2", start(endpoints)},
		{"keep zone != 'a'", "1 3", start(endpoints)},
		{"keep zone == 'a'", "2 | 0", Ranks{{1, 2}, {0, 3}}},
		{"keep zone == 'c'", "3", Ranks{{0, 1}, {2, 3}}},
		{"keep zone == 'd'", "", start(endpoints)},
		{"keep true", "0 | 1", Ranks{{0}, {1}}},
		{"keep false", "", nil},
	} {
		out, reason := compiled(t, c.line).Apply(c.in, viewFor(endpoints, Place{}, Settings{Min: 4}))
		if got := written(out); got != c.want || reason != "" {
			t.Errorf("Expected '%s' to leave %q of %q, but got %q (%s)", c.line, c.want, written(c.in), got, reason)
		}
	}
}

// narrowing is a random world together with an expression that holds for some of its endpoints.
func narrowing(seed uint64) (about *View, in Ranks, expression string) {
	d := roll(seed)
	w := d.world(20)
	settings := d.settings(false)
	about = &View{Endpoints: w.endpoints, Client: w.clients[0], Settings: &settings}
	expression = d.oneOf(
		"ready", "zone == 'a'", "zone == client.zone", "labels['tier'] == client.labels['tier']",
		"ordinal % 2 == 0", "port_names[0] == 'http'", "node_ready and not terminating", "false",
		"client.node in ['n1', 'n2'] ? node == client.node : zone == client.zone",
	)
	return about, d.ranks(len(w.endpoints)), expression
}

func TestWhatIsKeptIsKeptAgainAndTheInputStaysAsItIs(t *testing.T) {
	for seed := range uint64(2_000) {
		about, in, expression := narrowing(seed)
		for _, kind := range []Kind{keepKind, preferKind} {
			step := compiled(t, kind.Name()+" "+expression)
			before := written(in)
			once, reason := step.Apply(in, about)
			again, _ := step.Apply(once, about)
			switch {
			case written(in) != before:
				t.Fatalf("Expected seed %d to leave the input %q, but got %q", seed, before, written(in))
			case reason != "" && !reflect.DeepEqual(once, in):
				t.Fatalf("Expected seed %d to skip %q as it is, but got %q", seed, before, written(once))
			case written(again) != written(once):
				t.Fatalf("Expected seed %d to keep %q again, but got %q", seed, written(once), written(again))
			case !subsequence(once, in):
				t.Fatalf("Expected seed %d to keep some of %q, but got %q", seed, before, written(once))
			}
		}
	}
}

// subsequence says whether one has nothing but what the other has, in the same order.
func subsequence(one, other Ranks) bool {
	var left []int32
	for _, rank := range one {
		left = append(left, rank...)
	}
	for _, rank := range other {
		for _, i := range rank {
			if len(left) > 0 && left[0] == i {
				left = left[1:]
			}
		}
	}
	return len(left) == 0
}

func BenchmarkKeep(b *testing.B) {
	benchmarkExpressions(b,
		"keep ready",
		"keep zone == client.zone",
		"keep labels['role'] == 'primary' and zone in ['a', 'b']",
		"keep incidr(address, '10.0.0.0/16') and ordinal % 2 == 0",
		"keep node matches '^n[0-9]+0$'",
	)
}

// benchmarkExpressions measures what each line costs where nothing is remembered of it.
func benchmarkExpressions(b *testing.B, lines ...string) {
	b.Helper()
	for _, line := range lines {
		for _, n := range []int{3, 100, 1_000, 10_000} {
			b.Run(fmt.Sprintf("%s/%d", line, n), func(b *testing.B) {
				endpoints := someEndpoints(n)
				step, in := compiled(b, line), start(endpoints)
				view := viewFor(endpoints, Place{Node: "n1", Zone: "b", Region: "r"}, Settings{})
				w, weighs := step.(weigher)
				b.ReportAllocs()
				for b.Loop() {
					if weighs {
						w.weights(in, view)
					} else {
						step.Apply(in, view)
					}
				}
			})
		}
	}
}

// someEndpoints have all that the benchmarked lines read.
func someEndpoints(n int) []Endpoint {
	places := make([]string, n)
	for i := range places {
		places[i] = fmt.Sprintf("n%d/%c/r", i, 'a'+i%3)
	}
	endpoints := at(places...)
	for i := range endpoints {
		e := &endpoints[i]
		e.NodeReady = i%10 != 0
		e.Labels = map[string]string{"role": []string{"primary", "replica"}[i%2]}
		e.Annotations = map[string]string{"weight": fmt.Sprint(i % 5)}
	}
	return endpoints
}
