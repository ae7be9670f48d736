package e2e

import (
	"bytes"
	"fmt"
	"net"
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
			query, response := recorded.of(e.port)
			if !bytes.Equal(query, e.sent) {
				return fmt.Errorf("query %x, was %x", query, e.sent)
			}
			if !bytes.Equal(response, e.received) {
				return fmt.Errorf("response %x, was %x", response, e.received)
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

// of returns the query and the response of a client, which is known by its port.
func (r *taps) of(port int) (query, response []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.messages {
		if int(m.GetQueryPort()) != port {
			continue
		}
		switch m.GetType() {
		case tap.Message_CLIENT_QUERY:
			query = m.GetQueryMessage()
		case tap.Message_CLIENT_RESPONSE:
			response = m.GetResponseMessage()
		}
	}
	return query, response
}
