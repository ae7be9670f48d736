package chaos

import (
	"slices"
	"time"
)

// death lets a replica die or hang while the API server is there, and come back.
func (g *Generator) death() []Step {
	which := g.IntN(replicas)
	begin, end := "kill", "start"
	if g.IntN(3) == 0 {
		begin, end = "freeze", "thaw"
	}
	steps := append([]Step{step(begin, which)}, g.changes(1+g.IntN(4), 800)...)
	return append(steps, step(end, which))
}

// apart lets a replica start that is cut off, while the world goes on for all others.
func (g *Generator) apart() []Step {
	which := g.IntN(replicas)
	steps := []Step{step("shut", which), step("kill", which)}
	if g.IntN(2) == 0 {
		steps = []Step{step("kill", which), step("shut", which)}
	}
	steps = append(steps, g.changes(1+g.IntN(4), 500)...)
	steps = append(steps, step("start", which))
	steps = append(steps, g.changes(2+g.IntN(4), 800)...)
	return append(steps, step("open", which))
}

// blackout lets replicas die and start while nobody has the API server: one, or one after the other.
func (g *Generator) blackout() []Step {
	begin, end := g.outOfReach()
	which := g.IntN(replicas)
	steps := append([]Step{step("kill", which)}, begin...)
	if g.IntN(2) == 0 {
		steps = slices.Concat(begin, []Step{step("wait", g.IntN(2000)), step("kill", which)})
	}
	steps = append(steps, step("wait", g.IntN(500)), step("start", which))
	if g.IntN(2) == 0 {
		steps = append(steps, g.harmless(), step("wait", g.IntN(2000)))
	}
	if g.IntN(3) == 0 {
		which = g.IntN(replicas) // it may be the same again
		steps = append(steps, step("kill", which), step("start", which))
	}
	steps = append(steps, g.untilStale())
	return append(steps, end...)
}

// untilStale is a wait that is long enough, most of the time.
func (g *Generator) untilStale() Step {
	return step("wait", g.IntN(int((StaleAfter+2*Bound)/time.Millisecond)))
}
