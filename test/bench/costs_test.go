package bench

import (
	"flag"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var (
	clusterNodes = flag.Int("cluster.nodes", 5_000, "`number` of nodes of the simulated cluster")
	clusterPods  = flag.Int("cluster.pods", 150_000, "`number` of pods of the simulated cluster")
	profiles     = flag.String("profiles", "", "`folder` for a heap profile of each configuration")
)

// sourcesOfPlaces are what the block 'clients' may say, and how its first state comes; and the kubernetes plugin with and
// without its own way to know pods, for comparison.
var sourcesOfPlaces = []configuration{
	{name: "none"},
	{name: "subnet", clients: "subnet 10.64.0.0/12 zone eu-central-1a\nsubnet 10.80.0.0/12 zone eu-central-1b"},
	{name: "endpoints", clients: "endpoints"},
	{name: "nodes", clients: "nodes"},
	{name: "pods", clients: "pods"},
	{name: "nodes_pods", clients: "nodes\npods"},
	{name: "none/list", list: true},
	{name: "pods/list", clients: "pods", list: true},
	{name: "none/dual_stack", dualStack: true},
	{name: "pods/dual_stack", clients: "pods", dualStack: true},
	{name: "none/kubernetes", kubernetes: true},
	{name: "pods/kubernetes", kubernetes: true, clients: "pods verified"},
}

type configuration struct {
	name, clients   string
	list, dualStack bool
	kubernetes      bool
}

// cost is what a replica takes with one of them.
type cost struct {
	watched        []string
	watches        int
	first          traffic       // of the first state
	minute         int64         // what comes over the wire in a minute of the cluster's life
	heap, rss      int64         // after that minute
	peak, again    int64         // resident memory at most: with the first state, and when everything is read again
	synced         time.Duration // from the process's start until it serves, with everything known
	cpuFirst, busy time.Duration // CPU time for the first state, and for the minute
}

// BenchmarkClients measures what it costs a replica to know where clients are, by each source, in a large cluster
// that is simulated. It prints a table; the metrics are the same numbers. Bytes and heap are exact on any machine.
func BenchmarkClients(b *testing.B) {
	costs := map[string]cost{}
	for _, source := range sourcesOfPlaces {
		b.Run(source.name, func(b *testing.B) {
			for b.Loop() {
				c := newCluster(*clusterNodes, *clusterPods, source.dualStack)
				costs[source.name] = source.measure(b, newClusterAPI(c, !source.list))
			}
			report(b, source.name, costs)
		})
	}
	printCosts(costs)
}

// base is the configuration without clients that another is compared with.
func base(name string) string {
	if _, variant, found := strings.Cut(name, "/"); found {
		return "none/" + variant
	}
	return "none"
}

func report(b *testing.B, name string, costs map[string]cost) {
	b.Helper()
	c := costs[name]
	b.ReportMetric(0, "ns/op") // says nothing here
	b.ReportMetric(float64(c.watches), "watches")
	b.ReportMetric(megabytes(c.first.wire), "MB-first")
	b.ReportMetric(megabytes(c.first.raw), "MB-first-uncompressed")
	b.ReportMetric(float64(c.minute)/lived.Seconds()/1e3, "kB/s")
	b.ReportMetric(megabytes(c.heap), "MB-heap")
	b.ReportMetric(megabytes(c.rss), "MB-RSS")
	b.ReportMetric(megabytes(c.peak), "MB-peak")
	b.ReportMetric(megabytes(c.again), "MB-peak-again")
	b.ReportMetric(c.synced.Seconds(), "s-sync")
	if without, found := costs[base(name)]; found && name != base(name) {
		b.ReportMetric(megabytes(c.heap-without.heap), "MB-heap-more")
		b.ReportMetric(c.perPod(without), "B/pod")
	}
}

// perPod is how much heap there is more than in another configuration, for each pod of the cluster.
func (c *cost) perPod(without cost) float64 {
	return float64(c.heap-without.heap) / float64(*clusterPods)
}

func megabytes(octets int64) float64 { return float64(octets) / 1e6 }

// corefile is one with the configuration. What knows where clients are is used by a policy, as it would be.
func (in *configuration) corefile(url string) string {
	plugin, block := "headless", ""
	switch {
	case in.kubernetes:
		plugin, block = "kubernetes", in.clients+"\n"
	case in.clients != "":
		block = "clients {\n" + in.clients + "\n}\npolicy near {\nnearest zone\n}\napply near */*\n"
	}
	return fmt.Sprintf("cluster.local:0 {\nbind 127.0.0.1\n%s {\nendpoint %s\nstartup_timeout 10m\n%s}\n}\n", plugin, url, block)
}

func (in *configuration) measure(b *testing.B, api *clusterAPI) (c cost) {
	b.Helper()
	server := httptest.NewServer(api)
	defer func() {
		server.CloseClientConnections()
		server.Close()
	}()
	begin := time.Now()
	r, stop := startReplica(b, in.corefile(server.URL))
	defer stop()
	c.synced = time.Since(begin)
	first := r.untilSynced(api, 1)
	c.peak, c.cpuFirst = first.Peak, first.CPU
	c.first, c.watched = api.sum()
	c.watches = c.first.watches

	// What lasts is a watch that is not compressed, so none of the first ones may be left.
	first = r.untilSynced(api, api.expire())
	before, _ := api.sum()
	if again := before.raw - c.first.raw; again > c.first.raw/2 {
		b.Fatalf("Of what was known before, %d octets are read again", again)
	}
	api.live(b.Context())
	after := r.do(measureCommand)
	in.check(b, api.cluster, after.Known)
	c.heap, c.rss, c.busy = after.Heap, after.RSS, after.CPU-first.CPU
	all, _ := api.sum()
	c.minute = all.wire - before.wire
	if *profiles != "" {
		r.do(profileCommand + " " + filepath.Join(*profiles, strings.ReplaceAll(b.Name(), "/", "_")+".pprof"))
	}

	r.do(forgetCommand)
	c.again = r.untilSynced(api, api.restart()).Peak
	return c
}

// check looks whether the replica knows all that it should, by its gauges.
func (in *configuration) check(b *testing.B, c *cluster, known map[string]float64) {
	b.Helper()
	want := map[string]int{"endpoints": c.headlessEndpoints()}
	if strings.Contains(in.clients, "nodes") {
		want["client_nodes"] = c.nodes
	}
	if strings.Contains(in.clients, "pods") {
		want["client_pods"] = c.pods
	}
	for gauge, n := range want {
		if known[gauge] != float64(n) && !in.kubernetes {
			b.Errorf("The gauge %s is %v, want %d", gauge, known[gauge], n)
		}
	}
}

// untilSynced waits until all that the replica follows was read and taken in: that many watches at least.
func (r *replica) untilSynced(api *clusterAPI, watches int) usage {
	for {
		// What it asks for next is known only when it has nothing left to do.
		u := r.do(measureCommand)
		if open, synced := api.open(); synced && len(open) >= watches {
			return u
		}
	}
}
