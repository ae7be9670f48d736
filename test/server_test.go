package test

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coredns/caddy"

	"github.com/miekg/dns"
)

// server is the CoreDNS of a scenario.
type server struct {
	addresses map[string]string // by transport
	log       *logged
}

// The opening line of a server block, and the ports of its keys.
var (
	serverBlock = regexp.MustCompile(`(?m)^[^#\s].*\{$`)
	keyPort     = regexp.MustCompile(`:\d+`)
)

// onLoopback returns the Corefile with every server block on a free port of loopback.
func onLoopback(corefile string) string {
	return serverBlock.ReplaceAllStringFunc(corefile, func(line string) string {
		line = keyPort.ReplaceAllString(line, "")
		if strings.Contains(corefile, "bind 127.0.0.1") {
			return line
		}
		return line + "\n    bind 127.0.0.1"
	})
}

// start starts a CoreDNS on loopback, which ends with the test.
func start(t *testing.T, corefile string) *server {
	t.Helper()
	s := &server{log: &logged{}}
	before := log.Writer()
	log.SetOutput(s.log)
	t.Cleanup(func() {
		log.SetOutput(before)
		if t.Failed() {
			t.Logf("Log:\n%s", s.log)
		}
	})
	instance, err := caddy.Start(caddy.CaddyfileInput{
		Filepath: "Corefile", Contents: []byte(onLoopback(corefile)), ServerTypeName: "dns",
	})
	if err != nil {
		t.Fatalf("Could not start: %v", err)
	}
	t.Cleanup(func() {
		if errs := instance.ShutdownCallbacks(); len(errs) > 0 {
			t.Errorf("Shutdown failed: %v", errs)
		}
		if err := instance.Stop(); err != nil {
			t.Errorf("Stop failed: %v", err)
		}
	})
	listening := instance.Servers()[0]
	s.addresses = map[string]string{"udp": listening.LocalAddr().String(), "tcp": listening.Addr().String()}
	return s
}

// check asks and compares, again and again where a change has yet to be noticed.
func (s *server) check(t *testing.T, q query, wait bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		problems := s.problems(q)
		if len(problems) == 0 {
			return
		}
		select {
		case <-deadline:
			wait = false
		case <-tick.C:
		}
		if !wait {
			t.Error(strings.Join(problems, "\n"))
			return
		}
	}
}

// problems says what is not as it was said to be.
func (s *server) problems(q query) []string {
	if q.logged != "" {
		if !strings.Contains(s.log.String(), q.logged) {
			return []string{fmt.Sprintf("Nothing was logged that holds %q", q.logged)}
		}
		return nil
	}
	var problems []string
	for _, transport := range q.transports {
		got, err := s.ask(q, transport)
		if err != nil {
			problems = append(problems, fmt.Sprintf("dig %s by %s: %v", q.text, transport, err))
			continue
		}
		if got, want := replyOf(got, q.want).String(), q.want.String(); got != want {
			problems = append(problems, fmt.Sprintf("dig %s by %s\nwant %sgot  %s", q.text, transport, want, got))
		}
	}
	return problems
}

// ask asks once and checks what is true of every reply.
func (s *server) ask(q query, transport string) (*dns.Msg, error) {
	conn, err := clientAt(transport, cmp.Or(q.from, "127.0.0.1")).Dial(s.addresses[transport])
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	conn.UDPSize = dns.MaxMsgSize // so that a reply that is too long is seen whole
	m := q.message.Copy()
	m.Id = dns.Id()
	if err := errors.Join(conn.SetDeadline(time.Now().Add(patience)), conn.WriteMsg(m)); err != nil {
		return nil, err
	}
	wire, err := conn.ReadMsgHeader(nil)
	if err != nil {
		return nil, err
	}
	got := new(dns.Msg)
	if err := got.Unpack(wire); err != nil {
		return nil, err
	}
	// For an operation that CoreDNS does not know the header is all that it reads and sends.
	asked := got.Rcode == dns.RcodeNotImplemented && len(got.Question) == 0 || slices.Equal(got.Question, m.Question)
	switch {
	case got.Id != m.Id || !asked:
		return nil, fmt.Errorf("the reply is to the question %v", got.Question)
	case (got.IsEdns0() != nil) != (m.IsEdns0() != nil):
		return nil, fmt.Errorf("the reply's OPT record is %v, the query's %v", got.IsEdns0(), m.IsEdns0())
	case transport == "udp" && len(wire) > q.size():
		return nil, fmt.Errorf("the reply has %d octets, the client takes %d", len(wire), q.size())
	}
	return got, nil
}

// logged keeps what was logged.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

var _ io.Writer = (*logged)(nil)

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
