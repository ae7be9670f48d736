package main

import "fmt"

func (b *bench) writeMemory(all []footprint, alone int64) error {
	var t text
	t.add(b.heading("What is held", "memory"))
	t.add(fmt.Sprintf(`
*heap* is what is used after a garbage collection, of which CoreDNS alone has %s; without that, *for an endpoint* is the
share of each. *RSS* is the resident memory some seconds later, the mapped part of the binary included. *peak* is the most of
it while everything is read for the first time, and again after the first and the second restart of the API server. *first
answer* is the time from the start of the process. *received* is what comes from the API server for the first state. The
last two are for one changed slice, of 200 services whose slices change in turn.
`, megabytes(float64(alone))))
	shape := ""
	for _, f := range all {
		if f.shape != shape {
			shape = f.shape
			t.add("\n## " + shape + "\n\n")
			t.head("plugins", "by", "heap", "for an endpoint", "RSS", "peak, first", "peak, 1st restart", "peak, 2nd restart",
				"first answer", "received", "CPU, a change", "received, a change")
		}
		t.row(f.name, f.list, megabytes(float64(f.heap)), fmt.Sprintf("%.0f B", float64(f.heap-alone)/float64(b.size.endpoints)),
			megabytes(float64(f.rss)), megabytes(float64(f.peaks[0])), f.peak(1), f.peak(2),
			fmt.Sprintf("%.1f s", f.first.Seconds()), megabytes(float64(f.received)), digits(f.changeCPU)+" µs",
			digits(f.changeReceived/1e3)+" kB")
	}
	return b.write("memory.md", t.String())
}

// peak is the most memory after a restart, and how many times the steady one that is.
func (f *footprint) peak(restart int) string {
	return fmt.Sprintf("%s (× %s)", megabytes(float64(f.peaks[restart])), digits(float64(f.peaks[restart])/float64(f.rss)))
}
