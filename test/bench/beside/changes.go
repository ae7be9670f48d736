package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/sync/errgroup"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// churned is how many endpoints the service has whose slices change.
const churned = 10_000

// change is what was measured of one plugin in one round, or of all rounds.
type change struct {
	// lags are the times from the API's answer to a patch until DNS answers it, in milliseconds: none of them less than 0,
	// for the answer may be there before the one of the API.
	lags []float64
	// cpu is what the plugin computes in a second, in milliseconds, received what it gets from the API server in it.
	cpu, received []float64
	// slices is how many changed in a second.
	slices []float64
}

// The two states of the cluster in which changes are measured.
var states = []string{"idle", "churn"}

// changes measures how a change of an endpoint of a large service comes to the answers.
func (b *bench) changes(ctx context.Context) error {
	all := map[string]*change{}
	for round := range b.size.rounds {
		for _, v := range []variant{headlessWith(headless, ""), kubernetesWith(kubernetes, "")} {
			for _, state := range states {
				key := v.name + " " + state
				if all[key] == nil {
					all[key] = &change{}
				}
				if err := b.change(ctx, v, state == "churn", all[key]); err != nil {
					return fmt.Errorf("%s: %w", key, err)
				}
			}
		}
		progress("changes: round %d of %d", round+1, b.size.rounds)
	}
	return b.writeChanges(all)
}

// change starts one plugin and changes endpoints for a while. No other runs beside it.
func (b *bench) change(ctx context.Context, v variant, churning bool, sum *change) error {
	gate, meter, err := b.cluster.OpenMeteredGate()
	if err != nil {
		return err
	}
	defer gate.Shut()
	s, err := b.start(v, harness.CoreDNSOptions{Through: gate})
	if err != nil {
		return err
	}
	defer s.Kill()
	if err := s.settle(ctx); err != nil {
		return err
	}
	w, err := newWriter(ctx, b.client, b.service(churned))
	if err != nil {
		return err
	}
	before, err := s.cpu()
	if err != nil {
		return err
	}
	received, begin := meter.Received(), time.Now()
	group, ctx := errgroup.WithContext(ctx)
	if churning {
		group.Go(func() error { return w.churn(ctx, b.size.changing) })
	}
	group.Go(func() error { return b.follow(ctx, s, w, begin.Add(b.size.changing), sum) })
	if err := group.Wait(); err != nil {
		return err
	}
	after, err := s.cpu()
	if err != nil {
		return err
	}
	seconds := time.Since(begin).Seconds()
	sum.cpu = append(sum.cpu, microseconds(after-before)/1e3/seconds)
	sum.received = append(sum.received, float64(meter.Received()-received)/seconds)
	sum.slices = append(sum.slices, float64(w.changed.Load())/seconds)
	return nil
}

// follow changes the address of one endpoint, again and again, and waits each time until DNS answers it.
func (b *bench) follow(ctx context.Context, s *server, w *writer, end time.Time, sum *change) error {
	const period = 100 * time.Millisecond
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	of := b.service(churned).name
	name := fmt.Sprintf("%s-0.%s.%s.svc.%s.", of, of, namespace, clusterZone)
	for n := 0; time.Now().Before(end); n++ {
		address := fmt.Sprintf("10.255.%d.%d", n>>8&255, n&255) // no other endpoint has it
		seen := make(chan answered, 1)
		go func() { seen <- untilAnswered(s.Address, name, address) }()
		err := w.change(ctx, 0, func(slice *discoveryv1.EndpointSlice) { slice.Endpoints[0].Addresses = []string{address} })
		written := time.Now()
		answer := <-seen
		if err := errors.Join(err, answer.err); err != nil {
			return err
		}
		sum.lags = append(sum.lags, max(0, microseconds(answer.at.Sub(written))/1e3))
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// answered is when an answer was seen.
type answered struct {
	at  time.Time
	err error
}

// untilAnswered asks without a pause until a name has an address.
func untilAnswered(target, name, address string) answered {
	want := net.ParseIP(address)
	query := new(dns.Msg).SetQuestion(name, dns.TypeA)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		reply, err := exchange(target, edns, query)
		if err != nil {
			return answered{err: err}
		}
		if len(reply.Answer) == 1 {
			if a, ok := reply.Answer[0].(*dns.A); ok && a.A.Equal(want) {
				return answered{at: time.Now()}
			}
		}
	}
	return answered{err: fmt.Errorf("%s is not answered within %s", address, patience)}
}
