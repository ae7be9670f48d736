package e2e

import (
	"bytes"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"

	tap "github.com/dnstap/golang-dnstap"
	"google.golang.org/protobuf/proto"

	"github.com/headless-dns/headless/test/e2e/harness"
)

func TestDnstapShowsWhatTheClientSentAndGot(t *testing.T) {
	t.Parallel()
	recorded, address := recordTaps(t)
	many := manyEndpoints()
	server := startBlocks(t, block("cluster.local in-addr.arpa",
		"dnstap tcp://"+address+" full", headlessOn(onManifests(t, chainDB, many))))
	wants := append(chainDB.wants(), denied("none."+chainDB.name+" A")...)
	wants = append(wants, harness.Want{Question: many.name + " A"}) // cut to what the client takes
	var exchanges []exchange
	for _, want := range wants {
		for _, network := range harness.Transports {
			exchanges = append(exchanges, exchangeRaw(t, network, server, want.Question))
		}
	}
	for _, e := range exchanges {
		harness.Eventually(t, fmt.Sprintf("%s over %s is on dnstap", e.question, e.network), func() error {
			if !recorded.has(e.port, tap.Message_CLIENT_QUERY, e.sent) {
				return fmt.Errorf("no query %x", e.sent)
			}
			if !recorded.has(e.port, tap.Message_CLIENT_RESPONSE, e.received) {
				return fmt.Errorf("no response %x", e.received)
			}
			return nil
		})
	}
}

// taps are the messages that came from dnstap.
type taps struct {
	mu       sync.Mutex
	messages []*tap.Message
}

// recordTaps listens to dnstap to the end of the test.
func recordTaps(t *testing.T) (*taps, string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	recorded := &taps{}
	frames := make(chan []byte)
	go tap.NewFrameStreamSockInput(listener).ReadInto(frames)
	go func() {
		for frame := range frames {
			var payload tap.Dnstap
			if proto.Unmarshal(frame, &payload) == nil {
				recorded.add(payload.GetMessage())
			}
		}
	}()
	return recorded, listener.Addr().String()
}

func (r *taps) add(m *tap.Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.messages = append(r.messages, m)
}

// has says whether there is such a message of a client, which is known by its port. A port may be used again.
func (r *taps) has(port int, kind tap.Message_Type, wire []byte) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.messages, func(m *tap.Message) bool {
		sent := m.GetQueryMessage()
		if kind == tap.Message_CLIENT_RESPONSE {
			sent = m.GetResponseMessage()
		}
		return int(m.GetQueryPort()) == port && m.GetType() == kind && bytes.Equal(sent, wire)
	})
}
