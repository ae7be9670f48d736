package policy

// byAddress is the order of the addresses.
type byAddress struct{}

// Depends says that endpoints alone are looked at.
func (byAddress) Depends() Depends { return OnEndpoints }

// Apply sorts each rank.
func (byAddress) Apply(in Ranks, about *View) (Ranks, string) {
	return sorted(in, about.compareAddresses), ""
}

func (byAddress) first(dst, rank []int32, k int, _ *View) []int32 { return append(dst, rank[:k]...) }

// compareAddresses compares two endpoints by their addresses.
func (v *View) compareAddresses(i, j int32) int {
	return v.Endpoints[i].Address.Compare(v.Endpoints[j].Address)
}
