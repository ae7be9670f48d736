package main

import "testing"

func TestEveryEndpointHasItsOwnAddress(t *testing.T) {
	seen := map[string]string{}
	for _, s := range queryServices() {
		endpoints := 0
		for n := range s.slices() {
			for _, e := range s.slice(n).Endpoints {
				if other, taken := seen[e.Addresses[0]]; taken {
					t.Fatalf("%s and %s have the address %s", *e.Hostname, other, e.Addresses[0])
				}
				seen[e.Addresses[0]] = *e.Hostname
				endpoints++
			}
		}
		if endpoints != s.endpoints {
			t.Errorf("The service %s has %d endpoints, want %d", s.name, endpoints, s.endpoints)
		}
	}
}
