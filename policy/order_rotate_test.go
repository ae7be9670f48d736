package policy

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestEachAddressIsEquallyOftenAmongTheFirst(t *testing.T) {
	const cycles = 3
	for _, n := range []int{1, 2, 3, 7, 100} {
		view := podsView(n)
		for k := 1; k <= n; k++ {
			seen := make([]int, n)
			view.Turn = 1<<31 + 12345
			for range cycles * n {
				for _, i := range firstOf(rotate{}, k, view) {
					seen[i]++
				}
				view.Turn++
			}
			for i, times := range seen {
				if times != cycles*k {
					t.Fatalf("Endpoint %d of %d was %d times among the first %d of %d", i, n, times, k, cycles*n)
				}
			}
		}
	}
}

func TestConcurrentQueriesTakeTurnsToo(t *testing.T) {
	const n, workers, each = 7, 8, 7 * 200
	var turn atomic.Uint32
	var seen [n]atomic.Int32
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			view := podsView(n)
			for range each {
				view.Turn = turn.Add(1)
				seen[firstOf(rotate{}, 1, view)[0]].Add(1)
			}
		})
	}
	all.Wait()
	for i := range seen {
		if times := seen[i].Load(); times != workers*each/n {
			t.Errorf("Endpoint %d was first %d times, not %d", i, times, workers*each/n)
		}
	}
}

func TestARotationKeepsTheOrderOtherwise(t *testing.T) {
	view := podsView(5)
	view.Turn = 13
	if got := sequence(firstOf(rotate{}, 4, view)); got != "deab" {
		t.Errorf("Turn 13 of abcde begins with %s", got)
	}
}
