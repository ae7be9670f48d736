package headless

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/headless-dns/headless/source"
)

// naming says how endpoints are called.
type naming struct {
	podNames bool // also by the names of their pods (endpoint_pod_names)
}

// label returns the first label of an endpoint's own name, or nothing where it is called by its address.
func (n naming) label(p *source.Packed) string { return p.Label(n.podNames) }

// appendLabel appends the first label of an endpoint's name to b: its label, else its address with dashes in the place
// of dots and colons. A label must not end in a dash, so an IPv6 address that ends in "::" gets a zero.
func (n naming) appendLabel(b []byte, p *source.Packed) []byte {
	if label := n.label(p); label != "" {
		return append(b, label...)
	}
	from := len(b)
	b = p.Address().AppendTo(b)
	for i, c := range b[from:] {
		if c == '.' || c == ':' {
			b[from+i] = '-'
		}
	}
	if b[len(b)-1] == '-' {
		b = append(b, '0')
	}
	return b
}

// byAddress is the order of a part's endpoints.
func (n naming) byAddress(a, b *source.Packed) int {
	if order := a.CompareAddress(b); order != 0 {
		return order // nearly always
	}
	return strings.Compare(n.label(a), n.label(b))
}

// byLabel is the order of those that have a label.
func (n naming) byLabel(a, b *source.Packed) int {
	if order := strings.Compare(n.label(a), n.label(b)); order != 0 {
		return order // nearly always
	}
	return a.CompareAddress(b)
}

// named returns the ready endpoints whose name begins with the label: those that have the label, and the one that is
// called by the address that the label spells.
func (e *endpoints) named(label string) selection { return e.namedIn(&e.readyPart, label) }

// namedUnready returns those that are not ready.
func (e *endpoints) namedUnready(label string) selection { return e.namedIn(&e.unreadyPart, label) }

func (e *endpoints) namedIn(in *part, label string) selection {
	from, to := e.labelled(in, label)
	dashed := e.dashed(in, label)
	if dashed == nil {
		return selection{endpoints: e, in: in.byLabel, from: from, to: to}
	}
	both := append(slices.Collect(in.byLabel.Range(from, to)), dashed)
	slices.SortFunc(both, e.byAddress)
	return selection{endpoints: e, groups: [][]*source.Packed{both}}
}

// labelled returns from where to where those that have the label stand in byLabel.
func (n naming) labelled(in *part, label string) (from, to int) {
	from = in.byLabel.Search(func(p *source.Packed) bool { return n.label(p) < label })
	if from == in.byLabel.Len() || n.label(in.byLabel.At(from)) != label {
		return from, from
	}
	if to = from + 1; to == in.byLabel.Len() || n.label(in.byLabel.At(to)) != label {
		return from, to // nearly always
	}
	return from, in.byLabel.Search(func(p *source.Packed) bool { return n.label(p) <= label })
}

// dashed returns the endpoint without a label that is called by its address, as the label has it.
func (n naming) dashed(in *part, label string) *source.Packed {
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
	for _, p := range in.withAddress(address) {
		var name [64]byte
		// There are many ways to write an IPv6 address; one of them is the name.
		if n.label(p) == "" && string(n.appendLabel(name[:0], p)) == label {
			return p
		}
	}
	return nil
}

// namesSeveral says whether a name stands for more than one ready endpoint.
func (c *content) namesSeveral(label string) bool {
	from, to := c.labelled(&c.readyPart, label)
	return to-from > 1 || to-from == 1 && c.dashed(&c.readyPart, label) != nil
}

// findRepeated finds a name that stands for several ready endpoints, if there is one, where added are those that were
// not there before.
func (c *content) findRepeated(before *content, added []*source.Packed) {
	switch {
	case c.readyPart.byLabel.Len() == 0:
		return // addresses do not repeat
	case before.repeatedName && c.namesSeveral(before.name):
		c.repeatedName, c.name = true, before.name
		return
	case before.repeatedName || len(added) > c.ready()/8:
		last := ""
		for p := range c.readyPart.byLabel.All() {
			label := c.label(p)
			if label == last || c.dashed(&c.readyPart, label) != nil {
				c.repeatedName, c.name = true, label
				return
			}
			last = label
		}
		return
	}
	for _, p := range added {
		var name [64]byte
		if label := c.appendLabel(name[:0], p); c.namesSeveral(string(label)) {
			c.repeatedName, c.name = true, string(label)
			return
		}
	}
}

// names returns what stands before the service's own name in the names that have records, the dot included: nothing,
// the names of the ready endpoints or of all, and those of the ports of ready ones that have one.
func (e *endpoints) names(all bool) []string {
	named := e.ready()
	if all {
		named = e.len()
	}
	if named == 0 {
		return nil
	}
	names := []string{""}
	for i := range named {
		names = append(names, string(e.appendLabel(nil, e.at(i)))+".")
	}
	for _, port := range e.ports {
		if port.Name != "" {
			names = append(names, "_"+port.Name+"._"+port.Protocol+".")
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
