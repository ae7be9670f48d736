package clients

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/headless-dns/headless/policy"
	"github.com/headless-dns/headless/source"
)

// One address is known by everything, and each source in turn loses it: the next one counts.
func TestTheFirstSourceThatKnowsAnAddressCounts(t *testing.T) {
	d := directory(t, all)
	address := "10.0.0.9"
	config := &Config{Subnets: []Subnet{{netip.MustParsePrefix("10.0.0.9/32"), policy.Place{Node: "said", Zone: "said"}}}}
	d.SetPod(aPod("web-1", "of-pod", address))
	d.SetNode(aNode("of-node", "b", address))
	d.SetNode(aNode("of-cidr", "c", "10.0.0.0/24"))
	ep := aSlice(anEndpoint(address, "db-0", "of-endpoint", "d"))
	d.Enter(ep)
	d.SetNode(aNode("of-pod", "a"))

	expect(t, NewFinder(config, d), "the operator's word", address, at("said", "said"), FromSubnet)
	f := NewFinder(&Config{}, d)
	expect(t, f, "a Pod", address, at("of-pod", "a"), FromPod)
	d.DeletePod(name("web-1"))
	expect(t, f, "an address of a Node", address, at("of-node", "b"), FromNode)
	d.SetNode(aNode("of-node", "b"))
	expect(t, f, "a pod CIDR", address, at("of-cidr", "c"), FromPodCIDR)
	d.DeleteNode("of-cidr")
	expect(t, f, "an endpoint", address, at("of-endpoint", "d"), FromEndpoint)
	d.Leave(ep)
	expect(t, f, "nothing", address, nowhere, None)
}

func TestWhatASubnetLeavesOpenIsKnownByTheWiderSubnetAndThenByTheCluster(t *testing.T) {
	d := directory(t, all)
	d.SetPod(aPod("web-1", "a", "10.1.2.3"))
	d.SetPod(aPod("web-2", "a", "10.2.2.3"))
	d.SetNode(aNode("a", "zone-of-a"))
	f := NewFinder(&Config{Subnets: []Subnet{
		{netip.MustParsePrefix("10.1.0.0/16"), policy.Place{Zone: "one"}},
		{netip.MustParsePrefix("10.0.0.0/8"), policy.Place{Region: "north"}},
		{netip.MustParsePrefix("10.3.0.0/16"), policy.Place{Node: "a"}},
		{netip.MustParsePrefix("2001:db8::/32"), policy.Place{Zone: "six"}},
	}}, d)
	expect(t, f, "a zone of its own", "10.1.2.3", policy.Place{Node: "a", Zone: "one", Region: "north"}, FromPod)
	expect(t, f, "a region alone", "10.2.2.3", policy.Place{Node: "a", Zone: "zone-of-a", Region: "north"}, FromPod)
	expect(t, f, "no Pod", "10.1.2.4", policy.Place{Zone: "one", Region: "north"}, FromSubnet)
	expect(t, f, "a node, which has a zone", "10.3.0.1", policy.Place{Node: "a", Zone: "zone-of-a", Region: "north"}, FromSubnet)
	expect(t, f, "IPv6", "2001:db8::1", policy.Place{Zone: "six"}, FromSubnet)
	expect(t, f, "none", "192.0.2.1", nowhere, None)
	for network, want := range map[string]policy.Place{
		"10.1.4.0/24": {Zone: "one", Region: "north"},
		"10.4.0.0/16": {Region: "north"},
		"10.0.0.0/14": {Region: "north"}, // a part of it is in a zone, and a part on a node
		"0.0.0.0/0":   {},
	} {
		if client, _ := f.FindPrefix(netip.MustParsePrefix(network)); client.Place != want {
			t.Errorf("The clients of %s are at %+v, want %+v", network, client.Place, want)
		}
	}
}

func TestANodeIsWhereItsNodeSaysElseTrustedSlices(t *testing.T) {
	d := directory(t, all)
	f := NewFinder(&Config{}, d)
	p := aPod("web-1", "a", "10.0.0.1")
	p.Client.Zone, p.Client.Region = "when-bound", "region-when-bound"
	d.SetPod(p)
	expect(t, f, "its own labels", "10.0.0.1", policy.Place{Node: "a", Zone: "when-bound", Region: "region-when-bound"}, FromPod)
	slice := aSlice(anEndpoint("10.0.0.2", "db-0", "a", "in-slice"))
	d.Enter(slice)
	expect(t, f, "a slice", "10.0.0.1", policy.Place{Node: "a", Zone: "in-slice", Region: "region-when-bound"}, FromPod)
	n := aNode("a", "in-node")
	n.Region = "region-in-node"
	d.SetNode(n)
	expect(t, f, "its Node", "10.0.0.1", policy.Place{Node: "a", Zone: "in-node", Region: "region-in-node"}, FromPod)
	d.SetNode(aNode("a", "moved"))
	expect(t, f, "its Node, which changed", "10.0.0.1", policy.Place{Node: "a", Zone: "moved", Region: "region-when-bound"}, FromPod)
	d.DeleteNode("a")
	expect(t, f, "the slice again", "10.0.0.1", policy.Place{Node: "a", Zone: "in-slice", Region: "region-when-bound"}, FromPod)
	d.Leave(slice)
	expect(t, f, "its own labels again", "10.0.0.1", policy.Place{Node: "a", Zone: "when-bound", Region: "region-when-bound"}, FromPod)
}

// Who may change labels of a Pod, or have a slice for a moment, must not be able to move others.
func TestOnePodAndOneSliceDoNotMoveTheOthersOnTheNode(t *testing.T) {
	d := directory(t, all)
	f := NewFinder(&Config{}, d)
	other := aPod("evil", "a", "10.0.0.9")
	other.Client.Zone = "evil"
	victim := aPod("web-1", "a", "10.0.0.1")
	victim.Client.Zone = "x"
	d.SetPod(victim)
	d.SetPod(other)
	expect(t, f, "a label of another Pod", "10.0.0.1", at("a", "x"), FromPod)
	d.Enter(aSlice(anEndpoint("10.0.0.2", "db-0", "a", "x"), anEndpoint("10.0.0.3", "db-1", "a", "x")))
	forged := aSlice(anEndpoint("10.0.0.4", "evil", "a", "evil"))
	d.Enter(forged)
	expect(t, f, "what most endpoints say", "10.0.0.1", at("a", "x"), FromPod)
	d.Leave(forged)
	expect(t, f, "and what is left of the other one", "10.0.0.1", at("a", "x"), FromPod)
}

func TestANodeKeepsTheAddressesThatStillHoldWhenOneOfThoseWhoToldThemGoes(t *testing.T) {
	d := directory(t, all)
	f := NewFinder(&Config{}, d)
	p := aPod("web-1", "a", "10.0.0.1")
	p.Client.HostAddresses = parsed("192.0.2.1")
	silent := aPod("web-2", "a", "10.0.0.2")
	d.SetPod(p)
	d.SetNode(aNode("a", "x", "192.0.2.1"))
	d.SetPod(silent)
	expect(t, f, "a Pod that does not tell them", "192.0.2.1", at("a", "x"), FromNode)
	d.DeleteNode("a")
	expect(t, f, "the Node is gone", "192.0.2.1", at("a", ""), FromNode)
	d.SetNode(aNode("a", "x", "192.0.2.2"))
	d.DeletePod(p.NamespacedName)
	d.DeletePod(silent.NamespacedName)
	expect(t, f, "the Pods are gone", "192.0.2.1", nowhere, None)
	expect(t, f, "the Pods are gone", "192.0.2.2", at("a", "x"), FromNode)
}

func TestLabelsOfOneNamespaceStayWhenThoseOfAnotherAreListed(t *testing.T) {
	d := directory(t, Sources{Endpoints: true})
	f := NewFinder(&Config{}, d)
	d.Enter(aSlice(anEndpoint("10.0.0.1", "web", "a", "x")))
	if client, _ := f.Find(netip.MustParseAddr("10.0.0.1"), true); !client.LabelsUnknown {
		t.Error("Before they are read the labels of Pods are called known")
	}
	p := aPod("web", "a")
	p.Facts = &source.PodFacts{Labels: map[string]string{"tier": "web"}}
	d.ReplacePods("default", []*source.Pod{p})
	d.ReplacePods("other", nil)
	if client, _ := f.Find(netip.MustParseAddr("10.0.0.1"), true); client.Labels["tier"] != "web" || client.LabelsUnknown {
		t.Errorf("The client is %+v", client)
	}
}

func TestATerminatingEndpointGivesWayToOneThatIsNot(t *testing.T) {
	d := directory(t, Sources{Endpoints: true})
	f := NewFinder(&Config{}, d)
	ending := anEndpoint("10.0.0.1", "db-0", "a", "x")
	ending.Terminating = true
	d.Enter(aSlice(ending))
	expect(t, f, "it is alone", "10.0.0.1", at("a", "x"), FromEndpoint)
	d.Enter(aSlice(anEndpoint("10.0.0.1", "db-1", "b", "y")))
	expect(t, f, "another one has its address", "10.0.0.1", at("b", "y"), FromEndpoint)
}

func TestAThousandEndpointsOfOneAddressAreHeldInLittleTime(t *testing.T) {
	d := directory(t, Sources{Endpoints: true})
	var many []source.Endpoint
	for range 20_000 {
		many = append(many, anEndpoint("10.0.0.1", "db-0", "a", "x"))
	}
	s := aSlice(many...)
	d.Enter(s)
	if n := d.endpoints.addresses.Len(); n != mostClaims {
		t.Errorf("Of one address %d are held, want %d", n, mostClaims)
	}
	d.Leave(s)
	if n := d.endpoints.addresses.Len(); n != 0 {
		t.Errorf("When all are gone %d are held", n)
	}
}

func TestOnlySlicesOfTheControllerWithAPodOfTheirNamespaceAreBelieved(t *testing.T) {
	d := directory(t, Sources{Endpoints: true})
	f := NewFinder(&Config{}, d)
	written := aSlice(anEndpoint("10.0.0.1", "db-0", "a", "x"))
	written.Controlled = false
	foreign := anEndpoint("10.0.0.2", "db-0", "a", "x")
	foreign.Pod.Namespace = "other"
	withoutPod := anEndpoint("10.0.0.3", "", "a", "x")
	d.Enter(written, aSlice(foreign, withoutPod, anEndpoint("10.0.0.4", "db-0", "a", "y")))
	for _, address := range []string{"10.0.0.1", "10.0.0.2", "10.0.0.3"} {
		expect(t, f, "not to be believed", address, nowhere, None)
	}
	expect(t, f, "to be believed", "10.0.0.4", at("a", "y"), FromEndpoint)
}

func TestAPodTellsTheAddressesOfItsNode(t *testing.T) {
	d := directory(t, Sources{Pods: true})
	f := NewFinder(&Config{SharedNodes: true}, d)
	p := aPod("agent", "a") // in the network of its node
	p.Client.HostAddresses = parsed("192.0.2.1", "2001:db8::1")
	d.SetPod(p)
	for _, address := range []string{"192.0.2.1", "2001:db8::1"} {
		expect(t, f, "an address of the node", address, at("a", ""), FromNode)
		if client, _ := f.Find(netip.MustParseAddr(address), true); !client.Shared || client.Pod != "" {
			t.Errorf("The client of %s is %+v", address, client)
		}
	}
	q := aPod("web", "a", "10.0.0.1")
	q.Client.HostAddresses = parsed("192.0.2.2", "2001:db8::1")
	d.SetPod(q)
	expect(t, f, "the node's former address", "192.0.2.1", nowhere, None)
	expect(t, f, "the node's new address", "192.0.2.2", at("a", ""), FromNode)
	d.DeletePod(p.NamespacedName)
	d.DeletePod(q.NamespacedName)
	expect(t, f, "a node without Pods", "192.0.2.2", nowhere, None)
}

func TestAnAddressThatTwoNodesClaimIsOnNeither(t *testing.T) {
	d := directory(t, all)
	f := NewFinder(&Config{}, d)
	d.ReplaceNodes([]*source.Node{aNode("a", "x", "172.17.0.1", "10.0.0.0/24"), aNode("b", "x", "172.17.0.1", "10.0.0.0/24"), aNode("c", "y", "172.17.0.1")})
	expect(t, f, "an address of three nodes", "172.17.0.1", nowhere, FromNode.orNone(nowhere))
	expect(t, f, "a CIDR of two nodes of a zone", "10.0.0.5", at("", "x"), FromPodCIDR)
	d.DeleteNode("c")
	expect(t, f, "an address of two nodes of a zone", "172.17.0.1", at("", "x"), FromNode)
}

// orNone is what has told a place: nothing, where it is nowhere.
func (s Source) orNone(place policy.Place) Source {
	if place == nowhere {
		return None
	}
	return s
}

func TestAReusedAddressIsThatOfThePodThatRuns(t *testing.T) {
	d := directory(t, all)
	f := NewFinder(&Config{}, d)
	ending := aPod("web-1", "a", "10.0.0.1")
	ending.Client.Terminating = true
	for _, order := range [][]*source.Pod{{ending, aPod("web-2", "b", "10.0.0.1")}, {aPod("web-2", "b", "10.0.0.1"), ending}} {
		d.ReplacePods("", nil)
		for _, p := range order {
			d.SetPod(p)
		}
		if client, _ := f.Find(netip.MustParseAddr("10.0.0.1"), true); client.Pod != "web-2" || client.Node != "b" {
			t.Errorf("The client is %+v", client)
		}
	}
	d.SetPod(aPod("web-3", "b", "10.0.0.1"))
	if client, _ := f.Find(netip.MustParseAddr("10.0.0.1"), true); client.Pod != "" || client.Node != "b" {
		t.Errorf("Where two run the client is %+v", client)
	}
}

func TestWhoAClientIsIsSaidByPodsAndByEndpoints(t *testing.T) {
	facts := &source.PodFacts{Labels: map[string]string{"tier": "web"}}
	for _, of := range []Sources{{Pods: true}, {Endpoints: true}} {
		d := directory(t, of)
		p := aPod("web-7d9c6b5f4d-x2x8q", "a", "10.0.0.1")
		p.Facts = facts
		d.SetPod(p)
		d.Enter(aSlice(anEndpoint("10.0.0.1", p.Name, "a", "x")))
		client, _ := NewFinder(&Config{}, d).Find(netip.MustParseAddr("10.0.0.1"), true)
		if client.Namespace != "default" || client.Pod != p.Name || client.Labels["tier"] != "web" {
			t.Errorf("With %+v the client is %+v", of, client)
		}
		d.ReplacePods("", nil)
		client, _ = NewFinder(&Config{}, d).Find(netip.MustParseAddr("10.0.0.1"), true)
		if client.Labels != nil {
			t.Errorf("With %+v and without Pods the client is %+v", of, client)
		}
	}
}

func TestBehindASharedAddressThePlaceIsKnownAndTheIdentityIsNot(t *testing.T) {
	d := directory(t, all)
	d.ReplaceNodes([]*source.Node{aNode("a", "x", "192.0.2.1", "10.0.0.0/24")})
	d.SetPod(aPod("web-1", "a", "10.0.0.7"))
	d.SetPod(aPod("web-2", "a", "10.0.0.1"))
	f := NewFinder(&Config{SharedNodes: true, Shared: []netip.Prefix{netip.MustParsePrefix("10.0.0.6/31")}}, d)
	for address, shared := range map[string]bool{
		"192.0.2.1": true,
		"10.0.0.7":  true,  // the operator's word
		"10.0.0.0":  true,  // the node's own address in its CIDR
		"10.0.0.1":  false, // would be, but is a Pod's
		"10.0.0.9":  false,
	} {
		client, _ := f.Find(netip.MustParseAddr(address), true)
		if client.Shared != shared || shared && client.Pod != "" || client.Place != at("a", "x") {
			t.Errorf("The client of %s is %+v, want it shared: %t", address, client, shared)
		}
	}
}

func TestOfANetworkThePlaceIsKnownWhereAllOfItIsThere(t *testing.T) {
	d := directory(t, all)
	d.ReplaceNodes([]*source.Node{aNode("a", "x", "10.0.0.0/24"), aNode("b", "x", "10.0.1.0/24")})
	d.SetPod(aPod("web-1", "b", "10.0.0.7"))
	f := NewFinder(&Config{Subnets: []Subnet{{netip.MustParsePrefix("10.0.0.0/16"), policy.Place{Region: "north"}}}}, d)
	for network, want := range map[string]policy.Place{
		"10.0.0.0/24": {Node: "a", Zone: "x", Region: "north"},
		"10.0.0.0/25": {Node: "a", Zone: "x", Region: "north"},
		"10.0.0.0/23": {Region: "north"},
		"10.0.0.0/8":  {},
		"10.0.0.7/32": {Node: "b", Zone: "x", Region: "north"},
	} {
		client, from := f.FindPrefix(netip.MustParsePrefix(network))
		if client.Place != want || (from == None) != (want == nowhere) {
			t.Errorf("The clients of %s are at %+v by %s, want %+v", network, client.Place, from, want)
		}
		if whole := network == "10.0.0.7/32"; client.Address.IsValid() != whole || client.Shared == whole {
			t.Errorf("The clients of %s are %+v", network, client)
		}
	}
}

func TestNamesOfPodsAreThoseThatTheyHad(t *testing.T) {
	table := newPodTable()
	names := []string{
		"a", "db-0", "web-7d9c6b5f4d-x2x8q", "a-very-long-name-without-a-dash-near-its-endxxxxxxxxxxxxxxxxxxxxxxxxxxx",
		"-", "ends-with-", "job-28391820-abcde", "job-28391821-abcde", "ünicode-is-no-name-but-must-not-be-lostü",
	}
	for _, n := range names {
		table.put(&source.Pod{NamespacedName: name(n)}, &stand{})
	}
	var got []string
	for _, n := range table.names("") {
		got = append(got, n.Name)
		if table.find(n) == nil {
			t.Errorf("%q is not found", n)
		}
	}
	slices.Sort(got)
	slices.Sort(names)
	if !slices.Equal(got, names) {
		t.Errorf("The names are %q, want %q", got, names)
	}
	if want := len(names) - 1; len(table.kins) != want {
		t.Errorf("They have %d kins, want %d: two jobs share one", len(table.kins), want)
	}
}
