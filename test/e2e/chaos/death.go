package chaos

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// violation is an error that says that the law was broken: not that a step did not come to anything.
type violation struct{ error }

// startPatience is how long a replica may take until it is ready, on a busy machine.
const startPatience = startupTimeout + 10*time.Second

// killReplica ends a replica as the death of its machine would. Its snapshot stays.
func (r *Run) killReplica(number int) error {
	each := r.replicas[number]
	if each.dead {
		return errors.New("it does not run")
	}
	r.hear(number)
	each.target.pause()
	now := time.Now()
	each.Kill()
	each.dead = true
	heard := now
	if !r.disturbed.IsZero() {
		heard = r.disturbed
	}
	each.disk.Killed(now, heard)
	r.judge.Killed(number, now, each.disk.since)
	return nil
}

// startReplica starts a replica that was killed. Where the API is there, or where it has a snapshot, it must be ready soon;
// else it is waited for until the next settle.
func (r *Run) startReplica(number int) error {
	each := r.replicas[number]
	if !each.dead {
		return errors.New("it runs")
	}
	if each.broken { // whoever starts it mends that
		each.ChangeCorefile(r, r.corefile(number, each.variant))
		each.broken = false
	}
	usable, away := each.disk.Started(), r.isAway(number)
	if err := each.Start(); err != nil {
		return err
	}
	each.dead = false
	must := usable || r.disturbed.IsZero()
	patience := startupTimeout + Bound
	if must {
		patience = startPatience
	}
	err := r.awaitReady(number, patience)
	switch {
	case err != nil && must:
		return violation{fmt.Errorf("replica %d does not start (with a snapshot: %t, without the API server: %t): %w", number, usable, away, err)}
	case err != nil:
		return err
	case away:
		each.silent = &Silence{Replica: number, Begin: time.Now(), Kept: true}
		r.Stats.Kept++
	}
	return nil
}

// startDead starts all that were killed, and waits until all are ready.
func (r *Run) startDead() error {
	for number, each := range r.replicas {
		if each.dead {
			if err := r.startReplica(number); err != nil {
				return err
			}
		}
		if err := r.awaitReady(number, settlePatience); err != nil {
			return fmt.Errorf("replica %d is not ready: %w", number, err)
		}
	}
	return nil
}

// awaitReady waits until the replica says that it is ready, and answers. From then on it is asked.
func (r *Run) awaitReady(number int, patience time.Duration) error {
	each := r.replicas[number]
	err := harness.Poll(patience, each.Ready)
	if err == nil {
		err = each.WaitListening()
	}
	if err == nil {
		each.target.resume()
	}
	return err
}

// freezeReplica lets a replica hang.
func (r *Run) freezeReplica(number int) error {
	r.disturb()
	r.hear(number)
	r.replicas[number].target.pause()
	r.replicas[number].Signal(syscall.SIGSTOP)
	return nil
}

// thawReplica lets it go on. That it hears nothing it finds out now.
func (r *Run) thawReplica(number int) error {
	each := r.replicas[number]
	if each.dead {
		return errors.New("it does not run")
	}
	r.hear(number)
	each.Signal(syscall.SIGCONT)
	if err := r.awaitReady(number, startupTimeout+Bound); err != nil {
		return err
	}
	if each.shut || !r.plane.APIServer.Running() {
		r.hush(number)
	}
	return nil
}

// isAway says whether a replica that starts now cannot hear anything.
func (r *Run) isAway(number int) bool {
	return r.replicas[number].shut || r.frozen || !r.plane.APIServer.Running()
}

// hush says that a replica does not hear anything from now on.
func (r *Run) hush(number int) {
	if each := r.replicas[number]; !each.dead && each.silent == nil {
		each.silent = &Silence{Replica: number, Begin: time.Now()}
	}
}

func (r *Run) hushAll() {
	for number := range r.replicas {
		r.hush(number)
	}
}

// hear says that a replica may hear something from now on.
func (r *Run) hear(number int) {
	each := r.replicas[number]
	if each.silent != nil {
		each.silent.End = time.Now()
		r.judge.Silent(*each.silent)
		each.silent = nil
	}
}

func (r *Run) hearAll() {
	for number := range r.replicas {
		r.hear(number)
	}
}
