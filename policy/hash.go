package policy

import "net/netip"

// The hashes decide which endpoints a client gets. All replicas of a server, and all versions of it that run side by
// side, must agree on them: to change them moves all clients at once. They are FNV-1a of 64 bits over the bytes,
// which tells texts apart, then the finalizer of SplitMix64, which makes of each bit that differs half of all bits.

// hash returns the hash of a text.
func hash[Text string | []byte](text Text) uint64 {
	sum := uint64(14695981039346656037)
	for i := range len(text) {
		sum = (sum ^ uint64(text[i])) * 1099511628211
	}
	return mix(sum)
}

// mix maps numbers to numbers one to one, so that like ones become unlike.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// hashClient returns the hash of a client: of the 16 bytes of its address, as an IPv4-mapped IPv6 address if it is an
// IPv4 address.
func hashClient(address netip.Addr) uint64 {
	bytes := address.As16()
	return hash(bytes[:])
}

// hashAll returns the hash of each endpoint's identity, for View.Hashes, if the order is one that uses it.
func hashAll(o order, endpoints []Endpoint) []uint64 {
	if _, ok := o.(sticky); !ok {
		return nil
	}
	hashes := make([]uint64, len(endpoints))
	for i := range endpoints {
		hashes[i] = hash(endpoints[i].Identity())
	}
	return hashes
}
