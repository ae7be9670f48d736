package harness

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// Sample is one answer for a name's addresses.
type Sample struct {
	Network         string
	Asked, Answered time.Time
	Addresses       []string
	Err             error // no answer came, or one that is neither addresses nor a denial
}

func (s Sample) String() string {
	return fmt.Sprintf("%s %s [%s]", s.Network, s.Asked.Format("15:04:05.000"), strings.Join(s.Addresses, " "))
}

// Prober asks one question again and again, over UDP and TCP in turn.
type Prober struct {
	stop chan struct{}
	done chan struct{}
	once sync.Once
	last atomic.Pointer[time.Time] // when it asked last

	samples []Sample // belongs to the prober's goroutine until done is closed
}

// probePeriod leaves most of the machine to what is tested.
const probePeriod = 5 * time.Millisecond

// StartProber begins to ask a question of type A or AAAA. It ends with the test at the latest.
func StartProber(t testing.TB, address, question string) *Prober {
	t.Helper()
	return StartProberFrom(t, nil, address, question)
}

// StartProberFrom is the same from an address of this machine.
func StartProberFrom(t testing.TB, client net.IP, address, question string) *Prober {
	t.Helper()
	p := &Prober{stop: make(chan struct{}), done: make(chan struct{})}
	go p.run(client, address, question)
	t.Cleanup(func() { p.Stop() })
	return p
}

// KeepOn waits until the prober has asked for another while: what comes late must still come into its samples.
func (p *Prober) KeepOn(t testing.TB, while time.Duration) {
	t.Helper()
	end := time.Now().Add(while)
	Eventually(t, "the prober has asked for long enough", func() error {
		if last := p.last.Load(); last == nil || last.Before(end) {
			return fmt.Errorf("it is to ask until %s", end)
		}
		return nil
	})
}

// Stop ends the asking and returns all samples in their order.
func (p *Prober) Stop() []Sample {
	p.once.Do(func() { close(p.stop) })
	<-p.done
	return p.samples
}

func (p *Prober) run(client net.IP, address, question string) {
	defer close(p.done)
	ticker := time.NewTicker(probePeriod)
	defer ticker.Stop()
	for i := 0; ; i++ {
		select {
		case <-p.stop:
			return
		case <-ticker.C:
			sample := probe(client, Transports[i%len(Transports)], address, question)
			p.samples = append(p.samples, sample)
			p.last.Store(&sample.Asked)
		}
	}
}

func probe(client net.IP, network, address, question string) Sample {
	sample := Sample{Network: network, Asked: time.Now()}
	reply, err := AskFrom(client, network, address, question)
	sample.Answered = time.Now()
	switch {
	case err != nil:
		sample.Err = err
	case reply.Rcode != dns.RcodeSuccess && reply.Rcode != dns.RcodeNameError:
		sample.Err = fmt.Errorf("rcode %s", dns.RcodeToString[reply.Rcode])
	default:
		sample.Addresses = Addresses(reply)
	}
	return sample
}

// Addresses are those in the answer section, in its order.
func Addresses(reply *dns.Msg) []string {
	var addresses []string
	for _, rr := range reply.Answer {
		switch rr := rr.(type) {
		case *dns.A:
			addresses = append(addresses, rr.A.String())
		case *dns.AAAA:
			addresses = append(addresses, rr.AAAA.String())
		}
	}
	return addresses
}
