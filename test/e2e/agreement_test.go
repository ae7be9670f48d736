package e2e

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"testing"

	discoveryv1 "k8s.io/api/discovery/v1"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/kubernetes/pkg/features"

	"github.com/headless-dns/headless/test/e2e/harness"
	"github.com/headless-dns/headless/test/e2e/kubeproxy"
)

// The random services that the step hints is held against kube-proxy with, and how often hints must have been of any
// consequence, in each of the ways that there are, for the agreement to say something.
const (
	agreementSeed     = 1
	agreementServices = 3000
	agreementLeast    = 1000
)

func TestHintsChoosesWhatKubeProxyDoes(t *testing.T) {
	t.Parallel()
	if !utilfeature.DefaultFeatureGate.Enabled(features.PreferSameTrafficDistribution) {
		t.Fatal("This kube-proxy knows no hints for nodes")
	}
	chooser := startChooser(t)
	random := rand.New(rand.NewPCG(agreementSeed, 0))
	cases, ways := 0, map[string]int{narrowedByNode: 0, narrowedByZone: 0, hintsIgnored: 0}
	for n := range agreementServices {
		slice, clients := randomSlice(random), randomClients(random)
		chosen := chooser.choose(t, slice, clients...)
		for i, client := range clients {
			want := kubeproxy.Of(client.Node, client.Zone, slice).Chosen()
			if !slices.Equal(chosen[i], want) {
				failDisagreeing(t, chooser, n, slice, client)
			}
			cases++
			ways[wayOfHints(slice, client, want)]++
		}
	}
	t.Logf("%d cases agree: %v", cases, ways)
	for way, n := range ways {
		if n < agreementLeast {
			t.Errorf("Only %d cases were of the kind %q, want %d", n, way, agreementLeast)
		}
	}
}

// failDisagreeing ends the test with the smallest service that shows the difference.
func failDisagreeing(t *testing.T, chooser *chooser, n int, slice *discoveryv1.EndpointSlice, client clientPlace) {
	t.Helper()
	var got, want []string
	small := shrinkSlice(slice, func(candidate *discoveryv1.EndpointSlice) bool {
		got, want = chooser.choose(t, candidate, client)[0], kubeproxy.Of(client.Node, client.Zone, candidate).Chosen()
		return !slices.Equal(got, want)
	})
	got, want = chooser.choose(t, small, client)[0], kubeproxy.Of(client.Node, client.Zone, small).Chosen()
	t.Fatalf("Service %d of seed %d: client %+v gets %v, and kube-proxy chooses %v of\n%s",
		n, agreementSeed, client, got, want, describeSlice(small))
}

// clientPlace is what is known of where a client is: strings that are unknown are empty.
type clientPlace struct{ Node, Zone string }

// choosable is a policy.Endpoint, as far as hints can matter.
type choosable struct {
	Address, Node, Zone         string
	Ready, Serving, Terminating bool
	HintZones, HintNodes        []string
}

// chooser is a process that runs the step hints.
type chooser struct {
	questions *json.Encoder
	answers   *json.Decoder
}

func startChooser(t *testing.T) *chooser {
	t.Helper()
	command := exec.Command(harness.Built(harness.ChooserBinary))
	command.Stderr = os.Stderr
	in, errIn := command.StdinPipe()
	out, errOut := command.StdoutPipe()
	if errIn != nil || errOut != nil {
		t.Fatal(errIn, errOut)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // it ends with its questions, even where this process dies
		_ = in.Close()
		_, _ = io.Copy(io.Discard, out)
		if err := command.Wait(); err != nil && !t.Failed() {
			t.Errorf("The process that runs hints has ended with %v", err)
		}
	})
	return &chooser{questions: json.NewEncoder(in), answers: json.NewDecoder(out)}
}

// choose returns the addresses that each client gets, in their order.
func (c *chooser) choose(t *testing.T, slice *discoveryv1.EndpointSlice, clients ...clientPlace) [][]string {
	t.Helper()
	var question struct {
		Endpoints []choosable
		Clients   []clientPlace
	}
	for i := range slice.Endpoints {
		question.Endpoints = append(question.Endpoints, choosableOf(&slice.Endpoints[i]))
	}
	question.Clients = clients
	if err := c.questions.Encode(question); err != nil {
		t.Fatal(err)
	}
	var numbers [][]int32
	if err := c.answers.Decode(&numbers); err != nil || len(numbers) != len(clients) {
		t.Fatalf("Asked for %d clients, and was answered %v: %v", len(clients), numbers, err)
	}
	chosen := make([][]string, len(clients))
	for i := range numbers {
		for _, number := range numbers[i] {
			chosen[i] = append(chosen[i], slice.Endpoints[number].Addresses[0])
		}
		slices.Sort(chosen[i])
	}
	return chosen
}

// choosableOf reads an endpoint as the API says that it is to be read.
func choosableOf(e *discoveryv1.Endpoint) choosable {
	is := func(condition *bool, unknown bool) bool {
		if condition == nil {
			return unknown
		}
		return *condition
	}
	ready := is(e.Conditions.Ready, true)
	c := choosable{
		Address: e.Addresses[0], Node: *e.NodeName, Zone: *e.Zone,
		Ready: ready, Serving: is(e.Conditions.Serving, ready), Terminating: is(e.Conditions.Terminating, false),
	}
	if e.Hints != nil {
		for _, hint := range e.Hints.ForZones {
			c.HintZones = append(c.HintZones, hint.Name)
		}
		for _, hint := range e.Hints.ForNodes {
			c.HintNodes = append(c.HintNodes, hint.Name)
		}
	}
	return c
}
