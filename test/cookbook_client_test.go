package test

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"
)

// asker is a client with an address of its own on loopback.
type asker struct {
	*trial
	conn *dns.Conn
}

// from connects a client over UDP, for the time of the test.
func (r *trial) from(address string) *asker { return r.connect("udp", address) }

func (r *trial) connect(transport, address string) *asker {
	r.t.Helper()
	client := clientAt(transport, address)
	conn, err := client.Dial(r.addresses[transport])
	if err != nil {
		r.t.Fatal(err)
	}
	conn.UDPSize = dns.MaxMsgSize // so that a reply that is too long is seen whole
	r.t.Cleanup(func() { _ = conn.Close() })
	return &asker{trial: r, conn: conn}
}

// clientAt asks from an address.
func clientAt(transport, address string) *dns.Client {
	var local net.Addr = &net.UDPAddr{IP: net.ParseIP(address)}
	if transport == "tcp" {
		local = &net.TCPAddr{IP: net.ParseIP(address)}
	}
	return &dns.Client{Net: transport, Timeout: patience, Dialer: &net.Dialer{LocalAddr: local, Timeout: patience}}
}

// ask asks for a name such as db.databases, with a size by EDNS where it is not 0.
func (a *asker) ask(name string, qtype uint16, size uint16) *dns.Msg {
	a.t.Helper()
	m := new(dns.Msg).SetQuestion(name+".svc.cluster.local.", qtype)
	if size > 0 {
		m.SetEdns0(size, false)
	}
	client := dns.Client{Timeout: patience}
	got, _, err := client.ExchangeWithConn(m, a.conn)
	if err != nil {
		a.t.Fatalf("%s for %s: %v", a.conn.LocalAddr(), name, err)
	}
	return got
}

// gets returns the IPv4 addresses of a name in the order of the answer.
func (a *asker) gets(name string) []string {
	a.t.Helper()
	return addressesOf(a.ask(name, dns.TypeA, dns.DefaultMsgSize).Answer)
}

// addressesOf returns what A and AAAA records hold.
func addressesOf(records []dns.RR) []string {
	var addresses []string
	for _, rr := range records {
		switch rr := rr.(type) {
		case *dns.A:
			addresses = append(addresses, rr.A.String())
		case *dns.AAAA:
			addresses = append(addresses, rr.AAAA.String())
		}
	}
	return addresses
}

// expect says that a client gets these addresses, in whatever order.
func (r *trial) expect(client, name string, want []string) {
	r.t.Helper()
	if got := r.from(client).gets(name); !sameSet(got, want) {
		r.t.Errorf("%s gets %q for %s, want %q", client, got, name, want)
	}
}

// await waits until a client gets these addresses.
func (r *trial) await(client, name string, want []string) {
	r.t.Helper()
	a := r.from(client)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); time.Now().Before(end); <-tick.C {
		if sameSet(a.gets(name), want) {
			return
		}
	}
	r.t.Fatalf("%s still gets %q for %s, want %q", client, a.gets(name), name, want)
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// addressesIn returns addresses of a network, such as 127.9.1, by their last numbers.
func addressesIn(network string, numbers ...int) []string {
	addresses := make([]string, len(numbers))
	for i, n := range numbers {
		addresses[i] = fmt.Sprintf("%s.%d", network, n)
	}
	return addresses
}

// clientNumber is the address of one of 65,536 clients that belong to no network of a recipe.
func clientNumber(n int) string { return fmt.Sprintf("127.0.%d.%d", n>>8, n&255) }

// total returns the sum of a counter's values with the labels, each as NAME=VALUE.
func (r *trial) total(metric string, labels ...string) float64 {
	r.t.Helper()
	families, err := prometheus.DefaultGatherer.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	sum := 0.0
	for _, family := range families {
		for _, one := range family.GetMetric() {
			has := 0
			for _, label := range one.GetLabel() {
				if slices.Contains(labels, label.GetName()+"="+label.GetValue()) {
					has++
				}
			}
			if family.GetName() == metric && has == len(labels) {
				sum += one.GetCounter().GetValue()
			}
		}
	}
	return sum
}

// lastNumber is what stands behind the last dot or colon of an address: in these manifests the same for both of a
// pod's.
func lastNumber(address string) string {
	return address[strings.LastIndexAny(address, ".:")+1:]
}
