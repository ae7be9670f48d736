package policy

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
)

// The laws hold for every registered kind of steps, and for each one that will be: they run over the table. A kind is
// tried with its example and, where one line does not show all, with the lines below.
var moreLines = []string{
	"from ready", "from serving", "from all ready", "from serving all",
	"nearest", "nearest zone", "nearest region node",
	"rank zone", "rank node zone region",
	"order shuffle", "order rotate", "order sticky", "order ordinal", "order address", "order weighted",
	"spread zone", "spread node", "limit 1", "limit fit",
}

// mayLeaveNothing are the kinds that may leave nothing of something. Whatever else narrows is soft.
var mayLeaveNothing = map[string]bool{"from": true, "keep": true}

// leavesAll are the kinds that leave each endpoint in.
var leavesAll = map[string]bool{"rank": true, "weight": true, "order": true, "spread": true}

// trial is a step in a random world, and what came of it.
type trial struct {
	name, line string
	step       Step
	seed       uint64 // of all below
	clients    []Client
	view       *View // without chance: each time that the step is applied it has the same
	in, out    Ranks
	skipped    string
}

// newTrial makes a world; out and skipped are left to do.
func newTrial(seed uint64, line string, step Step) *trial {
	d := roll(seed)
	w := d.world(12)
	settings := d.settings(true)
	name, _, _ := strings.Cut(line, " ")
	return &trial{
		name: name, line: line, step: step, seed: seed, clients: w.clients,
		view: &View{
			Endpoints: w.endpoints, Client: w.clients[0], Turn: d.Uint32(), Settings: &settings, Nodes: w.nodes,
			Weights: d.weights(len(w.endpoints)),
		},
		in: d.ranks(len(w.endpoints)),
	}
}

// apply applies the step with the chance of a seed.
func (c *trial) apply(in Ranks, client Client, seed uint64) (Ranks, string) {
	view := *c.view
	view.Client, view.Random = client, roll(seed).Uint32N
	return c.step.Apply(in, &view)
}

func (c *trial) String() string {
	text := fmt.Sprintf("'%s' for %+v with %+v, nodes %v, which makes %q of %q (%s)", c.line, c.view.Client,
		*c.view.Settings, c.view.Nodes, written(c.out), written(c.in), c.skipped)
	for i := range c.view.Endpoints {
		text += fmt.Sprintf("\n%d: %+v", i, c.view.Endpoints[i])
	}
	return text
}

// forAllSteps tries all kinds in many random worlds each. A law returns what breaks it, or nothing.
func forAllSteps(t *testing.T, law func(c *trial) string) {
	t.Helper()
	worlds := rounds(400)
	for _, kind := range Kinds() {
		lines := []string{kind.Example}
		for _, line := range moreLines {
			if name, _, _ := strings.Cut(line, " "); name == kind.Name() && line != kind.Example {
				lines = append(lines, line)
			}
		}
		for _, line := range lines {
			step := compiled(t, line)
			for seed := range uint64(worlds) {
				c := newTrial(seed, line, step)
				c.out, c.skipped = c.apply(c.in, c.view.Client, seed)
				if broken := law(c); broken != "" {
					t.Errorf("Broken, for %s: %s", broken, c)
					break
				}
			}
		}
	}
}

// same says whether ranks are the same.
func same(a, b Ranks) bool { return slices.EqualFunc(a, b, slices.Equal) }

func TestAKindHasAnExampleThatIsRightAndNamesIt(t *testing.T) {
	for _, kind := range Kinds() {
		compiled(t, kind.Example)
		if name, _, _ := strings.Cut(kind.Example, " "); name != kind.Name() {
			t.Errorf("Expected the example of '%s' to be of that kind, but it is '%s'", kind.Usage, kind.Example)
		}
	}
}

func TestAStepLeavesSomeOfWhatItIsGivenAndAddsNothing(t *testing.T) {
	forAllSteps(t, func(c *trial) string {
		given := slices.Concat(c.in...)
		for _, i := range slices.Concat(c.out...) {
			at := slices.Index(given, i)
			if at < 0 {
				return fmt.Sprintf("%d was not there, or is there twice", i)
			}
			given = slices.Delete(given, at, at+1)
		}
		if leavesAll[c.name] && len(given) > 0 {
			return fmt.Sprintf("%v are gone", given)
		}
		return ""
	})
}

func TestASoftStepLeavesSomethingOfSomething(t *testing.T) {
	forAllSteps(t, func(c *trial) string {
		if len(c.in) > 0 && len(c.out) == 0 && !mayLeaveNothing[c.name] {
			return "nothing is left"
		}
		return ""
	})
}

func TestNoRankIsEmptyAndNumbersAscendUntilTheyAreOrdered(t *testing.T) {
	forAllSteps(t, func(c *trial) string {
		_, ends := c.step.(tailStep)
		for _, rank := range c.out {
			if len(rank) == 0 || !ends && !slices.IsSorted(rank) {
				return fmt.Sprintf("%v is such a rank", rank)
			}
		}
		return ""
	})
}

func TestAStepThatIsSkippedReturnsWhatItIsGiven(t *testing.T) {
	forAllSteps(t, func(c *trial) string {
		if c.skipped != "" && !same(c.in, c.out) {
			return "it was skipped"
		}
		return ""
	})
}

func TestAStepTouchesNothingOfWhatItIsGiven(t *testing.T) {
	forAllSteps(t, func(c *trial) string {
		fresh := newTrial(c.seed, c.line, c.step)
		if !reflect.DeepEqual(fresh.view, c.view) || !reflect.DeepEqual(fresh.in, c.in) {
			return "it was: " + fresh.String()
		}
		return ""
	})
}

func TestAStepDoesTheSameForTheSameChanceAndClient(t *testing.T) {
	forAllSteps(t, func(c *trial) string {
		if out, skipped := c.apply(c.in, c.view.Client, c.seed); !same(out, c.out) || skipped != c.skipped {
			return fmt.Sprintf("at first it made %q (%s)", written(out), skipped)
		}
		return ""
	})
}

func TestAStepLooksAtNoMoreThanItSays(t *testing.T) {
	forAllSteps(t, func(c *trial) string {
		for n, client := range c.clients {
			switch c.step.Depends() {
			case OnEndpoints:
			case OnPlace:
				client.Place = c.view.Client.Place
			case OnClient:
				client = c.view.Client
			case OnQuery:
				return ""
			}
			if out, skipped := c.apply(c.in, client, uint64(n)); !same(out, c.out) || skipped != c.skipped {
				return fmt.Sprintf("it makes %q (%s) for %+v", written(out), skipped, client)
			}
		}
		return ""
	})
}

func TestPlacesThatCompareAlikeHaveTheSameOutcome(t *testing.T) {
	forAllSteps(t, func(c *trial) string {
		if _, compares := c.step.(placeComparer); !compares {
			return ""
		}
		alike := classesOf(c.view.Endpoints).of(c.view.Client.Place)
		if out, _ := c.apply(c.in, Client{Place: alike}, c.seed); !same(out, c.out) {
			return fmt.Sprintf("it makes %q for %+v", written(out), alike)
		}
		return ""
	})
}

// Shares of a smaller whole are larger, and so a group that was overloaded may not be any more: with overload nothing
// is said. What uses chance is another each time, but for the order that is a client's own.
func TestAStepThatIsDoneTwiceIsDoneOnce(t *testing.T) {
	forAllSteps(t, func(c *trial) string {
		chance := c.step.Depends() == OnQuery && (c.line != "order sticky" || c.view.Client.Shared)
		if chance || c.view.Settings.Overload > 0 {
			return ""
		}
		if out, _ := c.apply(c.out, c.view.Client, c.seed); !same(out, c.out) {
			return fmt.Sprintf("again it makes %q", written(out))
		}
		return ""
	})
}

func TestAStepIsForSeveralGoroutinesAtOnce(t *testing.T) {
	forAllSteps(t, func(c *trial) string {
		if c.seed >= 20 { // the race detector needs few
			return ""
		}
		outs := make([]Ranks, 4)
		var all sync.WaitGroup
		for n := range outs {
			all.Go(func() { outs[n], _ = c.apply(c.in, c.view.Client, c.seed) })
		}
		all.Wait()
		for _, out := range outs {
			if !same(out, c.out) {
				return fmt.Sprintf("at the same time it makes %q", written(out))
			}
		}
		return ""
	})
}

func TestWeightsAreFiniteAndNotNegative(t *testing.T) {
	forAllSteps(t, func(c *trial) string {
		w, ok := c.step.(weigher)
		if !ok {
			return ""
		}
		for i, weight := range w.weights(c.in, c.view) {
			if !(weight >= 0) || math.IsInf(weight, 1) {
				return fmt.Sprintf("the weight of %d is %f", i, weight)
			}
		}
		return ""
	})
}
