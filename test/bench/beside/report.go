package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// writeQueries writes the tables of what queries cost, and the plot. The heaps are those after all queries.
func (b *bench) writeQueries(p *program, heaps map[string]int64) error {
	var t text
	t.add(b.heading("What queries cost", "queries"))
	t.add(fmt.Sprintf(`
Each number is the median of %d rounds. *CPU* is what the process computes for a query, by the kernel's account, while
dnsperf keeps %d queries under way (over TCP, and where there are many clients, a program of ours does). *q/s* is how many
it then answers, with the load on the same cores. *p50* and *p99* are the latencies of one query at a time. *× CPU* is how
many times the CPU of *headless*, without a policy, in the same round. *file* has the records that *headless* puts on the
wire for such a client, and *file, all records* those of all endpoints; *whoami* is CoreDNS alone.
`, p.rounds(), outstanding))
	t.add("\n## CPU per query and endpoints\n\nA, UDP with EDNS 1232.\n\n")
	t.overview(p.sizes)
	t.section("A, UDP with EDNS 1232", p.sizes)
	t.section("Other transports", p.transports)
	t.section("Other questions", p.kinds)
	t.section("Policies", p.policies)
	t.section(fmt.Sprintf("%s clients and %s services of %d endpoints, drawn at random", thousands(crowdClients), thousands(crowdServices), crowdEndpoints), p.crowd)
	t.add("\n## Heap after all these queries\n\nWhat policies remember is in it.\n\n")
	t.head("plugin", "heap")
	for _, name := range append([]string{whoami, file, kubernetes, headless}, policyNames()...) {
		t.row(name, megabytes(float64(heaps[name])))
	}
	if err := b.write("queries.md", t.String()); err != nil {
		return err
	}
	return b.write("queries.svg", plot(p.sizes))
}

// text is what is written.
type text struct{ strings.Builder }

func (t *text) add(s string) { t.WriteString(s) }

func (t *text) row(cells ...string) { t.add("| " + strings.Join(cells, " | ") + " |\n") }

func (t *text) head(cells ...string) {
	t.row(cells...)
	t.row(slices.Repeat([]string{"---"}, len(cells))...)
}

// overview is a table of CPU times, with a row for each question and a column for each variant.
func (t *text) overview(contests []*contest) {
	columns := []string{headless, kubernetes, file, wholeFile, whoami}
	t.head(slices.Concat([]string{"endpoints"}, columns, []string{"*kubernetes* / *headless*", "*headless* / *file*"})...)
	for _, c := range contests {
		cells := []string{thousands(c.endpoints)}
		for _, name := range columns {
			cell := ""
			if len(c.samples[name]) > 0 {
				cell = fmt.Sprintf("%s µs", digits(c.cpu(name)))
			}
			cells = append(cells, cell)
		}
		t.row(append(cells, digits(c.ratio(kubernetes, headless)), digits(c.ratio(headless, file)))...)
	}
}

// section is a table with all that was measured.
func (t *text) section(title string, contests []*contest) {
	t.add("\n## " + title + "\n\n")
	t.head("question", "endpoints", "plugin", "CPU", "× CPU", "q/s", "p50", "p99")
	for _, c := range contests {
		for _, name := range c.variants {
			perSecond, waited := []float64{}, []float64{}
			for _, s := range c.samples[name] {
				perSecond = append(perSecond, s.perSecond)
				waited = append(waited, s.latencies...)
			}
			t.row(c.kind+", "+c.via.name, thousands(c.endpoints), name, digits(c.cpu(name))+" µs",
				digits(c.ratio(name, c.variants[0])), digits(median(perSecond)),
				digits(median(waited))+" µs", digits(quantile(waited, 0.99))+" µs")
		}
	}
}

// cpu is the median of the rounds.
func (c *contest) cpu(name string) float64 {
	var values []float64
	for _, s := range c.samples[name] {
		values = append(values, s.cpu)
	}
	return median(values)
}

// ratio is the median of how many times the CPU of another a variant takes, round by round.
func (c *contest) ratio(name, other string) float64 {
	var values []float64
	for round, s := range c.samples[name] {
		values = append(values, s.cpu/c.samples[other][round].cpu)
	}
	return median(values)
}

// digits writes three that mean something, or all before the point.
func digits(value float64) string {
	switch {
	case value < 9.995:
		return fmt.Sprintf("%.2f", value)
	case value < 99.95:
		return fmt.Sprintf("%.1f", value)
	}
	return thousands(int(math.Round(value)))
}

// thousands writes a number with a comma where it is long.
func thousands(n int) string {
	if n < 1_000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%d,%03d", n/1_000, n%1_000)
}
