package chaos

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// Sample is one answer.
type Sample struct {
	Replica           int
	Network, Question string
	Asked, Answered   time.Time
	Data              []string // of its records, in alphabetical order
	Rcode             int
	Truncated         bool
	Stale             bool  // it says that nobody knows whether it is still true
	Down              bool  // the replica was not asked, for it did not run
	Err               error // no answer came
}

func (s Sample) String() string {
	age := ""
	if s.Stale {
		age = ", stale"
	}
	return fmt.Sprintf("replica %d over %s at %s, %s: %s [%s]%s", s.Replica, s.Network, s.Asked.Format("15:04:05.000"),
		s.Question, dns.RcodeToString[s.Rcode], strings.Join(s.Data, ", "), age)
}

// ask asks a replica a question, from where it says.
func ask(replica int, address, network, question string) Sample {
	s := Sample{Replica: replica, Network: network, Question: question, Asked: time.Now()}
	plain, client := clientOf(question)
	reply, err := harness.AskFrom(net.ParseIP(client), network, address, plain) // no address is whichever
	s.Answered = time.Now()
	if err != nil {
		s.Err = err
		return s
	}
	s.Rcode, s.Truncated, s.Stale = reply.Rcode, reply.Truncated, harness.IsStale(reply)
	for _, rr := range reply.Answer {
		s.Data = append(s.Data, dataOf(rr))
	}
	slices.Sort(s.Data)
	return s
}

// dataOf is what a record has beside its name.
func dataOf(rr dns.RR) string {
	switch rr := rr.(type) {
	case *dns.A:
		return rr.A.String()
	case *dns.AAAA:
		return rr.AAAA.String()
	case *dns.SRV:
		return fmt.Sprintf("%d %s", rr.Port, rr.Target)
	case *dns.PTR:
		return rr.Ptr
	}
	return rr.String()
}

// target is a replica that is asked, but for the time in which it does not run.
type target struct {
	address string

	mu   sync.RWMutex // held by who asks
	down bool
}

func (t *target) ask(replica int, network, question string) Sample {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.down {
		now := time.Now()
		return Sample{Replica: replica, Network: network, Question: question, Asked: now, Answered: now, Down: true}
	}
	return ask(replica, t.address, network, question)
}

// pause waits until what was asked is answered; nothing more is asked until resume.
func (t *target) pause() { t.set(true) }

func (t *target) resume() { t.set(false) }

func (t *target) set(down bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.down = down
}

// Asker asks all replicas at the same time, again and again, whatever has or had an answer.
type Asker struct {
	questions func() []string
	targets   []*target

	last atomic.Pointer[time.Time] // when it asked last

	mu      sync.Mutex
	samples []Sample
}

// askPeriod leaves most of the machine to what is tested.
const askPeriod = 5 * time.Millisecond

// Run asks until stop is closed.
func (a *Asker) Run(stop <-chan struct{}) {
	ticker := time.NewTicker(askPeriod)
	defer ticker.Stop()
	var questions []string
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		case now := <-ticker.C:
			a.last.Store(&now)
		}
		if len(questions) == 0 {
			if questions = a.questions(); len(questions) == 0 {
				continue
			}
		}
		a.askAll(harness.Transports[i%len(harness.Transports)], questions[0])
		questions = questions[1:]
	}
}

func (a *Asker) askAll(network, question string) {
	samples := together(len(a.targets), func(i int) Sample { return a.targets[i].ask(i, network, question) })
	a.mu.Lock()
	defer a.mu.Unlock()
	a.samples = append(a.samples, samples...)
}

// together asks all replicas at the same time.
func together(replicas int, ask func(replica int) Sample) []Sample {
	samples := make([]Sample, replicas)
	var asking sync.WaitGroup
	for i := range samples {
		asking.Go(func() { samples[i] = ask(i) })
	}
	asking.Wait()
	return samples
}

// next returns the first sample that was not taken yet, nil where there is none.
func (a *Asker) next() *Sample {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.samples) == 0 {
		return nil
	}
	return &a.samples[0]
}

// TakeBefore returns the samples that were asked before a time and not taken yet, in their order. Those of all replicas
// for a question stand together.
func (a *Asker) TakeBefore(end time.Time) []Sample {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for n < len(a.samples) && a.samples[n].Asked.Before(end) {
		n += len(a.targets)
	}
	taken := slices.Clone(a.samples[:n])
	a.samples = slices.Delete(a.samples, 0, n)
	return taken
}
