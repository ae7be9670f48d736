package e2e

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// checkFrom is harness.Check from another address.
func checkFrom(address string, server *harness.CoreDNS, wants ...harness.Want) error {
	var errs []error
	for _, want := range wants {
		for _, network := range harness.Transports {
			reply, err := harness.AskFrom(net.ParseIP(address), network, server.Address, want.Question)
			if err == nil {
				err = want.Compare(reply)
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("%s from %s over %s: %w", want.Question, address, network, err))
			}
		}
	}
	return errors.Join(errs...)
}

// deadline bounds how long a test waits on a connection.
func deadline(connection *dns.Conn) error {
	return connection.SetDeadline(time.Now().Add(harness.Patience))
}

// exchange is a question and its answer as they went over the wire, from a port of their own.
type exchange struct {
	question, network string
	sent, received    []byte
	port              int
}

// exchangeRaw asks a question. The client takes what comes, however much it said that it would take.
func exchangeRaw(t *testing.T, network string, server *harness.CoreDNS, question string) exchange {
	t.Helper()
	e := exchange{question: question, network: network}
	query, err := harness.Query(question)
	if err != nil {
		t.Fatal(err)
	}
	if e.sent, err = query.Pack(); err != nil {
		t.Fatal(err)
	}
	connection, err := harness.Client(net.IPv4(127, 0, 0, 1), network).Dial(server.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	connection.UDPSize = dns.MaxMsgSize - 1
	e.port = int(netip.MustParseAddrPort(connection.LocalAddr().String()).Port())
	if err := deadline(connection); err != nil {
		t.Fatal(err)
	}
	if _, err := connection.Write(e.sent); err != nil {
		t.Fatal(err)
	}
	if e.received, err = connection.ReadMsgHeader(nil); err != nil {
		t.Fatalf("%s over %s: %v", question, network, err)
	}
	return e
}

// addressWant is the answer with these addresses to a question of type A.
func addressWant(name string, addresses ...string) harness.Want {
	want := harness.Want{Question: name + " A"}
	for _, address := range addresses {
		want.Answer = append(want.Answer, addressRecord(name, address))
	}
	return want
}

// metrics is what Prometheus is told.
func metrics(t *testing.T, address string) string {
	t.Helper()
	client := http.Client{Timeout: 5 * time.Second}
	response, err := client.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// metric is the sum of a metric's samples that have all the labels, each as NAME="VALUE". What was never counted
// is 0.
func metric(t *testing.T, address, name string, labels ...string) float64 {
	t.Helper()
	sum := 0.0
	for line := range strings.Lines(metrics(t, address)) {
		line = strings.TrimSpace(line)
		end := strings.LastIndex(line, " ") // values of labels may have spaces
		if !strings.HasPrefix(line, name+"{") && !strings.HasPrefix(line, name+" ") || !containsAll(line[:end], labels) {
			continue
		}
		value := line[end+1:]
		number, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatalf("Line %q: %v", line, err)
		}
		sum += number
	}
	return sum
}

func containsAll(text string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}
