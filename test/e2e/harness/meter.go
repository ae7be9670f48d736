package harness

import (
	"net"
	"sync/atomic"
	"testing"
)

// Meter counts what comes from the API server through a gate.
type Meter struct{ received atomic.Int64 }

// NewMeteredGate makes an open gate, and what counts its bytes.
func (c *ControlPlane) NewMeteredGate(t testing.TB) (*Gate, *Meter) {
	t.Helper()
	g, m, err := c.OpenMeteredGate()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Shut)
	return g, m
}

// OpenMeteredGate is the same for longer than one test; the caller shuts it.
func (c *ControlPlane) OpenMeteredGate() (*Gate, *Meter, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	m := &Meter{}
	g := &Gate{
		Address: listener.Addr().String(), target: c.Address,
		listener: meteredListener{listener, m}, connections: map[net.Conn]bool{},
	}
	go g.serve(g.listener)
	return g, m, nil
}

// Received returns how many bytes have come so far, those of TLS included.
func (m *Meter) Received() int64 { return m.received.Load() }

type meteredListener struct {
	net.Listener
	meter *Meter
}

// Accept implements net.Listener.
func (l meteredListener) Accept() (net.Conn, error) {
	client, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return meteredConn{client, l.meter}, nil
}

// meteredConn counts what is written to the client.
type meteredConn struct {
	net.Conn
	meter *Meter
}

// Write implements net.Conn.
func (c meteredConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.meter.received.Add(int64(n))
	return n, err
}
