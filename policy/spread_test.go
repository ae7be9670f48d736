package policy

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

var byZone = spread{func(e *Endpoint) string { return e.Zone }}

// turnsByHand is what it means that zones take turns: again and again one of each, in the order of their first ones.
func turnsByHand(ordered []int32, view *View) []int32 {
	var zones []string
	of := map[string][]int32{}
	for _, i := range ordered {
		zone := view.Endpoints[i].Zone
		if of[zone] == nil {
			zones = append(zones, zone)
		}
		of[zone] = append(of[zone], i)
	}
	var taken []int32
	for len(taken) < len(ordered) {
		for _, zone := range zones {
			if len(of[zone]) > 0 {
				taken = append(taken, of[zone][0])
				of[zone] = of[zone][1:]
			}
		}
	}
	return taken
}

// zonedView is n endpoints in some zones by chance, one of which is unknown.
func zonedView(n, zones int, chance *rand.Rand) *View {
	view := podsView(n)
	for i := range view.Endpoints {
		view.Endpoints[i].Zone = ""
		if zone := chance.IntN(zones); zone > 0 {
			view.Endpoints[i].Zone = fmt.Sprint(zone)
		}
	}
	return view
}

func TestZonesTakeTurnsInTheOrder(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	for range rounds(500) {
		view := zonedView(1+chance.IntN(60), 1+chance.IntN(8), chance)
		ranks := start(view.Endpoints)
		for name, o := range orders {
			if o.Depends() != OnEndpoints && name != "sticky" {
				continue
			}
			ordered, _ := o.Apply(ranks, view)
			want := turnsByHand(ordered[0], view)
			if spread, _ := byZone.Apply(ordered, view); !slices.Equal(spread[0], want) {
				t.Fatalf("%s spread is %v, not %v", name, spread[0], want)
			}
			for k := range len(want) + 1 {
				tail := tail{order: o, spread: byZone}
				if got := tail.pick(nil, ordered, k, view); !slices.Equal(got, want[:k]) {
					t.Fatalf("%s: the first %d are %v, not of %v", name, k, got, want)
				}
			}
		}
	}
}

func TestTheFirstStandInDifferentZones(t *testing.T) {
	chance := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		view := zonedView(1+chance.IntN(40), 1+chance.IntN(6), chance)
		view.Turn = chance.Uint32()
		zones := map[string]bool{}
		for i := range view.Endpoints {
			zones[view.Endpoints[i].Zone] = true
		}
		for name, o := range orders {
			k := 1 + chance.IntN(len(view.Endpoints))
			tail := tail{order: o, spread: byZone}
			first := tail.pick(nil, start(view.Endpoints), k, view)
			seen := map[string]bool{}
			for _, i := range first[:min(k, len(zones))] {
				seen[view.Endpoints[i].Zone] = true
			}
			if len(first) != k || !distinct(first) || len(seen) != min(k, len(zones)) {
				t.Fatalf("%s: the first %d stand in %d of %d zones: %v", name, k, len(seen), len(zones), first)
			}
		}
	}
}

// Zones of one, three and six: without the spread the first is in each of them in proportion, and so it is with it,
// so that clients who take the first load all endpoints alike.
func TestSpreadDoesNotChangeHowOftenAnEndpointIsFirst(t *testing.T) {
	needsLength(t)
	const n, runs = 10, 20000
	view := podsView(n)
	for i := range view.Endpoints {
		view.Endpoints[i].Zone = "abbbcccccc"[i : i+1]
	}
	view.Weights = []float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}
	for _, o := range []order{shuffle{}, rotate{}, weighted{}, sticky{}} {
		seen := map[int32]int{}
		for run := range runs {
			view.Client, view.Turn = clientNumber(run), uint32(run)
			tail := tail{order: o, spread: byZone}
			seen[tail.pick(nil, start(view.Endpoints), 4, view)[0]]++
		}
		checkChances(t, fmt.Sprintf("%T", o), seen, evenly[int32](runs, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9))
	}
}

// Where zones are of one size, each endpoint is equally often among the first few, whatever their number, and however
// the endpoints are numbered.
func TestRotatingZonesLoadAllEndpointsAlike(t *testing.T) {
	const zones, each = 3, 4
	view := podsView(zones * each)
	for i := range view.Endpoints {
		view.Endpoints[i].Zone = fmt.Sprint(i / each)
	}
	tail := tail{order: rotate{}, spread: byZone}
	for k := 1; k <= zones*each; k++ {
		seen := make([]int, zones*each)
		for range zones * each {
			view.Turn++
			for _, i := range tail.pick(nil, start(view.Endpoints), k, view) {
				seen[i]++
			}
		}
		if slices.Min(seen) != k || slices.Max(seen) != k {
			t.Errorf("Endpoints were %v times among the first %d", seen, k)
		}
	}
}

func TestGroupsMadeBeforehandAreThoseMadeOnTheWay(t *testing.T) {
	chance := rand.New(rand.NewPCG(5, 6))
	view := zonedView(50, 5, chance)
	onTheWay, _ := byZone.Apply(start(view.Endpoints), view)
	view.Groups = byZone.groups(view.Endpoints)
	if beforehand, _ := byZone.Apply(start(view.Endpoints), view); !slices.Equal(onTheWay[0], beforehand[0]) {
		t.Errorf("Beforehand %v, on the way %v", beforehand[0], onTheWay[0])
	}
	if groups := (spread{}).groups(view.Endpoints); groups != nil {
		t.Errorf("Without a spread there are groups: %v", groups)
	}
}

func TestNodesTakeTurnsToo(t *testing.T) {
	view := podsView(4) // two on each node
	step, err := newSpread([]string{"node"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if spread, _ := step.Apply(start(view.Endpoints), view); sequence(spread[0]) != "acbd" {
		t.Errorf("The order is %s", sequence(spread[0]))
	}
}

// largeView is n endpoints in four zones: half of them in the first, three in the last.
func largeView(n int) *View {
	view := podsView(n)
	for i := range view.Endpoints {
		view.Endpoints[i].Zone = fmt.Sprint(min(i%4, 2))
		if i == 1 || i == n/2 || i == n-1 {
			view.Endpoints[i].Zone = "few"
		}
	}
	return view
}

// Of a large rank no more is ordered than decides who is first. It makes no difference to who that is.
func TestTheFirstOfManyAreThoseOfTheWholeOrder(t *testing.T) {
	chance := rand.New(rand.NewPCG(7, 8))
	for _, n := range []int{200, 1_000, 5_000} {
		view := largeView(n)
		ranks := start(view.Endpoints)
		for name, o := range orders {
			if name == "weighted" {
				continue
			}
			for range rounds(20) {
				k := 1 + chance.IntN(n/4-17)
				view.Client, view.Turn = clientNumber(chance.Int()), chance.Uint32()
				view.Random = func(uint32) uint32 { return 7 } // the seed of what is replayed
				tail := tail{order: o, spread: byZone}
				got := tail.pick(nil, ranks, k, view)
				whole := *view
				whole.Random = rand.New(rand.NewPCG(7<<31|7, 0)).Uint32N
				in := ranks
				if name == "rotate" {
					in, _ = byZone.Apply(ranks, view)
				}
				if ordered := o.first(nil, in[0], n, &whole); !slices.Equal(got, turnsByHand(ordered, view)[:k]) {
					t.Fatalf("%s: the first %d of %d are others than in the whole order", name, k, n)
				}
			}
		}
	}
}

func TestTurnsThatWereTakenOnceAreThoseOfEachTime(t *testing.T) {
	view := largeView(300)
	for _, order := range []string{"ordinal", "address", "rotate"} {
		p := Prepare(policyOf(t, "rank ordinal < 100\norder "+order+"\nspread zone"), view.Endpoints, nil, NewMemory(0),
			func(uint32) uint32 { return 0 })
		ranks := Ranks{start(view.Endpoints)[0][:100], start(view.Endpoints)[0][100:]}
		for turn := range uint32(20) {
			view.Turn = turn + 1
			each, _ := orders[order].Apply(ranks, view)
			if order == "rotate" {
				each = ranks
			}
			want := (&tail{order: orders[order], spread: byZone}).pick(nil, each, 150, view)
			if got := p.Choose(&Client{}).Pick(nil, 150); !slices.Equal(got, want) {
				t.Fatalf("%s: turn %d is %v, not %v", order, turn, got, want)
			}
		}
	}
}
