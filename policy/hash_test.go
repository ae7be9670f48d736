package policy

import (
	"math/bits"
	"net/netip"
	"testing"
)

// The hashes are a contract among the replicas and versions of a server: see hash.go before a number is changed.
func TestTheHashesStayWhatTheyAre(t *testing.T) {
	for text, want := range map[string]uint64{
		"":             0xf52a15e9a9b5e89b,
		"db-0":         0x8667b38c559f115a,
		"default/db-0": 0x8d2950235331b8c6,
		"default/db-1": 0xd440c94d3cf14b9c,
	} {
		if got := hash(text); got != want {
			t.Errorf("The hash of %q is %#x, not %#x", text, got, want)
		}
	}
	for address, want := range map[string]uint64{
		"10.0.0.1":    0x202779443697a79d,
		"10.0.0.2":    0x6de7421c50ee35e4,
		"2001:db8::1": 0x216dba65aa6c0c57,
	} {
		if got := hashClient(netip.MustParseAddr(address)); got != want {
			t.Errorf("The hash of %s is %#x, not %#x", address, got, want)
		}
	}
	if got := sequence(firstOf(sticky{}, 9, podsView(9))); got != "gbheaicfd" {
		t.Errorf("The sticky order of the first client is %s", got)
	}
}

// Published values of FNV-1a and of the first numbers of SplitMix64 with the seed 0.
func TestTheHashIsFNVAndSplitMix(t *testing.T) {
	if got, want := hash("foobar"), mix(0x85944171f73967e8); got != want {
		t.Errorf("The hash of foobar is %#x, not %#x", got, want)
	}
	const golden = 0x9e3779b97f4a7c15
	for i, want := range []uint64{0xe220a8397b1dcdaf, 0x6e789e6aa1b965f4, 0x06c45d188009454f} {
		if got := mix(uint64(i+1) * golden); got != want {
			t.Errorf("Number %d of SplitMix64 is %#x, not %#x", i, got, want)
		}
	}
}

// Of 64,000 bits half are expected to change, with a standard deviation of 126: off by 700 once in some ten million
// times.
func TestOneBitOfAnAddressChangesHalfOfItsHash(t *testing.T) {
	changed := 0
	for i := range 1000 {
		a := clientNumber(i).Address.As4()
		b := a
		b[3] ^= 1 << (i % 8)
		changed += bits.OnesCount64(hashClient(netip.AddrFrom4(a)) ^ hashClient(netip.AddrFrom4(b)))
	}
	if changed < 32000-700 || changed > 32000+700 {
		t.Errorf("%d of 64000 bits changed", changed)
	}
}

func TestOnlyStickyNeedsTheHashesOfEndpoints(t *testing.T) {
	endpoints := podsView(3).Endpoints
	for name, o := range orders {
		hashes := hashAll(o, endpoints)
		if name != "sticky" {
			if hashes != nil {
				t.Errorf("Order %s has hashes", name)
			}
			continue
		}
		for i := range endpoints {
			if hashes[i] != hash(endpoints[i].Identity()) {
				t.Errorf("The hash of endpoint %d is %#x", i, hashes[i])
			}
		}
	}
}
