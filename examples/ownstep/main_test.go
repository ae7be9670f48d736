package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/miekg/dns"
)

const corefile = `test.com {
    bind 127.0.0.1
    headless {
        manifests manifests.yaml
        policy careful {
            avoid db-1 db-2
            order ordinal
        }
        apply careful */*
    }
}
`

const manifests = `apiVersion: v1
kind: Service
metadata: {name: db, namespace: default}
spec: {clusterIP: None}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: db-1, namespace: default, labels: {kubernetes.io/service-name: db}}
addressType: IPv4
endpoints:
- {addresses: [10.0.0.1], hostname: db-1}
- {addresses: [10.0.0.2], hostname: db-2}
- {addresses: [10.0.0.3], hostname: db-3}
`

func TestAStepOfYourOwnIsUsedLikeTheBuiltInOnes(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "Corefile"), corefile)
	write(t, filepath.Join(folder, "manifests.yaml"), manifests)
	binary := filepath.Join(folder, "coredns")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("It does not build: %v\n%s", err, out)
	}
	address := start(t, folder, binary)
	query := new(dns.Msg).SetQuestion("db.default.svc.test.com.", dns.TypeA)
	deadline := time.Now().Add(30 * time.Second)
	for {
		got := addressesOf(query, address)
		if want := "[10.0.0.3 10.0.0.1 10.0.0.2]"; got == want {
			return
		} else if time.Now().After(deadline) {
			t.Fatalf("The answer is %s, want %s", got, want)
		}
	}
}

// addressesOf asks, and returns what was answered, or why nothing was.
func addressesOf(query *dns.Msg, address string) string {
	reply, err := dns.Exchange(query, address)
	if err != nil {
		return err.Error()
	}
	var addresses []net.IP
	for _, rr := range reply.Answer {
		if a, ok := rr.(*dns.A); ok {
			addresses = append(addresses, a.A)
		}
	}
	return fmt.Sprint(addresses)
}

// start runs the binary for the time of the test and returns where it listens.
func start(t *testing.T, folder, binary string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	_, port, _ := net.SplitHostPort(address)
	command := exec.Command(binary, "-dns.port="+port)
	command.Dir, command.Stdout, command.Stderr = folder, os.Stderr, os.Stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	return address
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
