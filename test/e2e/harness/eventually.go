package harness

import (
	"fmt"
	"testing"
	"time"
)

const (
	// Patience is how long a test waits for what must come: many times what it takes on a machine that is not busy.
	Patience = 30 * time.Second
	// pollPeriod is short enough that a test does not wait for its own polling.
	pollPeriod = 20 * time.Millisecond
)

// Poll calls check until it returns nil, and returns its last error where patience ends before that.
func Poll(patience time.Duration, check func() error) error {
	deadline := time.After(patience)
	ticker := time.NewTicker(pollPeriod)
	defer ticker.Stop()
	for {
		err := check()
		if err == nil {
			return nil
		}
		select {
		case <-deadline:
			return fmt.Errorf("not within %s: %w", patience, err)
		case <-ticker.C:
		}
	}
}

// Eventually ends the test where check does not return nil in time.
func Eventually(t testing.TB, what string, check func() error) {
	t.Helper()
	if err := Poll(Patience, check); err != nil {
		t.Fatalf("Waiting until %s: %v", what, err)
	}
}
