package harness

import (
	"fmt"
	"net"
	"sync"
	"testing"
)

// ports holds those that were handed out: two callers never get the same one, however late they begin to listen.
var ports = struct {
	sync.Mutex
	taken map[int]bool
}{taken: map[int]bool{}}

// FreeAddress returns a loopback address that is free for TCP and for UDP.
func FreeAddress(t testing.TB) string {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	return loopback(port)
}

// freePort returns a loopback port that is free for TCP and for UDP.
func freePort() (int, error) {
	ports.Lock()
	defer ports.Unlock()
	for range 100 {
		tcp, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, fmt.Errorf("looking for a free port: %w", err)
		}
		port := tcp.Addr().(*net.TCPAddr).Port
		udp, err := net.ListenPacket("udp", tcp.Addr().String())
		_ = tcp.Close()
		if err != nil {
			continue // taken for UDP alone
		}
		_ = udp.Close()
		if !ports.taken[port] {
			ports.taken[port] = true
			return port, nil
		}
	}
	return 0, fmt.Errorf("no free port on 127.0.0.1")
}

func loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
