package e2e

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	diff "github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
	"github.com/quic-go/quic-go/http3"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// listeners are those that CoreDNS has beside UDP and TCP, each with a client.
var listeners = []struct {
	name, scheme string
	ask          asker
	// size is what a client has to announce for large answers to come whole. CoreDNS looks at the network below: what
	// comes over QUIC is UDP to it, and is cut to what the client announces.
	size uint16
}{
	{"DNS over TLS", "tls", overTLS, harness.UDPSize},
	{"DNS over HTTPS, POST", "https", overHTTP(http.MethodPost, newHTTP2), harness.UDPSize},
	{"DNS over HTTPS, GET", "https", overHTTP(http.MethodGet, newHTTP2), harness.UDPSize},
	{"DNS over HTTPS, HTTP/3", "https3", overHTTP(http.MethodPost, newHTTP3), dns.MaxMsgSize - 1},
	{"DNS over QUIC", "quic", overQUIC, dns.MaxMsgSize - 1},
	{"gRPC", "grpc", overGRPC, harness.UDPSize},
}

func newHTTP2(config *tls.Config) (http.RoundTripper, int) {
	return &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}, 2
}

func newHTTP3(config *tls.Config) (http.RoundTripper, int) {
	return &http3.Transport{TLSClientConfig: config}, 3
}

// largeSize endpoints do not fit an answer over UDP.
const largeSize = 300

func TestEveryListenerAnswersAsUDPDoes(t *testing.T) {
	t.Parallel()
	db := harness.WithoutSelector(harness.HeadlessService(cluster.NewNamespace(t), "db"))
	large := harness.WithoutSelector(harness.HeadlessService(db.Namespace, "large"))
	few, many := endpointsOf(2), endpointsOf(largeSize)
	cluster.Create(t, db, large, harness.Slice(db, "db", discoveryv1.AddressTypeIPv4, few...),
		harness.Slice(large, "large", discoveryv1.AddressTypeIPv4, many...))
	server, addresses := startListeners(t)
	small := []string{serviceName(db) + " A", "_mysql._tcp." + serviceName(db) + " SRV", serviceName(db) + " AAAA", "none." + serviceName(db) + " A"}
	big := []string{serviceName(large) + " A", "_mysql._tcp." + serviceName(large) + " SRV"}
	harness.Eventually(t, "everything is answered over UDP and TCP", func() error {
		return checkCounts(server, map[string]int{small[0]: 2, small[1]: 2, big[0]: largeSize, big[1]: largeSize})
	})
	config := cluster.TLSClient(t)
	for _, listener := range listeners {
		t.Run(listener.name, func(t *testing.T) {
			address := addresses[listener.scheme]
			for _, question := range small {
				want, err := harness.Ask("udp", server.Address, question)
				if err != nil {
					t.Fatal(err)
				}
				got := askBy(t, listener.ask, address, config, question, harness.UDPSize)
				if d := diff.Diff(harness.Text(want), harness.Text(got)); d != "" {
					t.Errorf("To %s it answers otherwise than over UDP (-want +got)\n%s", question, d)
				}
			}
			for _, question := range big {
				cut := askBy(t, listener.ask, address, config, question, harness.UDPSize).Truncated
				if want := listener.size != harness.UDPSize; cut != want {
					t.Errorf("To %s for %d octets it answers truncated: %t, want %t", question, harness.UDPSize, cut, want)
				}
				reply := askBy(t, listener.ask, address, config, question, listener.size)
				if reply.Truncated || len(reply.Answer) != largeSize {
					t.Errorf("To %s it answers with %d records of %d, truncated: %t",
						question, len(reply.Answer), largeSize, reply.Truncated)
				}
			}
		})
	}
}

// endpointsOf are ready endpoints, the first n of the same sequence.
func endpointsOf(n int) []discoveryv1.Endpoint {
	endpoints := make([]discoveryv1.Endpoint, n)
	for i := range endpoints {
		endpoints[i] = harness.Endpoint(fmt.Sprintf("10.210.%d.%d", i/250, i%250+1), fmt.Sprintf("db-%d", i))
	}
	return endpoints
}

// startListeners starts a CoreDNS that serves the cluster by every protocol, and returns where it does.
func startListeners(t *testing.T) (*harness.CoreDNS, map[string]string) {
	t.Helper()
	addresses := map[string]string{}
	keys := []string{"."}
	for _, listener := range listeners {
		if addresses[listener.scheme] != "" {
			continue
		}
		address := harness.FreeAddress(t)
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			t.Fatal(err)
		}
		addresses[listener.scheme] = address
		keys = append(keys, listener.scheme+"://.:"+port)
	}
	corefile := strings.Replace(alone("headless", fromKubeconfig), ". {", strings.Join(keys, " ")+" {\n    tls {$SERVER_CERT} {$SERVER_KEY}", 1)
	return cluster.StartCoreDNS(t, harness.CoreDNSOptions{Binary: corednsBinary, Corefile: corefile}), addresses
}

// checkCounts asks over TCP how many records answer each question, and over UDP whether those are too many.
func checkCounts(server *harness.CoreDNS, want map[string]int) error {
	for question, n := range want {
		for _, network := range harness.Transports {
			reply, err := harness.Ask(network, server.Address, question)
			if err != nil {
				return err
			}
			cut := network == "udp" && n > 100
			if reply.Truncated != cut || !cut && len(reply.Answer) != n {
				return fmt.Errorf("%s over %s: %d records of %d, truncated: %t", question, network, len(reply.Answer), n, reply.Truncated)
			}
		}
	}
	return nil
}

func askBy(t *testing.T, ask asker, address string, config *tls.Config, question string, size uint16) *dns.Msg {
	t.Helper()
	query, err := harness.Query(question)
	if err != nil {
		t.Fatal(err)
	}
	query.IsEdns0().SetUDPSize(size)
	ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
	defer cancel()
	reply, err := ask(ctx, address, config, query)
	if err != nil {
		t.Fatalf("Asked for %s: %v", question, err)
	}
	return reply
}
