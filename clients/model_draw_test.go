package clients

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/source"
)

// drawn makes objects of a small world, in which addresses, names and networks collide.
type drawn struct{ *rand.Rand }

func (d drawn) address() netip.Addr {
	if d.IntN(3) == 0 {
		return netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", d.IntN(12)))
	}
	return netip.MustParseAddr(fmt.Sprintf("10.0.0.%d", d.IntN(24)))
}

func (d drawn) nodeName() string { return fmt.Sprintf("node-%d", d.IntN(4)) }

func (d drawn) node() *source.Node {
	n := &source.Node{Name: d.nodeName(), Zone: fmt.Sprintf("zone-%d", d.IntN(3)), Ready: d.IntN(2) == 0}
	for range d.IntN(3) {
		if address := d.address(); !slices.Contains(n.Addresses, address) {
			n.Addresses = append(n.Addresses, address)
		}
	}
	for _, cidr := range []string{"10.0.0.0/29", "10.0.0.8/29", "10.0.0.0/27", "10.0.0.4/30", "2001:db8::/124"} {
		if d.IntN(6) == 0 {
			n.PodCIDRs = append(n.PodCIDRs, netip.MustParsePrefix(cidr))
		}
	}
	return n
}

func (d drawn) pod() *source.Pod {
	p := &source.Pod{NamespacedName: name(fmt.Sprintf("a-name-long-enough-to-be-cut-%d", d.IntN(8)))}
	if d.IntN(8) > 0 {
		p.Client.Node = d.nodeName()
		p.Client.Zone = zoneOf(p.Client.Node)
	}
	if d.IntN(4) > 0 {
		p.Client.Addresses = append(p.Client.Addresses, netip.MustParseAddr(fmt.Sprintf("10.0.0.%d", d.IntN(24))))
	}
	if d.IntN(4) == 0 {
		p.Client.Addresses = append(p.Client.Addresses, netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", d.IntN(12))))
	}
	if p.Client.Node != "" { // that of the node, as all its Pods tell it
		p.Client.HostAddresses = []netip.Addr{netip.MustParseAddr("10.0.0.2" + p.Client.Node[len("node-"):])}
	}
	p.Client.Terminating = d.IntN(4) == 0
	return p
}

func (d drawn) slice() *source.Slice {
	var all []source.Endpoint
	for range d.IntN(5) {
		e := anEndpoint(d.address().String(), fmt.Sprintf("pod-%d", d.IntN(5)), d.nodeName(), "")
		e.Ready, e.Terminating = d.IntN(4) > 0, d.IntN(4) == 0
		switch e.Zone = zoneOf(e.Node); d.IntN(8) {
		case 0:
			e.Pod = types.NamespacedName{}
		case 1:
			e.Pod.Namespace = "other"
		}
		all = append(all, e)
	}
	return controlled(d.IntN(6) > 0, all...)
}

// step makes one change, in the Directory and in the model.
func (d drawn) step(directory *Directory, m *model) string {
	switch d.IntN(10) {
	case 0, 1:
		n := d.node()
		m.nodes[n.Name] = n
		directory.SetNode(n)
		return fmt.Sprintf("set %+v", *n)
	case 2:
		gone := d.nodeName()
		delete(m.nodes, gone)
		directory.DeleteNode(gone)
		return "delete node " + gone
	case 3, 4:
		p := d.pod()
		m.pods[p.NamespacedName] = p
		directory.SetPod(p)
		return fmt.Sprintf("set %+v", *p)
	case 5:
		p := d.pod()
		delete(m.pods, p.NamespacedName)
		directory.DeletePod(p.NamespacedName)
		return "delete pod " + p.Name
	case 6, 7:
		s := d.slice()
		m.slices = append(m.slices, s)
		directory.Enter(s)
		return fmt.Sprintf("enter %+v", *s)
	case 8:
		if len(m.slices) == 0 {
			return ""
		}
		i := d.IntN(len(m.slices))
		gone := m.slices[i]
		m.slices = slices.Delete(m.slices, i, i+1)
		directory.Leave(gone)
		return fmt.Sprintf("leave %+v", *gone)
	}
	return d.replace(directory, m)
}

// replace lists anew, as after an interruption in which some objects were lost and others came.
func (d drawn) replace(directory *Directory, m *model) string {
	if d.IntN(2) == 0 {
		m.nodes = map[string]*source.Node{}
		for range d.IntN(4) {
			n := d.node()
			m.nodes[n.Name] = n
		}
		directory.ReplaceNodes(slices.Collect(maps.Values(m.nodes)))
		return "replace nodes"
	}
	m.pods = map[types.NamespacedName]*source.Pod{}
	for range d.IntN(5) {
		p := d.pod()
		m.pods[p.NamespacedName] = p
	}
	directory.ReplacePods("", slices.Collect(maps.Values(m.pods)))
	return "replace pods"
}
