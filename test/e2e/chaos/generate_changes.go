package chaos

import (
	"fmt"
	"slices"
	"strings"
)

// change is one of the world.
func (g *Generator) change() []Step {
	switch g.IntN(12) {
	case 0, 1, 2:
		name := pick(g, handmade...)
		return []Step{g.writeSlice(name, pick(g, slicesOf(name)...))}
	case 3, 4:
		return g.copyEndpoint("move")
	case 5:
		return g.copyEndpoint("duplicate")
	case 6:
		name := pick(g, workloads...)
		g.sizes[name] = g.IntN(6)
		return []Step{step("scale", name, g.sizes[name])}
	case 7:
		return []Step{step("roll", pick(g, workloads...), g.next())}
	case 8:
		if g.IntN(2) == 0 {
			return []Step{step("evict", g.pod())}
		}
		return []Step{step("ready", g.pod(), pick(g, "true", "true", "false"))}
	case 9:
		return []Step{step("zone", g.node(), fmt.Sprint("zone-", 1+g.IntN(3)))}
	}
	return []Step{g.changeService()}
}

// changeService flips a service, or deletes it, or makes another one of its name.
func (g *Generator) changeService() Step {
	name := pick(g, append(workloads, handmade...)...)
	kind := pick(g, headless, headless, clusterIP, external)
	if g.kinds[name] != headless {
		kind = headless // most of the time they are
	}
	switch was := g.kinds[name]; {
	case was == headless && g.IntN(4) == 0:
		g.kinds[name] = ""
		return step("delete", name)
	case g.IntN(3) == 0:
		g.kinds[name] = kind
		return step("recreate", name, kind)
	}
	g.kinds[name] = kind
	return step("service", name, kind)
}

// endpoints is how many a handmade service can have.
const endpoints = 12

// writeSlice gives a slice other endpoints: some stay, some change, some go and some come.
func (g *Generator) writeSlice(service, name string) Step {
	var all []string
	for number := range endpoints {
		had := slices.ContainsFunc(g.slices[service][name], func(e string) bool { return strings.TrimRight(e, "!-") == fmt.Sprint(number) })
		if had && g.IntN(4) > 0 || !had && g.IntN(5) == 0 {
			all = append(all, fmt.Sprint(number)+pick(g, "", "", "", "", "!", "-"))
		}
	}
	if g.IntN(15) == 0 {
		all = nil
	}
	g.slices[service][name] = all
	s := step("slice", service, name)
	s.Arguments = append(s.Arguments, all...)
	return s
}

// slicesOf are the slices that a service may have. Where an address stands in two that say different zones, its zone is
// not defined.
func slicesOf(service string) []string {
	if isNear(service) {
		return []string{"one"}
	}
	return []string{"one", "two", "six"}
}

// copyEndpoint moves an endpoint from one slice to another, or lets it stand in both.
func (g *Generator) copyEndpoint(verb string) []Step {
	service := pick(g, slices.DeleteFunc(slices.Clone(handmade), isNear)...)
	from, to := "one", "two"
	if g.IntN(2) == 0 {
		from, to = to, from
	}
	all := g.slices[service][from]
	if len(all) == 0 || len(g.slices[service][to]) == 0 {
		return []Step{g.writeSlice(service, from)}
	}
	which := pick(g, all...)
	g.slices[service][to] = append(slices.Clone(g.slices[service][to]), which)
	if verb == "move" {
		g.slices[service][from] = slices.DeleteFunc(slices.Clone(all), func(e string) bool { return e == which })
	}
	return []Step{step(verb, service, which, from, to)}
}
