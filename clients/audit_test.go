package clients

import (
	"testing"

	"github.com/headless-dns/headless/source"
)

func TestOneEndpointOnAnotherNodeThanItsCIDRSaysSwitchesTheCIDRsOffAsLongAsItStands(t *testing.T) {
	var told []int
	d := NewDirectory(Sources{Nodes: true}, func(_, after Counts) { told = append(told, after.Contradictions) })
	f := NewFinder(&Config{}, d)
	d.ReplaceNodes([]*source.Node{aNode("a", "x", "192.0.2.1", "10.0.0.0/24"), aNode("b", "y", "192.0.2.2", "10.0.1.0/24")})
	right := aSlice(anEndpoint("10.0.0.1", "db-0", "a", "x"), anEndpoint("10.0.1.1", "db-1", "b", "y"), anEndpoint("203.0.113.1", "db-2", "a", "x"))
	d.Enter(right)
	expect(t, f, "all endpoints are where they should be", "10.0.1.9", at("b", "y"), FromPodCIDR)

	wrong := aSlice(anEndpoint("10.0.1.2", "db-3", "a", "x"))
	d.Enter(wrong)
	expect(t, f, "one is not", "10.0.1.9", nowhere, None)
	expect(t, f, "one is not, and addresses of nodes count all the same", "192.0.2.2", at("b", "y"), FromNode)
	d.Leave(wrong)
	expect(t, f, "it is gone", "10.0.1.9", at("b", "y"), FromPodCIDR)

	d.Enter(wrong)
	d.SetNode(aNode("b", "y", "10.0.1.128/25"))
	expect(t, f, "its address is in no CIDR any more", "10.0.1.129", at("b", "y"), FromPodCIDR)
	d.SetNode(aNode("b", "y", "10.0.1.0/24"))
	expect(t, f, "and in one again", "10.0.1.129", nowhere, None)
	d.DeleteNode("a")
	expect(t, f, "nothing is known of the node that it stands on", "10.0.1.129", at("b", "y"), FromPodCIDR)

	if n := len(told); n == 0 || told[n-1] != 0 {
		t.Errorf("The last that was told is %v", told)
	}
}

func TestWhatMayBeWrittenByAnybodyDoesNotSwitchTheCIDRsOff(t *testing.T) {
	d := directory(t, Sources{Nodes: true})
	d.ReplaceNodes([]*source.Node{aNode("a", "x", "10.0.0.0/24"), aNode("b", "y", "10.0.1.0/24")})
	written := aSlice(anEndpoint("10.0.1.2", "db-3", "a", "x"))
	written.Controlled = false
	d.Enter(written, aSlice(anEndpoint("10.0.1.2", "", "a", "x")))
	expect(t, NewFinder(&Config{}, d), "no endpoint can be believed", "10.0.1.9", at("b", "y"), FromPodCIDR)
}
