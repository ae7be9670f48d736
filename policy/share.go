package policy

import "net/netip"

// Share returns where a client stands, from 0 to below 1, among those that a policy is tried on: a part of the clients
// are those below it. As the part grows, the same clients stay in. Policies have different clients first.
func Share(policy string, client netip.Addr) float64 {
	const bits = 53 // of a float64
	return float64(mix(hash(policy)^hashClient(client))>>(64-bits)) / (1 << bits)
}
