package headless

import (
	"fmt"
	"testing"

	"github.com/coredns/coredns/core/dnsserver"
)

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
