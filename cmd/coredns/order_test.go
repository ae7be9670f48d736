package main

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	clog "github.com/coredns/coredns/plugin/pkg/log"
)

// stock is the order of CoreDNS itself, kept before TestMain replaces it by ours, as main does.
var stock = slices.Clone(dnsserver.Directives)

func TestMain(m *testing.M) {
	caddy.Quiet, dnsserver.Quiet = true, true
	clog.Discard()
	order, err := placeHeadless(stock)
	if err == nil {
		err = dnsserver.SetDirectives(order)
	}
	if err != nil {
		panic(err)
	}
	if corefile := os.Getenv(toStart); corefile != "" {
		if err := startAndStop(corefile, os.Getenv(defaultPort)); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestHeadlessStandsDirectlyAfterAclAndLoadbalanceDirectlyAfterHeadless(t *testing.T) {
	acl := slices.Index(dnsserver.Directives, "acl")
	if got, want := dnsserver.Directives[acl:acl+4], []string{"acl", "headless", "loadbalance", "cache"}; !slices.Equal(got, want) {
		t.Errorf("Order from acl on is %q, want %q", got, want)
	}
}

func TestEveryOtherDirectiveStaysWhereItWas(t *testing.T) {
	without := func(order []string) []string {
		return slices.DeleteFunc(slices.Clone(order), func(d string) bool { return d == "headless" || d == "loadbalance" })
	}
	if got, want := without(dnsserver.Directives), without(stock); !slices.Equal(got, want) {
		t.Errorf("Order is\n%q, want\n%q", got, want)
	}
	if got, want := len(dnsserver.Directives), len(stock)+1; got != want {
		t.Errorf("Build has %d directives, want the %d of the stock build and headless", got, want-1)
	}
}

func TestEveryDirectiveIsRegistered(t *testing.T) {
	for _, directive := range dnsserver.Directives {
		if _, err := caddy.DirectiveAction("dns", directive); err != nil {
			t.Errorf("Directive %q is in the order and no plugin stands behind it: %v", directive, err)
		}
	}
}

func TestAnOrderWithoutTheNeighboursIsRefused(t *testing.T) {
	for _, order := range [][]string{
		{"rewrite", "loadbalance", "cache"},
		{"rewrite", "acl", "cache"},
		{"loadbalance", "rewrite", "loadbalance", "acl"},
	} {
		if got, err := placeHeadless(order); err == nil {
			t.Errorf("Order %q was taken and became %q", order, got)
		}
	}
}
