package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/sync/errgroup"
)

// latencies asks one query at a time for a while, and tells how long each took in microseconds. With one under way there
// is no queue in it, and dnsperf is of no use: it then waits between its queries.
func latencies(target string, query *dns.Msg, via transport, how time.Duration) ([]float64, error) {
	wire, err := query.Pack()
	if err != nil {
		return nil, err
	}
	connection, err := net.Dial(via.network, target)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	ask := askUDP
	if via.network == "tcp" {
		wire = append(binary.BigEndian.AppendUint16(nil, uint16(len(wire))), wire...)
		ask = askTCP
	}
	var took []float64
	reply := make([]byte, dns.MaxMsgSize)
	for end := time.Now().Add(how); ; {
		begin := time.Now()
		if begin.After(end) && len(took) > 0 {
			return took, nil
		}
		if err := connection.SetDeadline(begin.Add(patience)); err != nil {
			return nil, err
		}
		if err := ask(connection, wire, reply); err != nil {
			return nil, fmt.Errorf("asking %s: %w", target, err)
		}
		took = append(took, microseconds(time.Since(begin)))
	}
}

// loadTCP asks over as many connections as there are to be queries under way. dnsperf reads no reply of more than 16 KiB.
func loadTCP(target string, query *dns.Msg, how time.Duration) (answered int, took time.Duration, err error) {
	begin := time.Now()
	var group errgroup.Group
	var all atomic.Int64
	for range outstanding {
		group.Go(func() error {
			one, err := latencies(target, query, tcp, how)
			all.Add(int64(len(one)))
			return err
		})
	}
	err = group.Wait()
	return int(all.Load()), time.Since(begin), err
}

func askUDP(connection net.Conn, wire, reply []byte) error {
	if _, err := connection.Write(wire); err != nil {
		return err
	}
	_, err := connection.Read(reply)
	return err
}

func askTCP(connection net.Conn, wire, reply []byte) error {
	if _, err := connection.Write(wire); err != nil {
		return err
	}
	var length [2]byte
	if _, err := io.ReadFull(connection, length[:]); err != nil {
		return err
	}
	_, err := io.ReadFull(connection, reply[:binary.BigEndian.Uint16(length[:])])
	return err
}
