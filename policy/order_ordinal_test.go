package policy

import (
	"net/netip"
	"testing"
)

func TestOrdinalsAreNumbers(t *testing.T) {
	view := &View{Endpoints: []Endpoint{
		{Hostname: "db-10", Address: netip.MustParseAddr("10.0.0.1")},
		{Hostname: "db-9", Address: netip.MustParseAddr("10.0.0.2")},
		{Hostname: "", Pod: "web-5c9f7b-x2x4z", Address: netip.MustParseAddr("10.0.0.9")},
		{Hostname: "db", Pod: "", Address: netip.MustParseAddr("10.0.0.4")},
		{Hostname: "", Pod: "db-0", Address: netip.MustParseAddr("10.0.0.5")},
		{Hostname: "cache-0", Address: netip.MustParseAddr("10.0.0.3")},
	}}
	for _, c := range []struct {
		o    order
		in   Ranks
		want []string
	}{
		{byOrdinal{}, Ranks{{0, 1, 2, 3, 4, 5}}, []string{"efbacd"}},
		{byOrdinal{}, Ranks{{0, 2, 4}, {1, 3, 5}}, []string{"eac", "fbd"}},
		{byAddress{}, Ranks{{0, 1, 2, 3, 4, 5}}, []string{"abfdec"}},
	} {
		out, skipped := c.o.Apply(c.in, view)
		for r, want := range c.want {
			if got := sequence(out[r]); got != want || skipped != "" || len(out) != len(c.want) {
				t.Errorf("%T: rank %d is %s, not %s (%s)", c.o, r, got, want, skipped)
			}
		}
	}
}

func TestAddressesAreNumbersAndIPv4GoesFirst(t *testing.T) {
	view := &View{}
	for _, address := range []string{"2001:db8::1", "10.0.0.10", "10.0.0.9", "2001:db8::"} {
		view.Endpoints = append(view.Endpoints, Endpoint{Address: netip.MustParseAddr(address)})
	}
	if out, _ := (byAddress{}).Apply(start(view.Endpoints), view); sequence(out[0]) != "cbda" {
		t.Errorf("The order is %s", sequence(out[0]))
	}
}
