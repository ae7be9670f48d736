package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A contest is one question that some variants are asked in turn, in every round.
type contest struct {
	question
	variants []string
	// crowd says that many clients ask, for many services.
	crowd bool
	// samples are what was measured: one of each round, by variant.
	samples map[string][]sample
}

// sample is what one variant did in one round.
type sample struct {
	perSecond float64
	cpu       float64   // of the server, in microseconds for a query
	latencies []float64 // in microseconds
}

// play measures all contests, round by round, so that whatever else the machine does hits all variants alike. A round that
// fails is left out, and no other begins.
func (b *bench) play(ctx context.Context, contests []*contest) error {
	begin := time.Now()
	for round := range b.size.rounds {
		for i, c := range contests {
			if err := b.playOne(ctx, c); err != nil {
				for _, c := range contests {
					c.leave(round)
				}
				return fmt.Errorf("in round %d: %w", round+1, err)
			}
			if i%10 == 9 || i == len(contests)-1 {
				progress("round %d of %d: %d of %d questions after %.0f s",
					round+1, b.size.rounds, i+1, len(contests), time.Since(begin).Seconds())
			}
		}
	}
	return nil
}

// playOne is one round of a contest.
func (b *bench) playOne(ctx context.Context, c *contest) error {
	for _, name := range c.variants {
		s, err := b.measure(ctx, c, name)
		if err != nil {
			return fmt.Errorf("%s, asked for %s: %w", name, c.question, err)
		}
		c.samples[name] = append(c.samples[name], s)
	}
	return nil
}

// leave forgets all but the first rounds.
func (c *contest) leave(rounds int) {
	for name, samples := range c.samples {
		c.samples[name] = samples[:min(rounds, len(samples))]
	}
}

// measure asks one variant for a while.
func (b *bench) measure(ctx context.Context, c *contest, name string) (sample, error) {
	s := b.servers[name]
	query := c.message(b.service(c.endpoints), c.zoneFor(name))
	load := func() (int, time.Duration, error) { return b.loadUDP(ctx, s.Address, query) }
	wait := func() ([]float64, error) { return latencies(s.Address, query, c.via, b.size.latency) }
	switch {
	case c.via == tcp:
		load = func() (int, time.Duration, error) { return loadTCP(s.Address, query, b.size.load) }
	case c.crowd:
		clients, err := newCrowd(c.zoneFor(name))
		if err != nil {
			return sample{}, err
		}
		load = func() (int, time.Duration, error) {
			took, err := clients.run(s.Address, outstanding, b.size.load)
			return len(took), b.size.load, err
		}
		wait = func() ([]float64, error) { return clients.run(s.Address, 1, b.size.latency) }
	}
	profiled := b.profile(ctx, s, c)
	before, err := s.cpu()
	if err != nil {
		return sample{}, err
	}
	answered, took, err := load()
	if err != nil {
		return sample{}, err
	}
	after, err := s.cpu()
	if err != nil {
		return sample{}, err
	}
	if err := <-profiled; err != nil {
		return sample{}, err
	}
	waited, err := wait()
	return sample{
		perSecond: float64(answered) / took.Seconds(),
		cpu:       microseconds(after-before) / float64(answered),
		latencies: waited,
	}, err
}

// profile writes what the server computes during the load, where profiles are asked for.
func (b *bench) profile(ctx context.Context, s *server, c *contest) <-chan error {
	done := make(chan error, 1)
	if b.profiles == "" {
		done <- nil
		return done
	}
	go func() {
		profile, err := s.debug(ctx, fmt.Sprintf("profile?seconds=%d", max(1, int(b.size.load.Seconds()))))
		if err == nil {
			name := strings.NewReplacer(" ", "_", ",", "").Replace(s.name + " " + c.String())
			err = os.WriteFile(filepath.Join(b.profiles, name+".pprof"), profile, 0o600)
		}
		done <- err
	}()
	return done
}
