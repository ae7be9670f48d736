package e2e

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/headless-dns/headless/test/e2e/worlds"
)

const (
	// shrinkTries bounds how many worlds are made to find the smallest one.
	shrinkTries = 150
	// shrinkPatience is shorter than that of the test: most smaller worlds still differ, and each is waited for.
	shrinkPatience = time.Second
)

// shrink makes worlds in namespaces of their own until it finds none that is smaller and shows a difference at the
// same question. ok is false where not even the whole world does.
func (d *differential) shrink(seed uint64, world *worlds.World, first worlds.Difference) (small *worlds.World, shown worlds.Difference, ok bool) {
	try := 0
	small = worlds.Shrink(world, shrinkTries, func(candidate *worlds.World) bool {
		try++
		difference, differs := d.differs(fmt.Sprintf("small-%d-%d", seed, try), candidate, first)
		if differs {
			shown, ok = difference, true
		}
		return differs
	})
	if !ok {
		shown, ok = d.differs(fmt.Sprintf("small-%d", seed), world, first)
	}
	return small, shown, ok
}

// differs creates a world in a new namespace, asks the question there, and takes the world away again.
func (d *differential) differs(namespace string, world *worlds.World, first worlds.Difference) (worlds.Difference, bool) {
	if err := d.createNamespace(namespace); err != nil {
		return worlds.Difference{}, false
	}
	checker := d.checker(worlds.NewTally())
	defer checker.Close()
	shuffle := rand.New(rand.NewPCG(1, 1))
	defer func() { _ = d.cluster.Apply(d.Context(), namespace, world, nil, shuffle.Shuffle) }()
	view, err := d.settle(checker, shuffle, namespace, nil, world, 0)
	if err != nil {
		return worlds.Difference{}, false
	}
	differ, err := checker.Check(view, []worlds.Question{first.In(first.View.Namespace, namespace)}, shrinkPatience)
	if err != nil || len(differ) == 0 {
		return worlds.Difference{}, false
	}
	return differ[0], true
}
