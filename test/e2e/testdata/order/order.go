// Command coredns with another order of plugins: this file takes the place of cmd/coredns/order.go when the tests build
// it.
package main

import (
	"fmt"
	"os"
	"slices"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/cache"
)

// placeHeadless returns the order of CoreDNS itself with headless where HEADLESS_PLACE says.
func placeHeadless(stock []string) ([]string, error) {
	order := slices.Insert(slices.Clone(stock), slices.Index(stock, "cache"), "oldcache")
	switch place := os.Getenv("HEADLESS_PLACE"); place {
	case "before kubernetes":
		return slices.Insert(order, slices.Index(order, "kubernetes"), "headless"), nil
	case "last":
		return append(order, "headless"), nil
	default:
		return nil, fmt.Errorf("no such place for headless: %q", place)
	}
}

// oldcache is the cache plugin with its defaults and without what is new in CoreDNS 1.15: it looks for no zones that
// are to bypass it.
func init() {
	plugin.Register("oldcache", func(c *caddy.Controller) error {
		handler := cache.New()
		dnsserver.GetConfig(c).AddPlugin(func(next plugin.Handler) plugin.Handler {
			handler.Next = next
			return handler
		})
		return nil
	})
}
