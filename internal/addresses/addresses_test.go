package addresses

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
)

// holder has addresses, each once.
type holder struct{ addresses []netip.Addr }

func (h *holder) has(address netip.Addr) bool { return slices.Contains(h.addresses, address) }

// The model: whatever comes and goes, an address is had by whoever has it, also where several addresses of one holder
// fall into one bucket.
func TestAnAddressIsHadByThoseWhoHaveItAfterAnySequenceOfChanges(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	table := New((*holder).has)
	var all []netip.Addr
	for i := range 6 * bucketCount {
		all = append(all, netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}))
	}
	holders := []*holder{{}, {}, {}}
	count := 0
	changes := 60_000
	if testing.Short() {
		changes /= 10
	}
	for range changes {
		h, address := holders[random.IntN(len(holders))], all[random.IntN(len(all))]
		if i := slices.Index(h.addresses, address); i >= 0 {
			h.addresses = slices.Delete(h.addresses, i, i+1)
			table.Remove(address, h)
			count--
		} else if len(h.addresses) < 3000 {
			h.addresses = append(h.addresses, address)
			table.Add(address, h)
			count++
		}
	}
	if table.Len() != count || count == 0 {
		t.Errorf("The table has %d addresses, want %d", table.Len(), count)
	}
	for _, address := range all {
		for _, h := range holders {
			if n := len(slices.Collect(table.At(address))); h.has(address) && !slices.Contains(slices.Collect(table.At(address)), h) || n > len(holders) {
				t.Fatalf("Of %s %d are found, and one that has it is not", address, n)
			}
		}
	}
	for _, h := range holders {
		for _, address := range h.addresses {
			table.Remove(address, h)
			table.Remove(address, h) // what is not there is not taken away
		}
	}
	if table.Len() != 0 {
		t.Errorf("When all are gone there are %d", table.Len())
	}
}
