package chaos

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// settlePatience is how long after the API is back all answers may take to be those of its objects. Who was refused asks
// again within ten seconds; and a service that becomes headless while its slices do not say so is looked at again after
// ten seconds.
const settlePatience = 45 * time.Second

// settle gives everything back that was taken, and waits until every answer of every replica is that of the API's
// objects. A replica that is still cut off has the right answers too as long as nothing changes, so something does.
func (r *Run) settle() error {
	begin := time.Now()
	if err := r.heal(); err != nil {
		return fmt.Errorf("the control plane does not come back: %w", err)
	}
	if err := r.startDead(); err != nil {
		return err
	}
	if err := r.mark(); err != nil {
		return fmt.Errorf("writing a marker: %w", err)
	}
	if err := harness.Poll(settlePatience, r.compare); err != nil {
		return fmt.Errorf("the answers do not become those of the API's objects: %w", err)
	}
	took := time.Since(begin)
	r.Stats.Settles++
	r.Stats.All += took
	r.Stats.Longest = max(r.Stats.Longest, took)
	if !r.disturbed.IsZero() {
		r.judge.Disturbed(r.disturbed, time.Now())
		r.disturbed = time.Time{}
	}
	r.judge.Settled(time.Now())
	for _, each := range r.replicas {
		each.disk.Settled(time.Now())
	}
	err := r.check()
	r.forget(begin)
	return err
}

// compare asks for everything that there is, and for what was there since the last settle.
func (r *Run) compare() error {
	ctx, cancel := context.WithTimeout(context.Background(), requestPatience)
	defer cancel()
	answers, err := ReadAnswers(ctx, r.plane.Client, r.namespace)
	if err != nil {
		return err
	}
	var addresses []string
	for _, each := range r.replicas {
		if err := errors.Join(each.heard(), each.Ready()); err != nil {
			return err
		}
		addresses = append(addresses, each.Address)
	}
	return answers.Check(addresses, r.history.Questions()...)
}
