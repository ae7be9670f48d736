package policy

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"testing"
)

// seeded is chance that is the same in each run.
func seeded(seed uint64) func(uint32) uint32 { return rand.New(rand.NewPCG(seed, 1)).Uint32N }

// rounds is how often something is tried: a tenth with -short, as with the race detector, which takes ten times as long
// and sees in the first tenth all that there is.
func rounds(n int) int {
	if testing.Short() {
		return max(1, n/10)
	}
	return n
}

// needsLength skips what is arithmetic alone and says nothing of fewer rounds.
func needsLength(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("with -short there are too few rounds")
	}
}

// checkChances fails where what was observed is not what is expected: Pearson's test, which fails once in a million
// times where it is, by chance. Each outcome must be expected some five times; all others must never come.
func checkChances[T comparable](t *testing.T, what string, observed map[T]int, expected map[T]float64) {
	t.Helper()
	statistic := 0.0
	for outcome, times := range expected {
		difference := float64(observed[outcome]) - times
		statistic += difference * difference / times
	}
	for outcome, times := range observed {
		if expected[outcome] == 0 {
			t.Errorf("%s: %v came %d times, and should never", what, outcome, times)
		}
	}
	if bound := onceInAMillion(len(expected) - 1); statistic > bound {
		t.Errorf("%s: the chi-square of %d outcomes is %.1f, above %.1f", what, len(expected), statistic, bound)
	}
}

// onceInAMillion is what a chi-squared number with so many degrees of freedom is above once in a million times, as
// Wilson and Hilferty approximate it.
func onceInAMillion(degrees int) float64 {
	const deviations = 4.7534
	part := 2 / (9 * float64(degrees))
	return float64(degrees) * math.Pow(1-part+deviations*math.Sqrt(part), 3)
}

// evenly expects so many times in all, each outcome as often as another.
func evenly[T comparable](times int, outcomes ...T) map[T]float64 {
	expected := map[T]float64{}
	for _, outcome := range outcomes {
		expected[outcome] = float64(times) / float64(len(outcomes))
	}
	return expected
}

// podsView is a client and n Pods of a StatefulSet in three zones.
func podsView(n int) *View {
	view := &View{Endpoints: make([]Endpoint, n), Client: clientNumber(0), Random: seeded(1)}
	for i := range view.Endpoints {
		view.Endpoints[i] = Endpoint{
			Address:   netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}),
			Hostname:  fmt.Sprintf("db-%d", i),
			Namespace: "default",
			Pod:       fmt.Sprintf("db-%d", i),
			Zone:      fmt.Sprintf("zone-%d", i%3),
			Node:      fmt.Sprintf("node-%d", i/2),
			Ready:     true,
		}
	}
	return view
}

// clientNumber is one of the clients of a cluster, whose addresses follow one another.
func clientNumber(i int) Client {
	return Client{Address: netip.AddrFrom4([4]byte{10, byte(100 + i>>16), byte(i >> 8), byte(i)})}
}

// firstOf is the first k of all endpoints of the view in an order.
func firstOf(o order, k int, view *View) []int32 {
	return o.first(nil, start(view.Endpoints)[0], k, view)
}
