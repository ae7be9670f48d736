package headless

import (
	"fmt"
	"slices"
	"testing"

	"github.com/coredns/coredns/core/dnsserver"
)

// withOrder sets the order of plugins for one test.
func withOrder(t *testing.T, order ...string) {
	t.Helper()
	before := dnsserver.Directives
	t.Cleanup(func() { dnsserver.Directives = before })
	dnsserver.Directives = order
}

func TestACacheAboveUsKeepsNoneOfOurAnswers(t *testing.T) {
	h := newTestHeadless(t)
	withOrder(t, "acl", "headless", "cache")
	if got := h.CacheBypassZones(); got != nil {
		t.Errorf("With the cache below us the zones %q bypass it", got)
	}
	withOrder(t, "acl", "cache", "headless")
	if got := h.CacheBypassZones(); !slices.Equal(got, h.Zones) {
		t.Errorf("With the cache above us the zones %q bypass it, want %q", got, h.Zones)
	}
}

func TestOurOwnAddressesAreThoseThatClientsCanReach(t *testing.T) {
	tests := map[string]struct {
		hosts []string
		want  string
	}{
		"those it is bound to":            {[]string{"10.1.2.3", "2001:db8::5"}, "[10.1.2.3 2001:db8::5]"},
		"loopback is left out":            {[]string{"127.0.0.1", "10.1.2.3/24"}, "[10.1.2.3]"},
		"loopback is better than nothing": {[]string{"127.0.0.1", "fe80::1%eth0"}, "[127.0.0.1 fe80::1]"},
	}
	for what, tt := range tests {
		got := boundAddresses(&dnsserver.Config{ListenHosts: tt.hosts})
		texts := make([]string, len(got))
		for i, address := range got {
			texts[i] = address.String()
		}
		if fmt.Sprint(texts) != tt.want {
			t.Errorf("%s: %v, want %s", what, texts, tt.want)
		}
	}
}

func TestBoundToEverythingTheInterfacesAddressesAreOurs(t *testing.T) {
	for _, hosts := range [][]string{nil, {""}, {"::"}, {"0.0.0.0"}} {
		got := boundAddresses(&dnsserver.Config{ListenHosts: hosts})
		if len(got) == 0 {
			t.Errorf("Bound to %q there are no addresses", hosts)
		}
		for _, address := range got {
			if address.IsUnspecified() || hosts != nil && hosts[0] == "0.0.0.0" && !address.Is4() {
				t.Errorf("Bound to %q an address is %s", hosts, address)
			}
		}
	}
}
