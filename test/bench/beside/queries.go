package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// queries measures what queries cost.
func (b *bench) queries(ctx context.Context) error {
	b.servers = map[string]*server{}
	defer func() {
		for name, s := range b.servers {
			if name != wholeFile {
				s.Kill()
			}
		}
	}()
	p := newProgram(b.quick)
	for _, v := range allVariants() {
		s, err := b.start(v, harness.CoreDNSOptions{})
		if err != nil {
			return err
		}
		b.servers[v.name] = s
	}
	var questions []question
	for _, c := range p.all() {
		questions = append(questions, c.question)
	}
	zones, err := b.fileVariant(b.servers[headless], questions)
	if err != nil {
		return err
	}
	if b.servers[file], err = b.start(zones, harness.CoreDNSOptions{}); err != nil {
		return err
	}
	b.servers[wholeFile] = b.servers[file]
	if err := b.agree(p.all()); err != nil {
		return err
	}
	failed := b.play(ctx, p.all())
	if p.rounds() == 0 {
		return failed
	}
	heaps := map[string]int64{}
	for name, s := range b.servers {
		if heaps[name], err = s.heap(ctx); err != nil {
			return err
		}
	}
	return errors.Join(failed, b.writeQueries(p, heaps))
}

// agree asks everything once: a server that is quick because it answers something else is no measure.
func (b *bench) agree(contests []*contest) error {
	for _, c := range contests {
		want := 0
		for i, name := range c.variants {
			if name == whoami || c.crowd {
				continue
			}
			s := b.service(c.endpoints)
			reply, err := exchange(b.servers[name].Address, c.via, c.message(s, c.zoneFor(name)))
			if err != nil {
				return fmt.Errorf("asking %s for %s: %w", name, c.question, err)
			}
			if i == 0 {
				want = len(reply.Answer)
			}
			// Policies leave out some. And names are not all of one length, and which are in an answer that is cut is left
			// to chance.
			got := len(reply.Answer)
			same := max(got-want, want-got) <= want/10 || slices.Contains(policyNames(), name)
			if !same || (got == 0) != (c.kind == kindNXDOMAIN) {
				return fmt.Errorf("%s gives %d records for %s, %s %d", name, got, c.question, c.variants[0], want)
			}
		}
	}
	return nil
}
