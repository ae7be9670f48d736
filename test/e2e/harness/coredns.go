package harness

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The variables that a Corefile can use, as {$NAME}.
const (
	readyVariable       = "READY_ADDRESS"   // where the ready plugin listens
	debugVariable       = "DEBUG_ADDRESS"   // where a pprof plugin may listen
	kubeconfigVariable  = "KUBECONFIG_FILE" // the rights of CoreDNS in the control plane, with a token
	endpointVariable    = "API_SERVER"      // the same as an URL
	certificateVariable = "CLIENT_CERT"     // and files with certificates
	keyVariable         = "CLIENT_KEY"
	authorityVariable   = "CA_CERT"
	serverCertVariable  = "SERVER_CERT" // what it shows its own clients
	serverKeyVariable   = "SERVER_KEY"
)

// CoreDNS is a process that serves a Corefile on a loopback port of its own.
type CoreDNS struct {
	*Process
	// Address is where it is asked, over UDP and TCP.
	Address string
	// Debug is where a pprof plugin listens, if the Corefile has one.
	Debug string

	ready string
	dir   string
}

// CoreDNSOptions say how to start a CoreDNS.
type CoreDNSOptions struct {
	Binary string
	// Corefile must hold "bind 127.0.0.1" and "ready {$READY_ADDRESS}" in its first block, and may use the other
	// variables above.
	Corefile string
	// InCluster shows it the files and variables of a pod; it then needs no kubeconfig. Only root can ask for that.
	InCluster bool
	// Restricted takes its rights to read Pods and Nodes away.
	Restricted bool
	// As is the user that it is to the API server, where it is not the one of all others.
	As *Reader
	// Through is the gate between it and the API server, if there is to be one.
	Through *Gate
	// ThroughProxy is the proxy between them, likewise.
	ThroughProxy *Proxy
	Env          []string
}

// StartCoreDNS starts CoreDNS for the time of a test and waits until it listens, but not until it is ready.
func (c *ControlPlane) StartCoreDNS(t testing.TB, options CoreDNSOptions) *CoreDNS {
	t.Helper()
	server, err := c.RunCoreDNS(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(server.LastLines(40))
		}
	})
	return server
}

// RunCoreDNS starts CoreDNS for longer than one test; the caller closes it.
func (c *ControlPlane) RunCoreDNS(options CoreDNSOptions) (*CoreDNS, error) {
	server, err := c.newCoreDNS(options)
	if err != nil {
		return nil, err
	}
	if err := server.Start(); err != nil {
		return nil, err
	}
	if err := server.WaitListening(); err != nil {
		return nil, errors.Join(err, server.Close())
	}
	return server, nil
}

// newCoreDNS chooses the ports and writes the files.
func (c *ControlPlane) newCoreDNS(options CoreDNSOptions) (*CoreDNS, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	readyPort, err := freePort()
	if err != nil {
		return nil, err
	}
	debugPort, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(c.dir, "coredns-")
	if err != nil {
		return nil, err
	}
	address := c.Address
	switch {
	case options.Through != nil:
		address = options.Through.Address
	case options.ThroughProxy != nil:
		address = options.ThroughProxy.Address
	}
	user := corednsUser
	switch {
	case options.As != nil:
		user = options.As.name
	case options.Restricted:
		user = restrictedUser
	}
	kubeconfig, err := c.kubeconfig(user, address, filepath.Join(filepath.Base(dir), "kubeconfig"))
	if err != nil {
		return nil, err
	}
	server := &CoreDNS{Address: loopback(port), Debug: loopback(debugPort), ready: loopback(readyPort), dir: dir}
	server.Process = &Process{
		Name: "coredns",
		Path: options.Binary,
		Args: []string{"-conf", server.corefile(), fmt.Sprintf("-dns.port=%d", port)},
		Env: append([]string{
			readyVariable + "=" + server.ready, debugVariable + "=" + server.Debug, kubeconfigVariable + "=" + kubeconfig,
			endpointVariable + "=https://" + address, authorityVariable + "=" + c.certificate(),
			certificateVariable + "=" + c.path(clientCertificateFile), keyVariable + "=" + c.path(clientKeyFile),
			serverCertVariable + "=" + c.path(serverCertificateFile), serverKeyVariable + "=" + c.path(serverKeyFile),
			"GORACE=halt_on_error=0",
		}, options.Env...),
	}
	if options.InCluster {
		if err := server.intoCluster(address, c.certificate()); err != nil {
			return nil, err
		}
	}
	return server, os.WriteFile(server.corefile(), []byte(options.Corefile), 0o600)
}

// AddressFor is where a client with an address of this machine asks: an IPv6 client cannot send to an IPv4 address. The
// Corefile then needs "bind 127.0.0.1 ::1".
func (s *CoreDNS) AddressFor(client net.IP) string {
	if client == nil || client.To4() != nil {
		return s.Address
	}
	_, port, err := net.SplitHostPort(s.Address)
	if err != nil {
		panic(err) // it is made here
	}
	return net.JoinHostPort("::1", port)
}

func (s *CoreDNS) corefile() string { return filepath.Join(s.dir, "Corefile") }

// ChangeCorefile writes another Corefile. A reload plugin in the old one notices it within some seconds.
func (s *CoreDNS) ChangeCorefile(t testing.TB, corefile string) {
	t.Helper()
	next := s.corefile() + ".next"
	err := os.WriteFile(next, []byte(corefile), 0o600)
	if err == nil {
		err = os.Rename(next, s.corefile()) // it is never seen half written
	}
	if err != nil {
		t.Fatal(err)
	}
}

// WaitListening waits until any answer comes over both transports: TCP is served last.
func (s *CoreDNS) WaitListening() error {
	err := Poll(Patience, func() error {
		if !s.Running() {
			return nil
		}
		for _, network := range Transports {
			if _, err := Ask(network, s.Address, ". NS"); err != nil {
				return err
			}
		}
		return nil
	})
	if !s.Running() {
		return fmt.Errorf("starting CoreDNS: it has ended with exit code %d", s.exitCode()) // Close tells what it said
	}
	if err != nil {
		return fmt.Errorf("starting CoreDNS: %w\n%s", err, s.LastLines(20))
	}
	return nil
}

// Ready returns nil when the ready plugin says that all plugins are.
func (s *CoreDNS) Ready() error {
	client := http.Client{Timeout: time.Second}
	response, err := client.Get("http://" + s.ready + "/ready")
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", response.Status)
	}
	return nil
}

// Close stops CoreDNS, and tells where it had ended by itself and of data races and panics, which it survives.
func (s *CoreDNS) Close() error {
	if !s.Running() {
		return fmt.Errorf("coredns had ended:\n%s", s.Output())
	}
	s.Stop()
	_ = os.RemoveAll(s.dir)
	return s.Trouble()
}

// Trouble tells of data races and panics so far.
func (s *CoreDNS) Trouble() error {
	for _, trouble := range []string{"WARNING: DATA RACE", "panic: ", "Recovered from panic"} {
		if strings.Contains(s.Output(), trouble) {
			return fmt.Errorf("coredns said %q:\n%s", trouble, s.Output())
		}
	}
	return nil
}
