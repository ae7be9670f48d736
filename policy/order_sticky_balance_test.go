package policy

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestStickyClientsLoadEndpointsEvenly shows how even the load is when clients each get N endpoints of their own, as
// a table: how many clients an endpoint has on the average, and what the one with the most has, by the average: in
// the middle of 10 populations of clients, in the worst of them, and what it may have. The README has a table of the
// first two.
func TestStickyClientsLoadEndpointsEvenly(t *testing.T) {
	needsLength(t)
	const populations = 10
	readme, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	t.Log("endpoints limit clients    mean   median    worst    bound of max/mean")
	for _, n := range []int{10, 100} {
		for _, limit := range []int{1, 3, 10} {
			row := fmt.Sprintf("| %d | %d |", n, limit)
			for _, clients := range []int{20, 100, 1000, 10000} {
				var most []float64
				mean := float64(clients*limit) / float64(n)
				for population := range populations {
					load := loadOf(n, limit, clients, population*10000)
					most = append(most, float64(slices.Max(load))/mean)
				}
				slices.Sort(most)
				bound := mostOfBinomial(clients, float64(limit)/float64(n), 1e-9) / mean
				t.Logf("%9d %5d %7d %7.1f %8.2f %8.2f %8.2f", n, limit, clients, mean,
					most[populations/2], most[populations-1], bound)
				row += fmt.Sprintf(" %.2f / %.2f |", most[populations/2], most[populations-1])
				if most[populations-1] > bound {
					t.Errorf("%d clients load one of %d endpoints with %.2f times the mean, with a limit of %d",
						clients, n, most[populations-1], limit)
				}
			}
			if !strings.Contains(string(readme), "\n"+row+"\n") {
				t.Errorf("README.md has no row %q", row)
			}
		}
	}
}

// loadOf returns how many clients each endpoint has.
func loadOf(n, limit, clients, firstClient int) []int {
	view := podsView(n)
	view.Hashes = hashAll(sticky{}, view.Endpoints)
	load := make([]int, n)
	for c := range clients {
		view.Client = clientNumber(firstClient + c)
		for _, i := range firstOf(sticky{}, limit, view) {
			load[i]++
		}
	}
	return load
}

// mostOfBinomial returns what the number of successes of n trials is above with less than the probability: by 24 rows
// of 10 populations of 100 endpoints, a probability of 1e-9 is a false alarm in less than one of 10,000 tables.
func mostOfBinomial(n int, success, probability float64) float64 {
	if success == 1 {
		return float64(n)
	}
	above := 0.0
	for k := n; k > 0; k-- {
		whole, _ := math.Lgamma(float64(n + 1))
		chosen, _ := math.Lgamma(float64(k + 1))
		rest, _ := math.Lgamma(float64(n - k + 1))
		above += math.Exp(whole - chosen - rest + float64(k)*math.Log(success) + float64(n-k)*math.Log1p(-success))
		if above > probability {
			return float64(k)
		}
	}
	return 0
}
