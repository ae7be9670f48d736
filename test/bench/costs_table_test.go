package bench

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// replicas are the numbers of them that the second table is for.
var replicas = []int64{2, 50, 300}

// printCosts prints what was measured as tables in Markdown: what one replica takes, and what many take on the wire, which
// is that multiplied; there only what comes on top of the configuration without 'clients', where it says so.
func printCosts(costs map[string]cost) {
	if len(costs) == 0 {
		return
	}
	fmt.Printf("\n%d nodes, %d pods. The first state is compressed, and in brackets uncompressed.\n\n", *clusterNodes, *clusterPods)
	head("`clients`", "watches", "first state", "a second", "heap", "heap per pod", "RSS", "peak, first state", "peak, all again",
		"until synced", "CPU, first state", "CPU a second")
	each(costs, func(name string, c, without cost) {
		more, perPod := "", ""
		if name != base(name) {
			more, perPod = fmt.Sprintf(" (%s more)", octets(c.heap-without.heap)), fmt.Sprintf("%.0f B", c.perPod(without))
		}
		row(name, fmt.Sprintf("%d: %s", c.watches, strings.Join(c.watched, ", ")), c.first.times(1), octets(c.second()),
			octets(c.heap)+more, perPod, octets(c.rss), octets(c.peak), octets(c.again),
			fmt.Sprintf("%.1f s", c.synced.Seconds()), fmt.Sprintf("%.1f s", c.cpuFirst.Seconds()),
			fmt.Sprintf("%.1f ms", c.busy.Seconds()*1e3/lived.Seconds()))
	})
	cells := []string{"`clients`"}
	for _, n := range replicas {
		cells = append(cells, fmt.Sprintf("first state × %d", n), fmt.Sprintf("a second × %d", n))
	}
	fmt.Println()
	head(cells...)
	each(costs, func(name string, c, without cost) {
		cells := []string{name}
		if name != base(name) {
			c.first.add(-without.first.raw, -without.first.wire)
			c.minute -= without.minute
			cells[0] = name + ", on top"
		}
		for _, n := range replicas {
			cells = append(cells, c.first.times(n), octets(n*c.second()))
		}
		row(cells...)
	})
	fmt.Println()
}

// each goes through what was measured, together with what it is compared with.
func each(costs map[string]cost, show func(name string, c, without cost)) {
	for _, source := range sourcesOfPlaces {
		c, found := costs[source.name]
		if without, compared := costs[base(source.name)]; found && compared {
			show(source.name, c, without)
		}
	}
}

func head(cells ...string) {
	row(cells...)
	row(slices.Repeat([]string{"---"}, len(cells))...)
}

func row(cells ...string) { fmt.Println("| " + strings.Join(cells, " | ") + " |") }

// second is how much comes over the wire in a second, when nothing special happens.
func (c *cost) second() int64 { return c.minute / int64(lived.Seconds()) }

// times says how much it is for so many replicas.
func (t traffic) times(n int64) string {
	return fmt.Sprintf("%s (%s)", octets(n*t.wire), octets(n*t.raw))
}

func octets(n int64) string {
	value, unit := float64(n), "B"
	for _, larger := range []string{"kB", "MB", "GB"} {
		if math.Abs(value) >= 1000 {
			value, unit = value/1000, larger
		}
	}
	if math.Abs(value) < 10 && unit != "B" {
		return fmt.Sprintf("%.1f %s", value, unit)
	}
	return fmt.Sprintf("%.0f %s", value, unit)
}
