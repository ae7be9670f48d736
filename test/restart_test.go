package test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/coredns/caddy"

	"github.com/prometheus/client_golang/prometheus"
)

// servicesCounted returns what the gauge of headless services with endpoints shows.
func servicesCounted(t *testing.T) float64 {
	t.Helper()
	families, err := prometheus.DefaultGatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "coredns_headless_services" {
			continue
		}
		for _, metric := range family.GetMetric() {
			if metric.GetLabel()[0].GetValue() == "ready" {
				return metric.GetGauge().GetValue()
			}
		}
	}
	return 0
}

// unbindable has a second block that cannot be bound to: the address is one of no machine (RFC 5737).
func unbindable(corefile caddy.CaddyfileInput) caddy.CaddyfileInput {
	corefile.Contents = fmt.Append(slices.Clone(corefile.Contents), "\nexample.org {\n    bind 203.0.113.7\n    whoami\n}\n")
	return corefile
}

// expectNothingLeft ends an instance, and wants the gauge to be what it was before.
func expectNothingLeft(t *testing.T, instance *caddy.Instance, before float64) {
	t.Helper()
	instance.ShutdownCallbacks()
	if err := instance.Stop(); err != nil {
		t.Error(err)
	}
	if n := servicesCounted(t) - before; n != 0 { // one that two instances share is counted once
		t.Errorf("In the end the services of %v sources are counted", n)
	}
}

// Caddy does not tell an instance that could not be started of its end. What it had started must end all the same, and
// what a restart that succeeds has started must not.
func TestARestartLeavesOneSourceBehindWhetherItFailsOrNot(t *testing.T) {
	before := servicesCounted(t)
	corefile := caddy.CaddyfileInput{Contents: []byte(onLoopback(quickstart)), ServerTypeName: "dns"}
	instance, err := caddy.Start(corefile)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { expectNothingLeft(t, instance, before) }()
	broken := unbindable(corefile)
	// What it starts is a source of its own.
	broken.Contents = bytes.Replace(broken.Contents, []byte("manifests"), []byte("namespaces default\n        manifests"), 1)
	for i, input := range []caddy.CaddyfileInput{broken, broken, corefile, broken, corefile} {
		next, err := instance.Restart(input)
		if failed := err != nil; failed != (len(input.Contents) == len(broken.Contents)) {
			t.Fatalf("Restart %d: %v", i, err)
		}
		instance = next
		if n := servicesCounted(t) - before; n != 1 {
			t.Errorf("After restart %d the services of %v sources are counted", i, n)
		}
	}
}

// Where no instance of ours runs on, nobody is told that another one has failed to start: the next one finds out.
func TestASourceOfAStartThatFailedEndsWithTheNextStart(t *testing.T) {
	before := servicesCounted(t)
	without := caddy.CaddyfileInput{Contents: []byte(onLoopback("example.org {\n    whoami\n}\n")), ServerTypeName: "dns"}
	corefile := caddy.CaddyfileInput{Contents: []byte(onLoopback(quickstart)), ServerTypeName: "dns"}
	instance, err := caddy.Start(without)
	if err != nil {
		t.Fatal(err)
	}
	for i, input := range []caddy.CaddyfileInput{unbindable(corefile), unbindable(corefile), corefile} {
		next, err := instance.Restart(input)
		if failed := err != nil; failed != (i < 2) {
			t.Fatalf("Restart %d: %v", i, err)
		}
		instance = next
	}
	expectNothingLeft(t, instance, before)
}
