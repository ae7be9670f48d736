package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/net/ipv4"
)

// The worst case for what a policy remembers of clients and services: so many of each, drawn at random.
const (
	crowdClients  = 10_000
	crowdServices = 1_000
	// crowdEndpoints is how many each of these services has.
	crowdEndpoints = 10
)

// crowd is a load from many clients, which dnsperf cannot be. One socket sends from all addresses of 127.0.0.0/8.
type crowd struct {
	// from says, for the kernel, with which address to send: one for each client.
	from [][]byte
	// queries are in wire format: one for each service.
	queries [][]byte
}

func crowdName(i int) string { return fmt.Sprintf("many-%d", i) }

func newCrowd(zone string) (*crowd, error) {
	c := &crowd{}
	for i := range crowdClients {
		var address [4]byte
		// Spread over the whole network, and none of them 127.0.0.0.
		binary.BigEndian.PutUint32(address[:], 127<<24+uint32(i+1)*(1<<24/(crowdClients+1)))
		c.from = append(c.from, (&ipv4.ControlMessage{Src: address[:]}).Marshal())
	}
	q := question{kind: kindA, endpoints: crowdEndpoints, via: edns}
	for i := range crowdServices {
		wire, err := q.message(service{name: crowdName(i)}, zone).Pack()
		if err != nil {
			return nil, err
		}
		c.queries = append(c.queries, wire)
	}
	return c, nil
}

// run asks for a while, with so many queries under way, and tells how long each took in microseconds.
func (c *crowd) run(target string, underWay int, how time.Duration) ([]float64, error) {
	server, err := net.ResolveUDPAddr("udp4", target)
	if err != nil {
		return nil, err
	}
	socket, err := net.ListenUDP("udp4", nil)
	if err != nil {
		return nil, err
	}
	defer socket.Close()
	var (
		sent  [1 << 16]time.Time // by the query's ID
		id    uint16
		took  []float64
		reply = make([]byte, dns.MaxMsgSize)
	)
	for end, open := time.Now().Add(how), 0; ; {
		now := time.Now()
		if open < underWay && now.Before(end) {
			id++
			query := c.queries[rand.IntN(len(c.queries))]
			binary.BigEndian.PutUint16(query, id)
			if _, _, err := socket.WriteMsgUDP(query, c.from[rand.IntN(len(c.from))], server); err != nil {
				return nil, err
			}
			sent[id] = now
			open++
			continue
		}
		if open == 0 {
			return took, nil
		}
		if err := socket.SetReadDeadline(now.Add(patience)); err != nil {
			return nil, err
		}
		if _, err := socket.Read(reply); err != nil {
			return nil, fmt.Errorf("asking %s: %w", target, err)
		}
		took = append(took, microseconds(time.Since(sent[binary.BigEndian.Uint16(reply)])))
		open--
	}
}
