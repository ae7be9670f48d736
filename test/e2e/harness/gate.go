package harness

import (
	"io"
	"net"
	"sync"
	"testing"
)

// Gate stands between one client and a server. While it is shut, connections are refused, as by a server that does not
// run; the other tests do not notice. It carries TCP alone.
type Gate struct {
	// Address is where the gate listens while it is open.
	Address string

	target string
	dialer net.Dialer

	mu          sync.Mutex
	listener    net.Listener
	connections map[net.Conn]bool
}

// NewGate makes a gate before the API server. It is shut.
func (c *ControlPlane) NewGate(t testing.TB) *Gate {
	t.Helper()
	return newGate(t, c.Address, net.Dialer{})
}

// OpenNodeGate opens a gate before a server that sees the address of a node in all connections, which must be one of
// this machine. So does a server of the cluster what a process in the network of the node opens.
func OpenNodeGate(t testing.TB, node net.IP, server string) *Gate {
	t.Helper()
	g := newGate(t, server, net.Dialer{LocalAddr: &net.TCPAddr{IP: node}})
	g.Open(t)
	return g
}

func newGate(t testing.TB, target string, dialer net.Dialer) *Gate {
	t.Helper()
	g := &Gate{Address: FreeAddress(t), target: target, dialer: dialer, connections: map[net.Conn]bool{}}
	t.Cleanup(g.Shut)
	return g
}

// Open lets connections through.
func (g *Gate) Open(t testing.TB) {
	t.Helper()
	listener, err := net.Listen("tcp", g.Address)
	if err != nil {
		t.Fatalf("The gate does not open: %v", err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.listener = listener
	go g.serve(listener)
}

// Reopen opens the gate if it is shut.
func (g *Gate) Reopen(t testing.TB) {
	t.Helper()
	g.mu.Lock()
	open := g.listener != nil
	g.mu.Unlock()
	if !open {
		g.Open(t)
	}
}

// Shut refuses new connections and breaks those that there are.
func (g *Gate) Shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.listener != nil {
		_ = g.listener.Close()
		g.listener = nil
	}
	for connection := range g.connections {
		_ = connection.Close()
	}
}

func (g *Gate) serve(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return // it was shut
		}
		server, err := g.dialer.Dial("tcp", g.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		if !g.keep(listener, client, server) {
			return
		}
		go g.forward(client, server)
		go g.forward(server, client)
	}
}

// keep remembers a pair of connections so that Shut can break them, unless it already has shut.
func (g *Gate) keep(listener net.Listener, pair ...net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, connection := range pair {
		if g.listener != listener {
			_ = connection.Close()
			continue
		}
		g.connections[connection] = true
	}
	return g.listener == listener
}

// forward copies until either side ends, and then ends both.
func (g *Gate) forward(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, connection := range []net.Conn{to, from} {
		_ = connection.Close()
		delete(g.connections, connection)
	}
}
