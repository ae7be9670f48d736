package headless

import (
	"net/netip"
	"slices"
	"sort"
	"strings"
)

// named returns the ready endpoints whose name begins with the label, in their order: those that have the label, and
// the one that is called by the address that the label spells.
func (e *endpoints) named(label string) []int32 {
	return e.namedIn(label, e.labelled, 0, e.ready())
}

// namedUnready returns those that are not ready.
func (e *endpoints) namedUnready(label string) []int32 {
	return e.namedIn(label, e.unreadyLabelled, e.ready(), len(e.all))
}

// namedIn looks at the endpoints of a part of all, of which those in labelled have a label.
func (e *endpoints) namedIn(label string, labelled []int32, from, to int) []int32 {
	first := sort.Search(len(labelled), func(i int) bool { return e.all[labelled[i]].label >= label })
	last := first
	for last < len(labelled) && e.all[labelled[last]].label == label {
		last++
	}
	dashed := e.dashed(label, from, to)
	if len(dashed) == 0 {
		return labelled[first:last]
	}
	both := slices.Concat(dashed, labelled[first:last])
	slices.Sort(both)
	return both
}

// dashed returns the endpoint without a label that is called by its address, as the label has it.
func (e *endpoints) dashed(label string, from, to int) []int32 {
	// An address has two dashes at least, and ends in a digit: most labels are not looked at any further.
	if strings.Count(label, "-") < 2 || strings.IndexByte("0123456789abcdef", label[len(label)-1]) < 0 {
		return nil
	}
	address, err := netip.ParseAddr(strings.ReplaceAll(label, "-", "."))
	if err != nil {
		address, err = netip.ParseAddr(strings.ReplaceAll(label, "-", ":"))
	}
	if err != nil {
		return nil
	}
	for _, i := range e.at(address, from, to) {
		var name [64]byte
		// There are many ways to write an IPv6 address; one of them is the name.
		if e.all[i].label == "" && string(e.all[i].appendLabel(name[:0])) == label {
			return []int32{i}
		}
	}
	return nil
}

// at returns the endpoints of a part of all that have the address: one, or one for each name that it has.
func (e *endpoints) at(address netip.Addr, from, to int) []int32 {
	part := e.all[from:to]
	first := sort.Search(len(part), func(i int) bool { return !part[i].Address.Less(address) })
	var found []int32
	for i := first; i < len(part) && part[i].Address == address; i++ {
		found = append(found, int32(from+i)) // #nosec G115 -- a service has fewer endpoints
	}
	return found
}

// names returns what stands before the service's own name in the names that have records, the dot included: nothing,
// the names of the ready endpoints or of all, and those of the ports of ready ones that have one.
func (e *endpoints) names(all bool) []string {
	named := e.all[:e.ready()]
	if all {
		named = e.all
	}
	if len(named) == 0 {
		return nil
	}
	names := []string{""}
	for i := range named {
		names = append(names, string(named[i].appendLabel(nil))+".")
	}
	for _, port := range e.ports {
		if port.Name != "" {
			names = append(names, "_"+port.Name+"._"+port.Protocol+".")
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
