package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// No other has the ports of a pod. The image's CoreDNS has no race detector, but is the same.
func TestTheProcessThatIsDeployedIsNobodyWritesOnlyItsSnapshotAndServesPort53(t *testing.T) {
	t.Parallel()
	harness.NeedsContainers(t)
	cluster.Apply(t, harness.Deployed(t, "rights.yaml")...)
	db, web := createServices(t)
	expectPods(t, shared, "the pods are answered", db, "db-0", "db-1")
	pods, others := podAddresses(t, db, "db-0", "db-1"), withTTL(namesOfKubernetes(t, web), 5)
	start := func(t *testing.T, options harness.ContainerOptions) *harness.CoreDNS {
		t.Helper()
		options.Binary, options.Account = corednsBinary, deployedName
		options.Corefile = harness.DeployedAs[corev1.ConfigMap](t, "ConfigMap", deployedName, "corefile.yaml").Data["Corefile"]
		server := cluster.StartContained(t, options)
		expectSet(t, server, "the pods are answered over port 53", db, pods...)
		if metric(t, "127.0.0.1:9153", "coredns_headless_services") == 0 {
			t.Error("There are no metrics")
		}
		expectConfined(t, server)
		return server
	}
	t.Run("without a volume", func(t *testing.T) {
		server := start(t, harness.ContainerOptions{})
		harness.Eventually(t, "the server is ready", server.Ready)
		harness.Eventually(t, "names of kubernetes are answered", func() error { return harness.Check(server.Address, others...) })
		harness.Eventually(t, "it says that it cannot write", func() error { return says(server, "The snapshot could not be written") })
	})
	volume, gate := t.TempDir(), cluster.NewGate(t)
	if err := os.Chmod(volume, 0o777); err != nil { // as the kubelet does
		t.Fatal(err)
	}
	t.Run("with a volume", func(t *testing.T) {
		gate.Open(t)
		t.Cleanup(gate.Shut)
		start(t, harness.ContainerOptions{Volume: volume, Through: gate})
		harness.Eventually(t, "the snapshot is there", func() error {
			_, err := os.Stat(filepath.Join(volume, "snapshot"))
			return err
		})
	})
	// The kubernetes plugin is not ready then, but who would take the pod out of its service for that is away too.
	t.Run("without the API server", func(t *testing.T) {
		server := start(t, harness.ContainerOptions{Volume: volume, Through: gate})
		if err := says(server, "serving the snapshot"); err != nil {
			t.Error(err)
		}
	})
}

func says(server *harness.CoreDNS, text string) error {
	if !strings.Contains(server.Output(), text) {
		return fmt.Errorf("it does not say %q:\n%s", text, server.LastLines(10))
	}
	return nil
}

// expectConfined checks who the process is, what it may do, and where it may write.
func expectConfined(t *testing.T, server *harness.CoreDNS) {
	t.Helper()
	const onlyPorts = "0000000000000400" // CAP_NET_BIND_SERVICE is number 10
	status := server.Proc(t, "status")
	for field, want := range map[string]string{
		"Uid": "65532\t65532\t65532\t65532", "Gid": "65532\t65532\t65532\t65532", "Groups": " ", "NoNewPrivs": "1",
		"CapPrm": onlyPorts, "CapEff": onlyPorts, "CapBnd": onlyPorts, "CapAmb": strings.Repeat("0", 16),
	} {
		if !strings.Contains(status, "\n"+field+":\t"+want+"\n") {
			t.Errorf("%s is not %q in\n%s", field, want, status)
		}
	}
	// ID PARENT MAJOR:MINOR ROOT POINT OPTIONS ...
	mounts := regexp.MustCompile(`(?m)^\d+ \d+ \d+:\d+ \S+ (\S+) (\S+) `).FindAllStringSubmatch(server.Proc(t, "mountinfo"), -1)
	if len(mounts) == 0 {
		t.Fatal("Nothing is mounted")
	}
	for _, mount := range mounts {
		point, options := mount[1], mount[2]
		kernels := regexp.MustCompile(`^/(proc|sys|dev)(/|$)`).MatchString(point)
		if !kernels && point != harness.ContainerData && !strings.HasPrefix(options, "ro,") {
			t.Errorf("It may write to %s (%s)", point, options)
		}
	}
}
