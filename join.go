package headless

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/headless-dns/headless/source"
)

// change is what comes into the slices of a service and what leaves them. The same address may stand in more than one
// slice at a time, while the controller moves an endpoint or where somebody wrote it so.
type change struct{ removed, added []*source.Packed }

func (c *change) add(removed, added []*source.Packed) {
	c.removed, c.added = append(c.removed, removed...), append(c.added, added...)
}

// edit is what comes into a part of a service's endpoints and what leaves it, each in the order of the part.
type edit struct{ added, removed []*source.Packed }

// joiner makes the next endpoints of a service of those before and of what has changed in its slices. What comes out is
// the same as if all slices were joined anew, and does not depend on their order, so that replicas of CoreDNS agree.
type joiner struct {
	naming
	before *content
	// crowded has for each address that stands in the slices more than once all that stands there. It is written to.
	crowded map[netip.Addr][]*source.Packed

	ready, unready edit
	// came and went are addresses that have a ready endpoint now, or no longer.
	came, went []netip.Addr
	shared     int // how many more addresses stand for several ready endpoints
	// was and is are what is there of an address, ready and unready, and in is what the slices have of it. They are used
	// again for the next one.
	was, is [2][]*source.Packed
	in      []*source.Packed
}

// join takes in a change.
func (j *joiner) join(c change) {
	slices.SortFunc(c.added, (*source.Packed).CompareAddress)
	slices.SortFunc(c.removed, (*source.Packed).CompareAddress)
	for len(c.added)+len(c.removed) > 0 {
		var next *source.Packed
		if len(c.removed) == 0 || len(c.added) > 0 && c.added[0].CompareAddress(c.removed[0]) <= 0 {
			next = c.added[0]
		} else {
			next = c.removed[0]
		}
		j.joinAddress(next.Address(), cut(&c.added, next), cut(&c.removed, next))
	}
}

// cut takes those away from a list that begin it with the address of an endpoint.
func cut(from *[]*source.Packed, with *source.Packed) []*source.Packed {
	n := 0
	for n < len(*from) && (*from)[n].CompareAddress(with) == 0 {
		n++
	}
	head := (*from)[:n]
	*from = (*from)[n:]
	return head
}

// joinAddress joins what the slices have of one address.
func (j *joiner) joinAddress(address netip.Addr, added, removed []*source.Packed) {
	j.was[0] = j.before.readyPart.appendWith(j.was[0][:0], address)
	j.was[1] = j.before.unreadyPart.appendWith(j.was[1][:0], address)
	j.is[0], j.is[1] = j.is[0][:0], j.is[1][:0]
	for _, p := range j.kept(address, added, removed) {
		if p.Ready() {
			j.is[0] = append(j.is[0], p)
		} else {
			j.is[1] = append(j.is[1], p)
		}
	}
	j.ready.note(j.was[0], j.is[0])
	j.unready.note(j.was[1], j.is[1])
	switch was, is := len(j.was[0]), len(j.is[0]); {
	case was == 0 && is > 0:
		j.came = append(j.came, address)
	case was > 0 && is == 0:
		j.went = append(j.went, address)
	}
	j.shared += several(j.is[0]) - several(j.was[0])
}

func several(of []*source.Packed) int { return min(1, len(of)/2) }

// kept returns what is kept of an address, of which j.was is what was kept before.
func (j *joiner) kept(address netip.Addr, added, removed []*source.Packed) []*source.Packed {
	all, crowded := j.crowded[address]
	if crowded {
		j.in = append(j.in[:0], all...)
	} else {
		j.in = append(append(j.in[:0], j.was[0]...), j.was[1]...) // one at most
	}
	j.in = append(j.in, added...)
	for _, p := range removed {
		if i := slices.Index(j.in, p); i >= 0 {
			j.in = slices.Delete(j.in, i, i+1)
		}
	}
	if len(j.in) > 1 {
		slices.SortFunc(j.in, j.preferred)
		j.crowded[address] = slices.Clone(j.in)
		return j.dropDuplicates(j.in)
	}
	if crowded {
		delete(j.crowded, address)
	}
	return j.in
}

// note notes what of an address comes and goes.
func (e *edit) note(was, is []*source.Packed) {
	for _, p := range was {
		if !slices.Contains(is, p) {
			e.removed = append(e.removed, p)
		}
	}
	for _, p := range is {
		if !slices.Contains(was, p) {
			e.added = append(e.added, p)
		}
	}
}

// preferred puts that first which dropDuplicates prefers, of what has one address.
func (n naming) preferred(a, b *source.Packed) int {
	return cmp.Or(
		compareBool(a.Terminating(), b.Terminating()),
		strings.Compare(n.label(a), n.label(b)),
		compareBool(b.Ready(), a.Ready()),
		compareBool(b.Serving(), a.Serving()),
		strings.Compare(a.Pod().Name, b.Pod().Name),
		strings.Compare(a.Pod().Namespace, b.Pod().Namespace),
		a.ComparePlace(b),
	)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// dropDuplicates keeps one endpoint for each name of an address, by kube-proxy's rule
// (EndpointSliceCache.addEndpoints): of two that share an address, one that is terminating gives way to one that is
// not, for the network may hand the address of a terminating pod to a new one. Where that leaves several of one name,
// the ready one is kept, with the ports of all that are as ready as it is. What it gets is as preferred has it.
func (n naming) dropDuplicates(in []*source.Packed) (kept []*source.Packed) {
	for _, p := range in {
		if len(kept) > 0 && p.Terminating() && !kept[0].Terminating() {
			break
		}
		last := len(kept) - 1
		switch {
		case last < 0 || n.label(kept[last]) != n.label(p):
			kept = append(kept, p)
		case kept[last].Ready() == p.Ready():
			kept[last] = withPortsOf(kept[last], p)
		}
	}
	return kept
}

// withPortsOf returns an endpoint that has the ports of both, each once.
func withPortsOf(p, other *source.Packed) *source.Packed {
	if p.PortsKey() == other.PortsKey() {
		return p
	}
	united := slices.Concat(p.Ports(), other.Ports())
	slices.SortFunc(united, func(a, b source.Port) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Number, b.Number))
	})
	return p.WithPorts(slices.Compact(united))
}

// content returns what the service has now.
func (j *joiner) content() content {
	c := content{naming: j.naming, shared: j.before.shared + j.shared}
	c.readyPart = j.before.readyPart.edit(j.naming, &j.ready)
	c.unreadyPart = j.before.unreadyPart.edit(j.naming, &j.unready)
	c.ipv4 = j.before.ipv4 + countIPv4(j.ready.added) - countIPv4(j.ready.removed)
	c.countPorts(j.before, &j.ready, &j.unready)
	c.findRepeated(j.before, j.ready.added)
	return c
}

func (p *part) edit(n naming, e *edit) part {
	labels := edit{added: n.inOrder(e.added), removed: n.inOrder(e.removed)}
	return part{
		byAddress: p.byAddress.Edit(e.removed, e.added, n.byAddress),
		byLabel:   p.byLabel.Edit(labels.removed, labels.added, n.byLabel),
	}
}

// inOrder returns those that have a label in the order of their labels.
func (n naming) inOrder(of []*source.Packed) []*source.Packed {
	labelled := slices.DeleteFunc(slices.Clone(of), func(p *source.Packed) bool { return n.label(p) == "" })
	slices.SortFunc(labelled, n.byLabel)
	return labelled
}

func countIPv4(of []*source.Packed) (n int) {
	for _, p := range of {
		if p.Is4() {
			n++
		}
	}
	return n
}
