package policy

import (
	"fmt"
	"strings"
	"testing"
)

// sequences are all ways to take k of the numbers 0 to n-1, one after the other.
func sequences(n, k int) []string {
	all := []string{""}
	for range k {
		var longer []string
		for _, sequence := range all {
			for i := range n {
				if next := string(rune('a' + i)); !strings.Contains(sequence, next) {
					longer = append(longer, sequence+next)
				}
			}
		}
		all = longer
	}
	return all
}

// sequence names what was taken as sequences does.
func sequence(numbers []int32) string {
	name := make([]byte, len(numbers))
	for i, n := range numbers {
		name[i] = 'a' + byte(n)
	}
	return string(name)
}

func TestEveryShuffleIsEquallyLikely(t *testing.T) {
	for _, c := range []struct{ k, n int }{{2, 2}, {4, 4}, {5, 5}, {1, 8}, {2, 8}, {3, 6}} {
		all := sequences(c.n, c.k)
		runs := 500 * len(all)
		view := podsView(c.n)
		first, applied := map[string]int{}, map[string]int{}
		for range runs {
			first[sequence(firstOf(shuffle{}, c.k, view))]++
			ranks, _ := shuffle{}.Apply(start(view.Endpoints), view)
			applied[sequence(ranks[0][:c.k])]++
		}
		checkChances(t, fmt.Sprintf("first %d of %d", c.k, c.n), first, evenly(runs, all...))
		checkChances(t, fmt.Sprintf("first %d of all of %d", c.k, c.n), applied, evenly(runs, all...))
	}
}

// How often each endpoint came at each place. A shuffle puts each endpoint at one place, so that the squares of the
// differences, times (n-1)/runs, are chi-squared with (n-1)² degrees of freedom, where k is n.
func TestEveryEndpointIsAsLikelyAtEveryPlace(t *testing.T) {
	const n, runs = 40, 20000
	view := podsView(n)
	seen := [n][n]int{}
	for range runs {
		for place, i := range firstOf(shuffle{}, n, view) {
			seen[place][i]++
		}
	}
	statistic := 0.0
	for _, row := range seen {
		for _, times := range row {
			difference := float64(times) - runs/n
			statistic += difference * difference * (n - 1) / runs
		}
	}
	if bound := onceInAMillion((n - 1) * (n - 1)); statistic > bound {
		t.Errorf("The chi-square is %.0f, above %.0f", statistic, bound)
	}
}

func TestAShortShuffleOfManyTakesEachAsOftenAtEachPlace(t *testing.T) {
	const n, k, runs = 1000, 5, 20000
	view := podsView(n)
	var all []int32
	var seen [k]map[int32]int
	for i := range int32(n) {
		all = append(all, i)
	}
	for place := range seen {
		seen[place] = map[int32]int{}
	}
	for range runs {
		for place, i := range firstOf(shuffle{}, k, view) {
			seen[place][i]++
		}
	}
	for place := range seen {
		checkChances(t, fmt.Sprintf("place %d", place), seen[place], evenly(runs, all...))
	}
}

// The deck is kept for the next shuffle, of any length: what one exchanged must not be seen by another.
func TestAShuffleLeavesTheDeckAsItWas(t *testing.T) {
	for _, n := range []int{5, 100, 3, 50, 100, 1} {
		view := podsView(n)
		for k := range n + 1 {
			if taken := firstOf(shuffle{}, k, view); len(taken) != k || !distinct(taken) {
				t.Fatalf("The first %d of %d are %v", k, n, taken)
			}
		}
		d := decks.Get().(*deck)
		for i, number := range d.numbers {
			if int(number) != i {
				t.Fatalf("After shuffles of %d there is %d at place %d of the deck", n, number, i)
			}
		}
		decks.Put(d)
	}
}

func distinct(numbers []int32) bool {
	seen := map[int32]bool{}
	for _, n := range numbers {
		seen[n] = true
	}
	return len(seen) == len(numbers)
}
