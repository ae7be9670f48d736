// Command beside measures headless beside kubernetes, file and whoami: plugins of one CoreDNS, fed by one real API server
// with the same objects. It runs in the folder above this one:
//
//	go run ./beside -coredns ../../bin/coredns            # make bench-beside does that
//
// Each plugin is a process of its own, and all are asked in turn, in rounds, so that a noisy machine hits all alike; the
// ratios of one round count, and the median of the rounds is told. What takes its time is in contests.go (queries),
// changes.go and memory.go.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	clientset "k8s.io/client-go/kubernetes"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// bench is one run.
type bench struct {
	coredns, results, profiles string
	quick                      bool
	size                       effort

	// dir is a folder for what is written meanwhile.
	dir     string
	cluster *harness.ControlPlane
	// client writes in the API server's quicker format.
	client clientset.Interface
	// servers are those that queries are sent to, by the names of their variants.
	servers map[string]*server
}

// effort is how much is measured.
type effort struct {
	rounds        int
	load, latency time.Duration
	// changing is how long endpoints change, each time.
	changing time.Duration
	// endpoints is how many there are where memory is measured.
	endpoints int
}

// parts are what a run can consist of.
var parts = []string{"queries", "changes", "memory"}

func main() {
	b := &bench{size: effort{rounds: 5, load: time.Second, latency: 300 * time.Millisecond, changing: 5 * time.Second, endpoints: 100_000}}
	flag.StringVar(&b.coredns, "coredns", "", "`path` of the ready-made CoreDNS")
	flag.StringVar(&b.results, "results", "results", "`folder` for the tables")
	flag.StringVar(&b.profiles, "profiles", "", "`folder` for a CPU profile of each load, which makes the load slower")
	flag.BoolVar(&b.quick, "quick", false, "measure less, in minutes")
	only := flag.String("parts", strings.Join(parts, ","), "what to measure")
	flag.Parse()
	if b.quick {
		b.size = effort{rounds: 2, load: 300 * time.Millisecond, latency: 100 * time.Millisecond, changing: 2 * time.Second, endpoints: 20_000}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := b.run(ctx, strings.Split(*only, ",")); err != nil {
		fmt.Fprintln(os.Stderr, "beside:", err)
		os.Exit(1) //nolint:gocritic // the signal handler ends with the process
	}
}

func (b *bench) run(ctx context.Context, only []string) error {
	for _, part := range only {
		if !slices.Contains(parts, part) {
			return fmt.Errorf("no part %q: there are %q", part, parts)
		}
	}
	if _, err := os.Stat(b.coredns); err != nil {
		return fmt.Errorf("-coredns: %w", err)
	}
	if _, err := exec.LookPath("dnsperf"); err != nil {
		return errNoDnsperf
	}
	var err error
	if b.dir, err = os.MkdirTemp("", "headless-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	if err := b.buildControlPlane(); err != nil {
		return err
	}
	if slices.Contains(only, "queries") {
		err = b.inCluster(ctx, queryServices(), b.queries)
	}
	if err == nil && slices.Contains(only, "changes") {
		err = b.inCluster(ctx, queryServices(), b.changes)
	}
	if err == nil && slices.Contains(only, "memory") {
		err = b.memory(ctx)
	}
	return err
}

// inCluster starts a control plane with services in it, for one part.
func (b *bench) inCluster(ctx context.Context, services []service, part func(context.Context) error) error {
	binary := harness.Built(harness.ControlPlaneBinary)
	var err error
	if b.cluster, err = harness.StartControlPlane(binary, binary); err != nil {
		return err
	}
	defer b.cluster.Stop()
	// Its controllers would take the slices that are written here for their own, and the machine has other things to do.
	b.cluster.ControllerManager.Kill()
	config := b.cluster.Config()
	config.ContentType = runtime.ContentTypeProtobuf
	if b.client, err = clientset.NewForConfig(config); err != nil {
		return err
	}
	begin := time.Now()
	if err := create(ctx, b.client, services); err != nil {
		return err
	}
	progress("%d services created in %.1f s", len(services), time.Since(begin).Seconds())
	return part(ctx)
}
