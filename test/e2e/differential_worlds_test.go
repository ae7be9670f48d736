package e2e

import (
	"strings"
	"testing"

	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/headless-dns/headless/test/e2e/worlds"
)

func TestAWorldFollowsFromItsSeed(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		one, other := worlds.NewGenerator(seed), worlds.NewGenerator(seed)
		one.Change()
		other.Change()
		if one.World.YAML("x") != other.World.YAML("x") {
			t.Errorf("Two worlds of the seed %d differ", seed)
		}
	}
}

// holds says whether a world has an endpoint of that name that is ready, in a slice with a port.
func holds(w *worlds.World, hostname string) bool {
	for _, slice := range w.Slices {
		for _, e := range slice.Endpoints {
			if len(slice.Ports) > 0 && e.Hostname != nil && *e.Hostname == hostname && e.Conditions.Terminating != nil {
				return true
			}
		}
	}
	return false
}

// What must remain of any world is a slice with one endpoint, of which nothing is said but its name and that
// condition.
func TestTheShrunkWorldHasNothingThatNobodyNeeds(t *testing.T) {
	t.Parallel()
	shrunk := 0
	for seed := range uint64(200) {
		world := worlds.NewGenerator(seed).World
		if !holds(world, "db-1") {
			continue
		}
		shrunk++
		before := world.YAML("x")
		small := worlds.Shrink(world, 10_000, func(w *worlds.World) bool { return holds(w, "db-1") })
		if world.YAML("x") != before {
			t.Fatalf("The world of the seed %d was changed", seed)
		}
		if len(small.Services)+len(small.Pods)+len(small.Endpoints) > 0 || len(small.Slices) != 1 {
			t.Fatalf("Of the world of the seed %d is left:\n%s", seed, small.YAML("x"))
		}
		slice := small.Slices[0]
		if len(slice.Endpoints) != 1 || len(slice.Ports) != 1 || !isBare(slice.Endpoints[0]) {
			t.Errorf("Of the world of the seed %d is left:\n%s", seed, small.YAML("x"))
		}
	}
	if shrunk < 5 {
		t.Errorf("Only %d worlds had what they are shrunk to", shrunk)
	}
}

func isBare(e discoveryv1.Endpoint) bool {
	return len(e.Addresses) == 1 && e.Zone == nil && e.NodeName == nil && e.TargetRef == nil && e.Conditions.Ready == nil && e.Conditions.Serving == nil
}

func TestShrinkingEndsWithItsTries(t *testing.T) {
	t.Parallel()
	tries := 0
	worlds.Shrink(worlds.NewGenerator(1).World, 7, func(*worlds.World) bool {
		tries++
		return false
	})
	if tries > 7 {
		t.Errorf("It tried %d times, 7 were allowed", tries)
	}
}

// What a run prints must be what kubectl takes: one document for each object, with its kind and namespace.
func TestAWorldIsPrintedAsManifests(t *testing.T) {
	t.Parallel()
	world := worlds.NewGenerator(1).World
	text := world.YAML("somewhere")
	objects := len(world.Services) + len(world.Slices) + len(world.Endpoints) + len(world.Pods)
	if n := strings.Count(text, "\nkind: "); n != objects+1 {
		t.Errorf("There are %d documents with a kind for %d objects and a namespace:\n%s", n, objects, text)
	}
	if n := strings.Count(text, "\n  namespace: somewhere\n"); n != objects {
		t.Errorf("%d of %d objects have the namespace:\n%s", n, objects, text)
	}
	if strings.Contains(text, worlds.ThisNamespace) || strings.Contains(text, "creationTimestamp") {
		t.Errorf("There is something that is not to be applied:\n%s", text)
	}
}
