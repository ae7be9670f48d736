package e2e

import (
	"errors"
	"testing"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// It does not run beside others: they would miss the API server.
func TestAControlPlaneThatDiesAndComesBackIsNotNoticed(t *testing.T) {
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	cluster.Create(t, db, harness.StatefulSet(db, "db", 2))
	expectPods(t, shared, "the pods are answered", db, "db-0", "db-1")
	shown := cluster.RecordSlices(t, db.Namespace)
	prober := harness.StartProber(t, shared.Address, serviceName(db)+" A")

	cluster.APIServer.Kill()
	cluster.Etcd.Kill()
	if err := errors.Join(cluster.Etcd.Start(), cluster.APIServer.Start(), cluster.WaitServing()); err != nil {
		t.Fatal(err)
	}
	samples := prober.Stop()
	if err := shown.Check(samples, 0); err != nil {
		t.Error(err)
	}
	t.Logf("%d answers while the control plane was away", len(samples))

	scale(t, db, 3)
	expectPods(t, shared, "what changed afterwards is answered", db, "db-0", "db-1", "db-2")
}
