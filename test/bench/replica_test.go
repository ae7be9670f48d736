package bench

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/metrics"
	"runtime/pprof"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	_ "github.com/coredns/coredns/plugin/bind"

	"github.com/prometheus/client_golang/prometheus"
)

// A replica is a CoreDNS in a process of its own, so that what it takes is told apart from what the simulated cluster
// takes: this binary, which finds a Corefile in its environment. It obeys lines on its standard input.

const (
	corefileVariable = "BENCH_COREFILE"

	measureCommand   = "measure"   // settle, collect garbage and say what is used
	forgetCommand    = "forget"    // the peak so far
	profileCommand   = "profile"   // write a profile of the heap to the file that follows
	replicaIsStarted = "started\n" // the replica's first line
)

func TestMain(m *testing.M) {
	if corefile := os.Getenv(corefileVariable); corefile != "" {
		if err := serveReplica(corefile, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// usage is what a replica uses.
type usage struct {
	Heap int64         // after a garbage collection
	RSS  int64         // resident memory
	Peak int64         // the same at most
	CPU  time.Duration // since the start
	// Known are the plugin's gauges, added up over their labels.
	Known map[string]float64
}

func serveReplica(corefile string, in io.Reader, out io.Writer) error {
	dnsserver.Quiet = true
	if _, err := caddy.Start(caddy.CaddyfileInput{Contents: []byte(corefile), ServerTypeName: "dns"}); err != nil {
		return err
	}
	fmt.Fprint(out, replicaIsStarted)
	for lines := bufio.NewScanner(in); lines.Scan(); {
		command, argument, _ := strings.Cut(lines.Text(), " ")
		var answer any = struct{}{}
		switch command {
		case measureCommand:
			settle()
			answer = measureSelf()
		case forgetCommand:
			if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
				return err
			}
		case profileCommand:
			f, err := os.Create(argument)
			if err != nil {
				return err
			}
			if err := pprof.WriteHeapProfile(f); err != nil {
				return err
			}
			if err := f.Close(); err != nil {
				return err
			}
		}
		if err := json.NewEncoder(out).Encode(answer); err != nil {
			return err
		}
	}
	return nil
}

// settled is how long there must be nothing to do. A watch that is open then has lasted: one that ends within its first
// second, without an event, is a failure to client-go, and everything is read again.
const settled = 2 * time.Second

// settle returns when the process has nothing left to do: when it hardly computes anything, and nothing wants to. The
// second is not the same on a machine that has others to do as well.
func settle() {
	const step = 100 * time.Millisecond
	tick := time.NewTicker(step)
	defer tick.Stop()
	since := time.Now()
	for before := cpu(); time.Since(since) < settled; {
		<-tick.C
		now := cpu()
		if now-before > step/20 || wanting() {
			since = time.Now()
		}
		before = now
	}
}

// wanting says whether there is a goroutine that could go on, beside the one that asks.
func wanting() bool {
	samples := []metrics.Sample{{Name: "/sched/goroutines/runnable:goroutines"}, {Name: "/sched/goroutines/running:goroutines"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64()+samples[1].Value.Uint64() > 1
}

func cpu() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func measureSelf() usage {
	u := usage{RSS: resident("VmRSS"), Peak: resident("VmHWM"), CPU: cpu(), Known: map[string]float64{}}
	for _, family := range must(prometheus.DefaultGatherer.Gather()) {
		if name, ours := strings.CutPrefix(family.GetName(), "coredns_headless_"); ours {
			for _, metric := range family.GetMetric() {
				u.Known[name] += metric.GetGauge().GetValue()
			}
		}
	}
	runtime.GC()
	runtime.GC() // what has a finalizer or a cleanup, and what pools hold, goes away in the second
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	u.Heap = int64(memory.HeapAlloc)
	return u
}

// resident is what the kernel says of the process's memory: VmRSS now, VmHWM at most. Getrusage would tell of the process
// before exec too.
func resident(what string) int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		panic(err)
	}
	_, after, _ := strings.Cut(string(status), what+":")
	var kilobytes int64
	if _, err := fmt.Sscanf(after, "%d kB", &kilobytes); err != nil {
		panic(err)
	}
	return kilobytes << 10
}

// replica is the one that is measured, as seen from the benchmark.
type replica struct {
	b   *testing.B
	in  io.Writer
	out *bufio.Reader
}

// startReplica returns when it serves.
func startReplica(b *testing.B, corefile string) (r *replica, stop func()) {
	b.Helper()
	command := exec.CommandContext(b.Context(), must(os.Executable()))
	command.Env = append(os.Environ(), corefileVariable+"="+corefile)
	command.Stderr = os.Stderr
	in, out := must(command.StdinPipe()), must(command.StdoutPipe())
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	r = &replica{b: b, in: in, out: bufio.NewReader(out)}
	for line := ""; line != replicaIsStarted; { // CoreDNS writes its log there too
		var err error
		if line, err = r.out.ReadString('\n'); err != nil {
			b.Fatalf("The replica does not start: %v", err)
		}
	}
	return r, func() {
		if err := in.Close(); err != nil {
			b.Error(err)
		}
		if err := command.Wait(); err != nil {
			b.Error(err)
		}
	}
}

// do has the replica do something.
func (r *replica) do(command string) (answer usage) {
	r.b.Helper()
	fmt.Fprintln(r.in, command)
	for {
		line, err := r.out.ReadString('\n')
		if err != nil {
			r.b.Fatalf("The replica does not %s: %v", command, err)
		}
		if strings.HasPrefix(line, "{") {
			if err := json.Unmarshal([]byte(line), &answer); err != nil {
				r.b.Fatal(err)
			}
			return answer
		}
	}
}
