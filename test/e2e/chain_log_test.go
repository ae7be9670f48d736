package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// optOctets is the OPT record, which CoreDNS adds after all plugins have seen the reply.
const optOctets = 11

func TestLogAndMetricsShowTheRcodeAndTheSizeOfAnswers(t *testing.T) {
	t.Parallel()
	metrics := harness.FreeAddress(t)
	server := startBlocks(t, block("cluster.local",
		`log . "got {port} {proto} {type} {rcode} {>rflags} {rsize}"`, "prometheus "+metrics,
		headlessOn(onManifests(t, chainDB, manyEndpoints()))))
	wants := append(withoutReverse(chainDB.wants()), denied("none."+chainDB.name+" A")...)
	wants = append(wants, harness.Want{Question: manyEndpoints().name + " A"}) // cut to what the client takes
	rcodes, sum := map[string]int{}, 0
	for _, want := range wants {
		for _, network := range harness.Transports {
			e := exchangeRaw(t, network, server, want.Question)
			reply := new(dns.Msg)
			if err := reply.Unpack(e.received); err != nil {
				t.Fatal(err)
			}
			rcode, size := dns.RcodeToString[reply.Rcode], sizeOf(t, reply, len(e.received))
			_, qtype, _ := strings.Cut(want.Question, " ")
			line := fmt.Sprintf("got %d %s %s %s %s %d\n", e.port, network, qtype, rcode, logFlags(reply), size)
			harness.Eventually(t, "the answer is in the log", func() error {
				if !strings.Contains(server.Output(), line) {
					return fmt.Errorf("%s: no line %q", want.Question, line)
				}
				return nil
			})
			rcodes[rcode]++
			sum += size
		}
	}
	expectMetrics(t, metrics, rcodes, sum)
	if strings.Contains(server.Output(), "[ERROR]") {
		t.Error("There must be no errors in the log")
	}
}

// sizeOf is the size of a reply as plugins see it: without the OPT record, and before compression where CoreDNS
// compresses it.
func sizeOf(t *testing.T, reply *dns.Msg, octets int) int {
	t.Helper()
	bare := reply.Copy()
	bare.Extra = nil
	for _, rr := range reply.Extra {
		if rr.Header().Rrtype != dns.TypeOPT {
			bare.Extra = append(bare.Extra, rr)
		}
	}
	size := bare.Len()
	if size+optOctets <= harness.UDPSize && size+optOctets != octets {
		t.Errorf("The reply takes %d octets on the wire, not %d", octets, size+optOctets)
	}
	return size
}

func logFlags(reply *dns.Msg) string {
	flags := strings.Fields(harness.Text(reply)[0])[1:]
	return strings.Join(flags, ",")
}

// expectMetrics compares the counters of rcodes and sizes.
func expectMetrics(t *testing.T, address string, rcodes map[string]int, octets int) {
	t.Helper()
	const zone = `zone="cluster.local."`
	total := 0
	for rcode, count := range rcodes {
		total += count
		if got := metric(t, address, "coredns_dns_responses_total", zone, `rcode="`+rcode+`"`); got != float64(count) {
			t.Errorf("%v responses were counted as %s, want %d", got, rcode, count)
		}
	}
	for name, want := range map[string]int{
		"coredns_dns_responses_total": total, "coredns_dns_response_size_bytes_count": total,
		"coredns_dns_response_size_bytes_sum": octets,
	} {
		if got := metric(t, address, name, zone); got != float64(want) {
			t.Errorf("%s is %v, want %d", name, got, want)
		}
	}
}
