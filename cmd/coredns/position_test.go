package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
)

// What COREDNS_PLUGINS makes of the list when CoreDNS is built: headless is its end.
var headlessLast = append(slices.Clone(stock), "headless")

// kubernetes is not among them: a second one in a process sets a global logger that the first one is using. It is shown
// against a real control plane.
func TestOnlyWhatHidesOurZonesInAnotherBuildIsRefused(t *testing.T) {
	hosts := writeFile(t, "hosts", "192.0.2.1 www.test.com\n")
	zone := writeFile(t, "zone", "@ 60 IN SOA ns.example.org. admin.example.org. 1 60 60 60 60\n")
	tests := map[string]struct {
		plugins string // beside headless, which serves test.com
		refused string // the one that is said to stand before headless in the other build
	}{
		"forward":                             {"forward . 127.0.0.1:9", "forward"},
		"forward of another zone":             {"forward example.org 127.0.0.1:9", ""},
		"forward except our zone":             {"forward . 127.0.0.1:9 {\nexcept test.com\n}", ""},
		"forward except a part of our zone":   {"forward . 127.0.0.1:9 {\nexcept svc.test.com\n}", "forward"},
		"forward after one of another zone":   {"forward example.org 127.0.0.1:9\nforward . 127.0.0.1:9", "forward"},
		"grpc":                                {"grpc . 127.0.0.1:9", "grpc"},
		"etcd":                                {"etcd com", "etcd"},
		"etcd with fallthrough":               {"etcd com {\nfallthrough\n}", ""},
		"file":                                {"file " + zone + " test.com", "file"},
		"file with fallthrough":               {"file " + zone + " test.com {\nfallthrough\n}", ""},
		"file of another zone":                {"file " + zone + " example.org", ""},
		"hosts, which is to be asked first":   {"hosts " + hosts, ""},
		"template, which goes by names":       {"template IN A test.com {\nrcode NXDOMAIN\n}", ""},
		"cache, loadbalance, loop and reload": {"cache\nloadbalance\nloop\nreload", ""},
	}
	for what, tt := range tests {
		t.Run(what, func(t *testing.T) {
			if err := start(t, tt.plugins); err != nil {
				t.Errorf("In our build it is refused: %v", err)
			}
			setOrder(t, headlessLast)
			err := start(t, tt.plugins)
			if tt.refused == "" && err != nil {
				t.Errorf("It is refused: %v", err)
			}
			if want := "plugin/headless: " + tt.refused + " stands before headless in this build of CoreDNS"; tt.refused != "" &&
				(err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("Error is %v, want %q", err, want)
			}
		})
	}
}

func setOrder(t *testing.T, order []string) {
	t.Helper()
	before := dnsserver.Directives
	t.Cleanup(func() { dnsserver.Directives = before })
	dnsserver.Directives = order
}

// start starts and ends a server that has headless for test.com, and other plugins.
func start(t *testing.T, plugins string) error {
	t.Helper()
	manifests := filepath.Join("..", "..", "examples", "quickstart", "manifests")
	instance, err := caddy.Start(caddy.CaddyfileInput{
		Filepath: "Corefile", ServerTypeName: "dns",
		Contents: []byte(".:" + freePort(t) + " {\nbind 127.0.0.1\nheadless test.com {\nmanifests " + manifests + "\n}\n" + plugins + "\n}"),
	})
	if err != nil {
		return err
	}
	for _, err := range instance.ShutdownCallbacks() {
		t.Errorf("Shutdown failed: %v", err)
	}
	return instance.Stop()
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
