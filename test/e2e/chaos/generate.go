package chaos

import (
	"fmt"
	"math/rand/v2"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// Generator makes up schedules.
type Generator struct {
	*rand.Rand
	kinds  map[string]string              // of services
	slices map[string]map[string][]string // of services: the endpoints of each slice
	sizes  map[string]int                 // of workloads
	number int                            // of what was given a number
}

// workloads are those whose pods controllers look after. Each has a service of its name.
var workloads = []string{"set-a", "set-b", "deploy-a"}

// NewGenerator returns one that makes the same schedule each time.
func NewGenerator(seed uint64) *Generator {
	return &Generator{
		Rand: rand.New(rand.NewPCG(seed, 7)), kinds: map[string]string{}, slices: map[string]map[string][]string{}, sizes: map[string]int{},
	}
}

// Begin is the world that a schedule begins with.
func (g *Generator) Begin() []Step {
	var steps []Step
	for _, name := range handmade {
		g.kinds[name], g.slices[name] = headless, map[string][]string{}
		steps = append(steps, step("service", name, headless))
		for _, slice := range slicesOf(name) {
			steps = append(steps, g.writeSlice(name, slice))
		}
	}
	for _, name := range workloads {
		g.kinds[name], g.sizes[name] = headless, 3
		steps = append(steps, step("service", name, headless), step("scale", name, 3))
	}
	return append(steps, step(settle))
}

// Episode is what happens from one settle to the next: the world changes, and mostly something is broken in the end.
func (g *Generator) Episode() []Step {
	if g.IntN(4) == 0 {
		return append(g.changes(10+g.IntN(20), 500), step(settle))
	}
	steps := g.changes(4+g.IntN(12), 500)
	switch g.IntN(12) {
	case 0, 1, 2:
		steps = append(steps, g.partition()...)
	case 3, 4:
		steps = append(steps, g.unreachable()...)
	case 5, 6:
		steps = append(steps, g.outage()...)
	case 7:
		steps = append(steps, g.lostRights()...)
	case 8:
		steps = append(steps, g.death()...)
	case 9:
		steps = append(steps, g.apart()...)
	case 10, 11:
		steps = append(steps, g.blackout()...)
	}
	steps = append(steps, g.changes(g.IntN(4), 300)...)
	return append(steps, step(settle))
}

// changes are some of the world, of the configuration, or what does not matter, with so many milliseconds between them at
// most.
func (g *Generator) changes(n, wait int) []Step {
	var steps []Step
	for range n {
		if g.IntN(5) == 0 {
			steps = append(steps, g.harmless())
		} else {
			steps = append(steps, g.change()...)
		}
		steps = append(steps, step("wait", g.IntN(wait)))
	}
	return steps
}

// harmless does nothing to what is answered.
func (g *Generator) harmless() Step {
	if g.IntN(2) == 0 {
		return step("bad", g.IntN(replicas), g.Uint32())
	}
	return step("reload", g.IntN(replicas), pick(g, "plain", "ttl", "all", "namespace", "broken"))
}

// partition takes the API from one replica, for long or for a moment.
func (g *Generator) partition() []Step {
	which := g.IntN(replicas)
	if g.IntN(2) == 0 {
		return append([]Step{step("cut", which)}, g.changes(1+g.IntN(3), 500)...)
	}
	steps := append([]Step{step("shut", which)}, g.changes(2+g.IntN(4), 800)...)
	if g.IntN(3) == 0 {
		steps = append(steps, g.untilStale())
	}
	return append(steps, step("open", which))
}

// unreachable lets processes of the control plane hang or die. Nothing can be changed then.
func (g *Generator) unreachable() []Step {
	which := pick(g, "apiserver", "etcd")
	return g.away([]Step{step("freeze", which)}, []Step{step("thaw", which)})
}

func (g *Generator) outage() []Step { return g.away(g.outOfReach()) }

// outOfReach kills what the API consists of, and starts it again.
func (g *Generator) outOfReach() (begin, end []Step) {
	switch g.IntN(3) {
	case 0:
		return []Step{step("kill", "apiserver")}, []Step{step("start", "apiserver")}
	case 1:
		return []Step{step("kill", "etcd")}, []Step{step("start", "etcd")}
	}
	return []Step{step("kill", "apiserver"), step("kill", "etcd")}, []Step{step("start", "etcd"), step("start", "apiserver")}
}

// away is a time in which the control plane cannot be asked.
func (g *Generator) away(begin, end []Step) []Step {
	steps := begin
	for range g.IntN(3) {
		steps = append(steps, step("wait", 100+g.IntN(2000)), g.harmless())
	}
	steps = append(steps, step("wait", 100+g.IntN(2000)))
	return append(steps, end...)
}

// lostRights takes rights away from all replicas, for a while in which the world goes on.
func (g *Generator) lostRights() []Step {
	steps := append([]Step{step("rights", pick(g, "none", "services", "slices", "list"))}, g.changes(2+g.IntN(4), 800)...)
	return append(steps, step("rights", "all"))
}

func (g *Generator) next() int {
	g.number++
	return g.number
}

func pick[T any](g *Generator, from ...T) T { return from[g.IntN(len(from))] }

func (g *Generator) pod() string {
	set := pick(g, "set-a", "set-b")
	return fmt.Sprintf("%s-%d", set, g.IntN(max(g.sizes[set], 1)))
}

func (g *Generator) node() string { return pick(g, harness.Nodes...).Name }
