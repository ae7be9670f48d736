package e2e

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
	"github.com/headless-dns/headless/test/e2e/worlds"
)

var (
	worldsSeed  = flag.Uint64("worlds.seed", 1, "seed of the first world that is compared; each has the next one")
	worldsCount = flag.Int("worlds.count", 210, "how many worlds are compared")
)

const (
	// worldsAtOnce keeps both the API server and the two that are compared at work.
	worldsAtOnce = 8
	// worldRounds is how often a world is asked: as it was made, and after changes.
	worldRounds = 3
	// differencePatience is how long the two may take to come to the same.
	differencePatience = 5 * time.Second
)

// The oracle is the kubernetes plugin: whoever swaps us in must lose nothing.
func TestEveryAnswerIsThatOfTheKubernetesPluginButForTheIntendedDifferences(t *testing.T) {
	run := &differential{
		T: t, Tally: worlds.NewTally(),
		cluster: &worlds.Cluster{Client: cluster.Client},
		ours:    startCompared(t, "headless {PROPERTIES fallthrough\n}\nkubernetes {PROPERTIES noendpoints\n}"),
		theirs:  startCompared(t, "kubernetes {PROPERTIES zonal\n}"),
	}
	t.Logf("The worlds have the seeds %d to %d", *worldsSeed, *worldsSeed+uint64(*worldsCount)-1)
	seeds := make(chan uint64)
	var workers sync.WaitGroup
	for range worldsAtOnce {
		workers.Go(func() {
			for seed := range seeds {
				run.world(seed)
			}
		})
	}
	for i := range *worldsCount {
		seeds <- *worldsSeed + uint64(i)
	}
	close(seeds)
	workers.Wait()
	t.Logf("%s", run.Tally)
	if t.Failed() {
		return
	}
	if run.Worlds() < 200 {
		return // too few to show everything
	}
	for _, missing := range run.Missing(worlds.IntendedDifferences) {
		t.Errorf("In this run %s", missing)
	}
	if run.Answers() < 20_000 {
		t.Errorf("Compared %d answers, want 20,000", run.Answers())
	}
}

// startCompared starts a CoreDNS that serves both zones of the worlds, each with its reverse zones, with the same
// plugins; PROPERTIES stands for what all have in common.
func startCompared(t *testing.T, plugins string) *harness.CoreDNS {
	t.Helper()
	block := func(zones, option string) string {
		properties := "\n" + fromKubeconfig + "\nttl 30\n" + option + "\n"
		return zones + " {\nbind 127.0.0.1\nerrors\nready {$READY_ADDRESS}\n" + strings.ReplaceAll(plugins, "PROPERTIES", properties) + "\n}\n"
	}
	server := cluster.StartCoreDNS(t, harness.CoreDNSOptions{
		Binary: corednsBinary,
		Corefile: block("cluster.local in-addr.arpa ip6.arpa", "") +
			block("podnames.test 11.in-addr.arpa 1.1.d.f.ip6.arpa", "endpoint_pod_names"),
	})
	harness.Eventually(t, "it is ready", server.Ready)
	return server
}

// differential is a run of the test.
type differential struct {
	*testing.T
	*worlds.Tally
	cluster      *worlds.Cluster
	ours, theirs *harness.CoreDNS

	mu       sync.Mutex
	reported int
}

// checker returns what asks both servers.
func (d *differential) checker(tally *worlds.Tally) *worlds.Checker {
	return &worlds.Checker{
		Ours: worlds.NewAsker(d.ours.Address), Theirs: worlds.NewAsker(d.theirs.Address),
		Intended: worlds.IntendedDifferences, Tally: tally,
	}
}

// world makes a world, changes it, and compares the answers each time.
func (d *differential) world(seed uint64) {
	if d.Failed() {
		return
	}
	g := worlds.NewGenerator(seed)
	namespace := g.Namespace()
	if err := d.createNamespace(namespace); err != nil {
		d.Errorf("World %d: %v", seed, err)
		return
	}
	checker := d.checker(d.Tally)
	defer checker.Close()
	var before *worlds.World
	changes := 0
	for round := range worldRounds {
		if round > 0 {
			changes += g.Change()
		}
		view, err := d.settle(checker, g.Rand, namespace, before, g.World, round)
		if err != nil {
			d.Errorf("World %d, round %d: %v", seed, round, err)
			return
		}
		if view.Unfinished != nil {
			d.Logf("World %d, round %d, is compared before its controllers are done: %v", seed, round, view.Unfinished)
		}
		before = g.World.Clone()
		differ, err := checker.Check(view, worlds.Questions(g.Rand, view), differencePatience)
		if err != nil {
			d.Errorf("World %d, round %d: %v", seed, round, err)
			return
		}
		if len(differ) > 0 {
			// A smaller world has the same addresses.
			_ = d.cluster.Apply(d.Context(), namespace, before, nil, g.Shuffle)
			d.report(seed, round, before, differ)
			return
		}
	}
	d.World(changes)
	if err := d.cluster.Apply(d.Context(), namespace, before, nil, g.Shuffle); err != nil {
		d.Errorf("World %d: taking it away: %v", seed, err)
	}
}

func (d *differential) createNamespace(name string) error {
	_, err := d.cluster.Client.CoreV1().Namespaces().Create(d.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	return err
}

func (d *differential) settle(checker *worlds.Checker, r *rand.Rand, namespace string, before, after *worlds.World, round int) (*worlds.View, error) {
	if err := d.cluster.Apply(d.Context(), namespace, before, after, r.Shuffle); err != nil {
		return nil, err
	}
	return d.cluster.Settle(d.Context(), namespace, after, worlds.Marker(round), checker.Seen)
}

// report tells of the first difference of a world, in the smallest world that still shows it. Only a few worlds are
// made small: they mostly show the same.
func (d *differential) report(seed uint64, round int, world *worlds.World, differ []worlds.Difference) {
	d.mu.Lock()
	defer d.mu.Unlock()
	first := differ[0]
	about := fmt.Sprintf("World %d (-worlds.seed %d -worlds.count 1), round %d: %d answers differ, the first:\n%s", seed, seed, round, len(differ), first)
	if d.reported++; d.reported > 2 {
		d.Errorf("%s", about)
		return
	}
	small, shown, ok := d.shrink(seed, world, first)
	if !ok {
		d.Errorf("%s\n\nThe world alone, without its changes, does not show it:\n%s", about, world.YAML(first.View.Namespace))
		return
	}
	d.Errorf("%s\n\nThe smallest world that shows one:\n%s\n\n%s", about, small.YAML(shown.View.Namespace), shown)
}
