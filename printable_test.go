package headless

import (
	"bytes"
	"errors"
	golog "log"
	"net/url"
	"strings"
	"testing"
	"unicode"

	"github.com/coredns/coredns/plugin/metadata"
	"github.com/coredns/coredns/request"

	"github.com/miekg/dns"

	"github.com/headless-dns/headless/source"
)

// forged is what somebody may try to write into the log: a line of its own, and colours for the terminal.
const forged = "a\n[ERROR] plugin/headless: forged\r\x1b[31m\x00\u202e\u0085\xff"

// logged returns what is logged meanwhile.
func logged(t *testing.T, during func()) string {
	t.Helper()
	var out bytes.Buffer
	before := golog.Writer()
	golog.SetOutput(&out)
	defer golog.SetOutput(before)
	during()
	return out.String()
}

// expectPlain wants lines that all are ours, without a character that is not printable.
func expectPlain(t *testing.T, text string, lines int) {
	t.Helper()
	if n := strings.Count(text, "\n"); n != lines || strings.Count(text, "[WARNING] plugin/headless: ") != lines {
		t.Errorf("There are %d lines, want %d of ours:\n%q", n, lines, text)
	}
	for _, r := range strings.ReplaceAll(text, "\n", "") {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			t.Errorf("%q stands in the log: %q", r, text)
		}
	}
}

func TestNothingThatOthersWriteForgesALineOfTheLog(t *testing.T) {
	expectPlain(t, logged(t, func() {
		problem := source.Problem{Kind: "EndpointSlice", Object: nsName(forged, forged), Reason: source.ReasonAddress, Value: forged}
		new(problems).report(problem)
		failed := new(failures).report
		failed("list services", errors.New(forged))
		failed("watch services", &url.Error{Op: "Get", URL: forged, Err: errors.New(forged)})
		h := withBlock(t, "policy one {\nlimit 1\n}\napply one */*")
		h.policies.decide(forged+".default", forged)
		reportUnread(forged, errors.New(forged))
	}), 5)
}

// The log plugin writes metadata as they are. The API server takes any text for the zone of an endpoint.
func TestMetadataAreFitForALog(t *testing.T) {
	h := nearClients(t, "nodes", "nearest zone")
	h.cache.SetNode(nodeAt("n7\n", "c\x1b[31m\n", "172.16.0.7"))
	r := new(dns.Msg).SetQuestion("a\x01\n._mysql.x.pin._zone."+ofDB, dns.TypeA)
	wire, err := r.Pack()
	if err != nil || r.Unpack(wire) != nil {
		t.Fatal(err)
	}
	ctx := metadata.ContextWithMetadata(t.Context())
	state := request.Request{W: client{address: "172.16.0.7"}.writer(), Req: r}
	ctx = h.Metadata(ctx, state)
	for _, label := range metadata.Labels(ctx) {
		value := metadata.ValueFunc(ctx, label)()
		if strings.ContainsFunc(value, unicode.IsControl) {
			t.Errorf("%s is %q", label, value)
		}
	}
	if got := metadata.ValueFunc(ctx, "headless/client-zone")(); got != `c\x1b[31m\n` {
		t.Errorf("The zone is %q", got)
	}
}
