package e2e

import (
	"regexp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// It does not run beside others: it has the ports of a pod. The image's CoreDNS has no race detector, but is the same.
func TestTheProcessThatIsDeployedIsNobodyWritesNothingAndServesPort53(t *testing.T) {
	harness.NeedsContainers(t)
	cluster.Apply(t, harness.Deployed(t, "rights.yaml")...)
	db, web := createServices(t)
	expectPods(t, shared, "the pods are answered", db, "db-0", "db-1")
	config := harness.DeployedAs[corev1.ConfigMap](t, "ConfigMap", deployedName, "corefile.yaml")
	server := cluster.StartContained(t, corednsBinary, config.Data["Corefile"], deployedName, false)
	harness.Eventually(t, "the server is ready", server.Ready)
	expectSet(t, server, "the pods are answered over port 53", db, podAddresses(t, db, "db-0", "db-1")...)
	if err := harness.Check(server.Address, withTTL(namesOfKubernetes(t, web), 5)...); err != nil {
		t.Error(err)
	}
	if metric(t, "127.0.0.1:9153", "coredns_headless_services") == 0 {
		t.Error("There are no metrics")
	}
	expectConfined(t, server)
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
