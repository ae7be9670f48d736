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

// sourcesOfPlaces are what the block 'clients' may say, and how its first state comes.
var sourcesOfPlaces = []struct {
	name, clients   string
	list, dualStack bool
}{
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
}

// cost is what a replica takes with one of them.
type cost struct {
	watched        []string
	watches        int
	first, minute  traffic       // of the first state, and of a minute of the cluster's life
	heap           int64         // after that minute
	peak, again    int64         // resident memory at most: with the first state, and when everything is read again
	synced         time.Duration // from the process's start until everything is known
	cpuFirst, busy time.Duration // CPU time for the first state, and for the minute
	addressed      int           // pods with an address of their own
}

// BenchmarkClients measures what it costs a replica to know where clients are, by each source, in a large cluster
// that is simulated. It prints a table; the metrics are the same numbers. Bytes and heap are exact on any machine.
func BenchmarkClients(b *testing.B) {
	costs := map[string]cost{}
	for _, source := range sourcesOfPlaces {
		b.Run(source.name, func(b *testing.B) {
			for b.Loop() {
				c := newCluster(*clusterNodes, *clusterPods, source.dualStack)
				costs[source.name] = measure(b, newClusterAPI(c, !source.list), source.clients)
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
	b.ReportMetric(float64(c.minute.wire)/lived.Seconds()/1e3, "kB/s")
	b.ReportMetric(float64(c.minute.raw)/lived.Seconds()/1e3, "kB/s-uncompressed")
	b.ReportMetric(megabytes(c.heap), "MB-heap")
	b.ReportMetric(megabytes(c.peak), "MB-peak")
	b.ReportMetric(megabytes(c.again), "MB-peak-again")
	b.ReportMetric(c.synced.Seconds(), "s-sync")
	if without, found := costs[base(name)]; found && name != base(name) {
		b.ReportMetric(megabytes(c.heap-without.heap), "MB-heap-more")
		b.ReportMetric(c.perPod(without), "B/pod")
	}
}

// perPod is how much heap there is more than in another configuration, for each pod that has an address of its own.
func (c *cost) perPod(without cost) float64 {
	return float64(c.heap-without.heap) / float64(c.addressed)
}

func megabytes(octets int64) float64 { return float64(octets) / 1e6 }

// corefileOf makes a Corefile. What knows where clients are is used by a policy, as it would be.
func corefileOf(url, clients string) string {
	block := ""
	if clients != "" {
		block = "clients {\n" + clients + "\n}\npolicy near {\nnearest zone\n}\napply near */*\n"
	}
	return fmt.Sprintf("cluster.local:0 {\nbind 127.0.0.1\nheadless {\nendpoint %s\nstartup_timeout 10m\n%s}\n}\n", url, block)
}

func measure(b *testing.B, api *clusterAPI, clients string) (c cost) {
	b.Helper()
	server := httptest.NewServer(api)
	defer func() {
		server.CloseClientConnections()
		server.Close()
	}()
	begin := time.Now()
	r, stop := startReplica(b, corefileOf(server.URL, clients))
	defer stop()
	first := r.untilSynced(api, 1)
	c.synced = first.Calm.Sub(begin)
	c.peak, c.cpuFirst = first.Peak, first.CPU
	c.first, c.watched = api.sum()
	c.watches, c.addressed = c.first.watches, api.cluster.addressed()

	api.live(b.Context())
	after := r.do(measureCommand)
	if want := api.cluster.headlessEndpoints(); after.Known["endpoints"] != float64(want) {
		b.Fatalf("The replica knows %v, want %d endpoints", after.Known, want)
	}
	c.heap, c.busy = after.Heap, after.CPU-first.CPU
	all, _ := api.sum()
	c.minute.add(all.raw-c.first.raw, all.wire-c.first.wire)
	if *profiles != "" {
		r.do(profileCommand + " " + filepath.Join(*profiles, strings.ReplaceAll(b.Name(), "/", "_")+".pprof"))
	}

	r.do(forgetCommand)
	c.again = r.untilSynced(api, api.restart()).Peak
	return c
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
