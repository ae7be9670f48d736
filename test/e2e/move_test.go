package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

const (
	moves    = 20
	resident = "192.0.2.10" // stays where it is
	mover    = "192.0.2.20"
)

// startMoving makes a service of two slices, between which an endpoint can move, and begins to ask for it.
func startMoving(t *testing.T) (*corev1.Service, *harness.Prober) {
	t.Helper()
	db := harness.WithoutSelector(harness.HeadlessService(cluster.NewNamespace(t), "db"))
	cluster.Create(t, db,
		harness.Slice(db, "slice-1", discoveryv1.AddressTypeIPv4),
		harness.Slice(db, "slice-0", discoveryv1.AddressTypeIPv4, harness.Endpoint(resident, ""), harness.Endpoint(mover, "")))
	harness.Eventually(t, "both endpoints are answered", func() error { return checkBoth(db) })
	return db, harness.StartProber(t, shared.Address, serviceName(db)+" A")
}

func checkBoth(s *corev1.Service) error {
	name := serviceName(s)
	return harness.Check(shared.Address, harness.Want{
		Question: name + " A", Answer: []string{addressRecord(name, resident), addressRecord(name, mover)},
	})
}

func addMover(t *testing.T, s *corev1.Service, slice int) {
	t.Helper()
	cluster.ChangeSlice(t, s.Namespace, fmt.Sprintf("slice-%d", slice), func(e *discoveryv1.EndpointSlice) {
		e.Endpoints = append(e.Endpoints, harness.Endpoint(mover, ""))
	})
}

func removeMover(t *testing.T, s *corev1.Service, slice int) {
	t.Helper()
	cluster.ChangeSlice(t, s.Namespace, fmt.Sprintf("slice-%d", slice), func(e *discoveryv1.EndpointSlice) {
		e.Endpoints = slices.DeleteFunc(e.Endpoints, func(e discoveryv1.Endpoint) bool { return e.Addresses[0] == mover })
	})
}

func TestAnEndpointThatMovesIsNeverMissingAndNeverTwice(t *testing.T) {
	t.Parallel()
	db, prober := startMoving(t)
	for i := range moves {
		from, to := i%2, (i+1)%2
		addMover(t, db, to)
		removeMover(t, db, from)
	}
	prober.KeepOn(t, 2*propagation)
	samples := prober.Stop()
	always := &harness.History{}
	always.Set(time.Time{}.Add(1), []string{resident, mover})
	if err := always.Check(samples, 0); err != nil {
		t.Errorf("In %d moves: %v", moves, err)
	}
	t.Logf("%d answers while an endpoint moved %d times", len(samples), moves)
}

func TestAnEndpointThatLeavesBeforeItMovesIsMissingNoLongerThanTheAPIShows(t *testing.T) {
	t.Parallel()
	db, prober := startMoving(t)
	shown := &harness.History{}
	shown.Set(time.Time{}.Add(1), []string{resident, mover})
	for i := range moves {
		from, to := i%2, (i+1)%2
		shown.Set(time.Now(), []string{resident})
		removeMover(t, db, from)
		addMover(t, db, to)
		shown.Set(time.Now(), []string{resident, mover})
		if err := harness.Poll(propagation, func() error { return checkBoth(db) }); err != nil {
			t.Errorf("Move %d: %v", i, err)
		}
	}
	prober.KeepOn(t, 2*propagation)
	samples := prober.Stop()
	if err := shown.Check(samples, propagation); err != nil {
		t.Errorf("In %d moves: %v", moves, err)
	}
	t.Logf("%d answers while an endpoint moved %d times, missing at most %s longer than in the API", len(samples), moves, shown.Lag(samples))
}
