package main

import "fmt"

func (b *bench) writeChanges(all map[string]*change) error {
	var t text
	t.add(b.heading("What changes cost", "changes"))
	t.add(fmt.Sprintf(`
The address of one endpoint of a service of %s changes ten times a second, and from the API server's answer to the change
until DNS answers it this time passes, over %d rounds; 0 is what was answered before that. *idle*: nothing else changes.
*churn*: beside it an endpoint becomes unready, or ready again, in %d slices a second of the same service, if the API server
on the same cores can take that many: *slices/s* is how many changed. CPU and what is received from the API server are those
of a second.

`, thousands(churned), b.size.rounds, churnRate))
	t.head("plugin", "state", "changes", "p50", "p99", "at most", "slices/s", "CPU", "received")
	for _, name := range []string{headless, kubernetes} {
		for _, state := range states {
			c := all[name+" "+state]
			ms := func(part float64) string { return digits(quantile(c.lags, part)) + " ms" }
			t.row(name, state, fmt.Sprint(len(c.lags)), ms(0.5), ms(0.99), ms(1), digits(median(c.slices)),
				digits(median(c.cpu))+" ms", megabytes(median(c.received)))
		}
	}
	return b.write("changes.md", t.String())
}

func megabytes(octets float64) string { return digits(octets/1e6) + " MB" }
