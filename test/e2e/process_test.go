package e2e

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/headless-dns/headless/test/e2e/harness"
)

const (
	// lameduck is how long a server that was told to end goes on answering.
	lameduck = 5 * time.Second
	// crowd is how many clients ask, each as fast as it is answered.
	crowd = 8
)

// loaded is a server that ends in peace, and can be told to reload.
func loaded(negativeTTL int) string {
	return strings.Replace(alone("headless", fromKubeconfig, fmt.Sprintf("negative_ttl %d", negativeTTL)),
		"errors", "errors\n    health {$HEALTH_ADDRESS} {\n        lameduck "+lameduck.String()+"\n    }", 1)
}

func TestUnderLoadNeitherReloadsNorTheEndLoseAQuery(t *testing.T) {
	t.Parallel()
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	cluster.Create(t, db, harness.StatefulSet(db, "db", 3))
	server, err := cluster.RunCoreDNS(harness.CoreDNSOptions{
		Binary: corednsBinary, Corefile: loaded(1), Env: []string{"HEALTH_ADDRESS=" + harness.FreeAddress(t)},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Kill)
	expectPods(t, server, "the pods are answered", db, "db-0", "db-1", "db-2")
	ask := func() (probers []*harness.Prober) {
		for range crowd {
			probers = append(probers, harness.StartProber(t, server.Address, serviceName(db)+" A"))
		}
		return probers
	}
	check := func(when string, probers []*harness.Prober) {
		t.Helper()
		n := 0
		for _, p := range probers {
			for _, sample := range answered(p.Stop()) {
				if n++; sample.Err != nil || len(sample.Addresses) != 3 {
					t.Fatalf("%s: %s: %v", when, sample, sample.Err)
				}
			}
		}
		t.Logf("%s: %d answers", when, n)
	}

	probers := ask()
	for i := range 3 {
		server.ChangeCorefile(t, loaded(i+2))
		server.Signal(syscall.SIGUSR1)
		expectNegativeTTL(t, server, uint32(i+2))
	}
	probers[0].KeepOn(t, propagation)
	check("In three reloads", probers)

	probers = ask()
	probers[0].KeepOn(t, time.Second)
	server.Signal(syscall.SIGTERM)
	probers[0].KeepOn(t, lameduck/2) // then clients know
	check("In its last seconds", probers)
	select {
	case <-server.Ended():
	case <-time.After(2*lameduck + harness.Patience):
		t.Error("It does not end")
	}
	if strings.Contains(server.Output(), "DATA RACE") {
		t.Error(server.Output())
	}
}
