// Command coredns is the ready-made CoreDNS: every plugin of the stock build, and headless at its place among them.
//
// Nothing else differs from CoreDNS: the flags, the Corefile and the version are its own.
package main

import (
	"fmt"
	"os"

	"github.com/coredns/coredns/core/dnsserver"
	_ "github.com/coredns/coredns/core/plugin" // every stock plugin
	"github.com/coredns/coredns/coremain"

	_ "golang.org/x/crypto/x509roots/fallback" // whom to trust in an image that has no other file

	_ "github.com/headless-dns/headless" // registers headless
)

func main() {
	order, err := placeHeadless(dnsserver.Directives)
	if err == nil {
		err = dnsserver.SetDirectives(order)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "coredns:", err)
		os.Exit(1)
	}
	coremain.Run()
}
