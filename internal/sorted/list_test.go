package sorted

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// item is equal to others of its key, and is still another one.
type item struct{ key, version int }

func compare(a, b *item) int { return cmp.Compare(a.key, b.key) }

// The model: after any sequence of changes a list is what a slice would be, and lists of before are what they were.
func TestAListIsWhatItsChangesMakeOfIt(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 1))
	for range 40 {
		var list, before List[*item]
		var want, wantBefore []*item
		size := 1 << (1 + random.IntN(12))
		for step := range 60 {
			removed, added := changes(random, want, size)
			before, wantBefore = list, want
			list = list.Edit(removed, added, compare)
			want = slices.Concat(slices.DeleteFunc(slices.Clone(want), func(i *item) bool { return slices.Contains(removed, i) }), added)
			slices.SortFunc(want, compare)
			check(t, list, want)
			check(t, before, wantBefore)
			if step%20 == 19 {
				list, want = list.Edit(want, nil, compare), nil
				check(t, list, want)
			}
		}
	}
}

// changes removes some of the items, adds others of new keys, and puts others in the place of some.
func changes(random *rand.Rand, now []*item, size int) (removed, added []*item) {
	known := map[int]bool{}
	rate := []float64{0.002, 0.05, 0.5}[random.IntN(3)]
	for _, i := range now {
		known[i.key] = true
		if random.Float64() < rate {
			removed = append(removed, i)
			if random.IntN(3) == 0 {
				added = append(added, &item{key: i.key, version: i.version + 1})
			}
		}
	}
	for range random.IntN(1 + int(2*rate*float64(size))) {
		if key := random.IntN(size); !known[key] {
			known[key] = true
			added = append(added, &item{key: key})
		}
	}
	slices.SortFunc(added, compare)
	return removed, added
}

func check(t *testing.T, list List[*item], want []*item) {
	t.Helper()
	if list.Len() != len(want) || !slices.Equal(slices.Collect(list.All()), want) {
		t.Fatalf("The list has %d items, want %d, or other ones", list.Len(), len(want))
	}
	for i, w := range want {
		if list.Search(func(i *item) bool { return i.key < w.key }) != i {
			t.Fatalf("Item %d is found elsewhere", i)
		}
	}
	if list.Search(func(*item) bool { return true }) != len(want) {
		t.Fatal("What comes behind all is found elsewhere")
	}
	if list.table == nil {
		return
	}
	for _, b := range list.blocks {
		if n := len(b.items); n > blockMax || n == 0 || n < blockMin && len(list.blocks) > 1 || cap(b.items) > n+n/4+1 {
			t.Fatalf("One of %d blocks has %d items and room for %d", len(list.blocks), n, cap(b.items))
		}
	}
}

func BenchmarkAt(b *testing.B) {
	list := numbers(10_000)
	i, sum := 0, 0
	for b.Loop() {
		sum += list.At(i).key
		i = (i + 7919) % 10_000
	}
	_ = sum
}

func BenchmarkEditOfOne(b *testing.B) {
	for _, n := range []int{100, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			list := numbers(n)
			one := []*item{list.At(n / 2)}
			b.ReportAllocs()
			for b.Loop() {
				list.Edit(one, one, compare)
			}
		})
	}
}

func numbers(n int) List[*item] {
	all := make([]*item, n)
	for i := range all {
		all[i] = &item{key: i}
	}
	return List[*item]{}.Edit(nil, all, compare)
}
