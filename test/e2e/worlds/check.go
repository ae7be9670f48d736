package worlds

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// Checker asks two servers the same questions. It is for one goroutine.
type Checker struct {
	Ours, Theirs *Asker
	Intended     []Intended
	Tally        *Tally
}

// Close closes the connections to both.
func (c *Checker) Close() {
	c.Ours.Close()
	c.Theirs.Close()
}

// Difference is a question that the two answer differently, though nobody wants them to.
type Difference struct {
	Exchange
	What []string
}

func (d Difference) String() string {
	return fmt.Sprintf("%s\n    %s\n\nOurs:\n%s\n\nTheirs:\n%s", d.Question, strings.Join(d.What, "\n    "), Text(d.Ours), Text(d.Theirs))
}

// Check asks all questions, and those whose answers differ again until patience ends: one server may know of a change
// before the other.
func (c *Checker) Check(view *View, questions []Question, patience time.Duration) (differ []Difference, err error) {
	pending := questions
	_ = harness.Poll(patience, func() error {
		differ = nil
		var again []Question
		for _, q := range pending {
			exchange, asked := c.exchange(view, q)
			if err = asked; err != nil {
				return nil
			}
			what, used := exchange.Judge(c.Intended)
			if len(what) > 0 {
				differ, again = append(differ, Difference{exchange, what}), append(again, q)
				continue
			}
			c.Tally.compared(exchange, used)
		}
		if pending = again; len(pending) > 0 {
			return errors.New("some differ")
		}
		return nil
	})
	return differ, err
}

// exchange asks both, over TCP as well where an answer over UDP is cut: one with the TC bit, or of ours an SRV answer
// without all its additional records.
func (c *Checker) exchange(view *View, q Question) (Exchange, error) {
	e := Exchange{Question: q, View: view, AskTheirs: c.Theirs.Ask}
	var err error
	if e.Ours, e.Theirs, err = c.both(q); err != nil {
		return e, err
	}
	truncated := e.Ours.Truncated || e.Theirs.Truncated
	if q.Network != "udp" || !truncated && (q.Type != dns.TypeSRV || len(e.Compare()) == 0) {
		return e, nil
	}
	ours, theirs, err := c.both(q.over("tcp"))
	if err == nil && (truncated || e.tooLarge(ours)) {
		e.OursWhole, e.TheirsWhole = ours, theirs
	}
	return e, err
}

func (c *Checker) both(q Question) (ours, theirs *dns.Msg, err error) {
	if ours, err = c.Ours.Ask(q); err != nil {
		return nil, nil, err
	}
	theirs, err = c.Theirs.Ask(q)
	return ours, theirs, err
}

// Seen returns nil once the server that ours is compared with answers for a name.
func (c *Checker) Seen(name string) error {
	reply, err := c.Theirs.Ask(Question{Name: name, Type: dns.TypeA, Network: "udp"})
	if err == nil && len(reply.Answer) == 0 {
		err = fmt.Errorf("%s is not answered yet", name)
	}
	return err
}
