// Package e2e shows CoreDNS with headless beside a real Kubernetes control plane: etcd, kube-apiserver and the
// controllers, built from their Go modules. Only the kubelet is a stand-in: no container runs, no packet reaches a pod.
//
// Everything runs in a network namespace, in which the addresses of pods and nodes are those of the machine: a test asks
// from the address of the pod that it means. The control plane is started once for all tests; each has a namespace of its own. Most ask one CoreDNS that all share;
// one that needs another Corefile starts its own.
package e2e

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// What all tests share; set before the first one runs.
var (
	cluster *harness.ControlPlane
	kubelet *harness.Kubelet
	// shared serves sharedCorefile.
	shared *harness.CoreDNS
	// corednsBinary is the ready-made CoreDNS, built with the race detector, or the one that a flag gives.
	corednsBinary string
)

// What make test-versions has built of other versions, in the place of what is built here.
var (
	otherKubernetes = flag.String("kubernetes", "", "path of an API server and controllers, such as those of ./oldkubernetes")
	otherCoreDNS    = flag.String("coredns", "", "path of a CoreDNS with headless")
)

// sharedCorefile is headless as a replacement of the cluster's DNS, with a TTL that is not the default.
const sharedCorefile = `. {
    bind 127.0.0.1
    errors
    ready {$READY_ADDRESS}
    headless cluster.local in-addr.arpa ip6.arpa {
        kubeconfig {$KUBECONFIG_FILE}
        ttl 30
    }
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        kubeconfig {$KUBECONFIG_FILE}
        ttl 30
        noendpoints
    }
}`

// fromKubeconfig is where most find the API server.
const fromKubeconfig = "kubeconfig {$KUBECONFIG_FILE}"

// alone is a Corefile with one plugin that serves the cluster, with a TTL that is not the default and other properties.
func alone(plugin string, properties ...string) string {
	return `. {
    bind 127.0.0.1
    errors
    ready {$READY_ADDRESS}
    ` + plugin + ` cluster.local in-addr.arpa ip6.arpa {
        ttl 30
        ` + strings.Join(properties, "\n        ") + `
    }
}`
}

func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		fmt.Println("e2e: skipped: a control plane is nothing short")
		return
	}
	// The tests wait for other processes much more than they work.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	os.Exit(run(m))
}

// run returns the exit code; deferred calls stop whatever was started, in the order of a client before its server.
func run(m *testing.M) int {
	begin := func() (int, error) { return start(m) }
	if !harness.InNamespace() {
		begin = prepare
	}
	code, err := begin()
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return max(code, 1)
	}
	return code
}

// prepare builds what the tests run, for which the network may be needed, and then runs them where there is none.
func prepare() (int, error) {
	var builds errgroup.Group // linking takes a single processor
	builds.Go(harness.BuildControlPlane)
	builds.Go(harness.BuildChooser)
	if *otherCoreDNS == "" {
		builds.Go(harness.BuildCoreDNS)
	}
	if err := builds.Wait(); err != nil {
		return 1, err
	}
	return harness.RunInNamespace()
}

func start(m *testing.M) (int, error) {
	err := harness.SetUpNamespace()
	if err != nil {
		return 1, err
	}
	corednsBinary = cmp.Or(*otherCoreDNS, harness.Built(harness.CoreDNSBinary))
	binary := harness.Built(harness.ControlPlaneBinary)
	if cluster, err = harness.StartControlPlane(binary, cmp.Or(*otherKubernetes, binary)); err != nil {
		return 1, err
	}
	defer cluster.Stop()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if kubelet, err = harness.StartKubelet(ctx, cluster.Client); err != nil {
		return 1, err
	}
	if shared, err = cluster.RunCoreDNS(harness.CoreDNSOptions{Binary: corednsBinary, Corefile: sharedCorefile}); err != nil {
		return 1, err
	}
	code := m.Run()
	return code, shared.Close()
}
