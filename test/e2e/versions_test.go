package e2e

import (
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"testing"
)

// What tests have to know of the versions that make test-versions gives them.

// kubernetesMinor is the Y of Kubernetes 1.Y.
func kubernetesMinor(t *testing.T) int {
	t.Helper()
	version, err := cluster.Client.Discovery().ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	minor, err := strconv.Atoi(version.Minor)
	if err != nil {
		t.Fatalf("The version of Kubernetes is %+v", version)
	}
	return minor
}

// corednsBefore says whether the CoreDNS of these tests is older than a version.
func corednsBefore(t *testing.T, than ...int) bool {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), corednsBinary, "-version").Output()
	if err != nil {
		t.Fatal(err)
	}
	version := make([]int, 3)
	if _, err := fmt.Sscanf(string(out), "CoreDNS-%d.%d.%d", &version[0], &version[1], &version[2]); err != nil {
		t.Fatalf("The version of CoreDNS is %q: %v", out, err)
	}
	return slices.Compare(version, than) < 0
}

// needsTransferBehind skips a test where the kubernetes plugin of the CoreDNS cannot transfer a zone.
func needsTransferBehind(t *testing.T) {
	t.Helper()
	if corednsBefore(t, 1, 14, 5) {
		t.Skip("The kubernetes plugin never ends a transfer where it knows no address of its own but loopback")
	}
}
