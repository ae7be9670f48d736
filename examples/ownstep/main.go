// Command coredns is a CoreDNS whose policies know one step more: "avoid HOSTNAME..." puts these endpoints last.
package main

import (
	"slices"

	"github.com/coredns/coredns/core/dnsserver"
	_ "github.com/coredns/coredns/core/plugin"
	"github.com/coredns/coredns/coremain"

	_ "github.com/headless-dns/headless"
	"github.com/headless-dns/headless/policy"
)

type avoid []string

// Depends implements policy.Step: the step looks at endpoints alone, so it runs only when they change.
func (avoid) Depends() policy.Depends { return policy.OnEndpoints }

// Apply implements policy.Step.
func (a avoid) Apply(in policy.Ranks, about *policy.View) (policy.Ranks, string) {
	return in.Split(func(i int32) bool { return !slices.Contains(a, about.Endpoints[i].Hostname) }), ""
}

func main() {
	policy.Register(policy.Kind{
		Usage: "avoid HOSTNAME...", Example: "avoid db-0",
		New: func(args []string, _ *policy.Environment) (policy.Step, error) { return avoid(args), nil },
	})
	acl := slices.Index(dnsserver.Directives, "acl")
	dnsserver.Directives = slices.Insert(dnsserver.Directives, acl+1, "headless")
	coremain.Run()
}
