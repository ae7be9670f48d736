package source

import (
	"net/netip"
	"reflect"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func parsed(texts ...string) []netip.Addr {
	var all []netip.Addr
	for _, text := range texts {
		all = append(all, netip.MustParseAddr(text))
	}
	slices.SortFunc(all, netip.Addr.Compare)
	return all
}

func TestTheAddressesOfANodeAreThoseOfItsStatusAndOfItsTunnels(t *testing.T) {
	in := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{
		"projectcalico.org/IPv4Address":                "10.0.0.5/24",
		"projectcalico.org/IPv4IPIPTunnelAddr":         "192.168.1.0",
		"projectcalico.org/IPv6VXLANTunnelAddr":        "fd00::1:0",
		"network.cilium.io/ipv4-cilium-host":           "10.244.0.28",
		"flannel.alpha.coreos.com/public-ip":           "10.0.0.5",
		"network.cilium.io/ipv6-cilium-host":           "not an address",
		"flannel.alpha.coreos.com/backend-data":        "192.0.2.1",
		"projectcalico.org/IPv4VXLANTunnelAddr":        "",
		"projectcalico.org/VXLANTunnelMACAddr":         "66:ab",
		"alpha.kubernetes.io/provided-node-ip":         "192.0.2.2",
		"io.cilium.network.ipv4-cilium-host":           "10.244.0.28",
		"flannel.alpha.coreos.com/public-ipv6":         "2001:db8::5",
		"projectcalico.org/IPv6WireguardInterfaceAddr": "fd00::2:0",
	}}}
	in.Status.Addresses = []corev1.NodeAddress{
		{Type: corev1.NodeInternalIP, Address: "10.0.0.5"}, {Type: corev1.NodeInternalIP, Address: "2001:db8::5"},
		{Type: corev1.NodeExternalIP, Address: "203.0.113.5"}, {Type: corev1.NodeHostName, Address: "192.0.2.3"},
		{Type: corev1.NodeInternalIP, Address: "fe80::1"}, {Type: corev1.NodeInternalIP, Address: "::ffff:10.0.0.6"},
		{Type: corev1.NodeInternalIP, Address: "nonsense"},
	}
	with := Decoder{Uses: Uses{ClientNodes: true}}
	want := parsed("10.0.0.5", "10.0.0.6", "10.244.0.28", "192.168.1.0", "203.0.113.5", "2001:db8::5", "fd00::1:0", "fd00::2:0")
	if got := with.Node(in).Addresses; !slices.Equal(got, want) {
		t.Errorf("The addresses are %v, want %v", got, want)
	}
	if got := new(Decoder).Node(in); got.Addresses != nil || got.PodCIDRs != nil {
		t.Errorf("Where nobody asks for clients, there are %v and %v", got.Addresses, got.PodCIDRs)
	}
}

func TestThePodCIDRsOfANodeAreThoseThatItsNetworkPluginWritesElseThoseOfItsSpec(t *testing.T) {
	with := Decoder{Uses: Uses{ClientNodes: true}}
	for _, each := range []struct {
		annotations map[string]string
		spec        corev1.NodeSpec
		want        []string
	}{
		{nil, corev1.NodeSpec{PodCIDR: "10.1.0.0/24", PodCIDRs: []string{"10.1.0.0/24", "fd00:1::/64"}}, []string{"10.1.0.0/24", "fd00:1::/64"}},
		{nil, corev1.NodeSpec{PodCIDR: "10.1.0.0/24"}, []string{"10.1.0.0/24"}},
		{
			map[string]string{"network.cilium.io/ipv4-pod-cidr": "10.2.0.1/27"},
			corev1.NodeSpec{PodCIDRs: []string{"10.1.0.0/24", "fd00:1::/64"}}, []string{"10.2.0.0/27", "fd00:1::/64"},
		},
		{map[string]string{"io.cilium.network.ipv6-pod-cidr": "nonsense"}, corev1.NodeSpec{}, nil},
	} {
		var want []netip.Prefix
		for _, text := range each.want {
			want = append(want, netip.MustParsePrefix(text))
		}
		in := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Annotations: each.annotations}, Spec: each.spec}
		if got := with.Node(in).PodCIDRs; !slices.Equal(got, want) {
			t.Errorf("Of %v and %+v the CIDRs are %v, want %v", each.annotations, each.spec, got, want)
		}
	}
}

// running is a Pod with an address on a node.
func running() *corev1.Pod {
	in := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-1", Labels: map[string]string{
		corev1.LabelTopologyZone: "a", corev1.LabelTopologyRegion: "north", "tier": "web", "other": "x",
	}}}
	in.Spec.NodeName = "worker-1"
	in.Status.PodIPs = []corev1.PodIP{{IP: "10.1.0.7"}, {IP: "fd00:1::7"}}
	in.Status.HostIPs = []corev1.HostIP{{IP: "10.0.0.5"}}
	return in
}

func TestOfAPodIsKeptFromWhereItAsks(t *testing.T) {
	d := Decoder{Namespaces: []string{"default"}, Uses: Uses{ClientPods: true, Labels: []string{"tier"}}}
	got := d.ClientPod(running())
	want := PodClient{
		Node: "worker-1", Zone: "a", Region: "north", Addresses: parsed("10.1.0.7", "fd00:1::7"), HostAddresses: parsed("10.0.0.5"),
	}
	if !reflect.DeepEqual(got.Client, want) || got.String() != "shop/web-1" || !reflect.DeepEqual(got.Facts.Labels, map[string]string{"tier": "web"}) {
		t.Errorf("Kept is %+v with %v, want %+v", got, got.Facts, want)
	}
}

func TestAPodInTheNetworkOfItsNodeHasNoAddressOfItsOwn(t *testing.T) {
	in := running()
	in.Spec.HostNetwork = true
	in.Status.HostIPs, in.Status.HostIP = nil, "10.0.0.5"
	got := (&Decoder{}).ClientPod(in)
	if len(got.Client.Addresses) != 0 || !slices.Equal(got.Client.HostAddresses, parsed("10.0.0.5")) {
		t.Errorf("Kept is %+v", got.Client)
	}
}

func TestAPodThatHasEndedOrHasNoAddressIsNoClient(t *testing.T) {
	for _, change := range []func(p *corev1.Pod){
		func(p *corev1.Pod) { p.Status.Phase = corev1.PodSucceeded },
		func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed },
		func(p *corev1.Pod) { p.Status.PodIPs, p.Status.HostIPs = nil, nil },
		func(p *corev1.Pod) { p.Status.PodIPs, p.Status.HostIPs = []corev1.PodIP{{IP: "nonsense"}}, nil },
	} {
		in := running()
		if change(in); (&Decoder{}).ClientPod(in) != nil {
			t.Errorf("Kept is a Pod with %+v", in.Status)
		}
	}
	ending := running()
	ending.DeletionTimestamp = &metav1.Time{}
	if !(&Decoder{}).ClientPod(ending).Client.Terminating {
		t.Error("A Pod that is terminating is not said to be")
	}
}

func TestASliceSaysWhoKeepsItAndAServiceWhetherItHasASelector(t *testing.T) {
	d := Decoder{Report: func(Problem) {}}
	for manager, want := range map[string]bool{
		"endpointslice-controller.k8s.io": true, "endpointslicemirroring-controller.k8s.io": false, "": false,
	} {
		in := &discoveryv1.EndpointSlice{AddressType: discoveryv1.AddressTypeIPv4}
		in.Labels = map[string]string{discoveryv1.LabelServiceName: "db", discoveryv1.LabelManagedBy: manager}
		if got := d.Slice(in).Controlled; got != want {
			t.Errorf("A slice of %q is controlled: %t", manager, got)
		}
	}
	for _, selector := range []map[string]string{nil, {"app": "db"}} {
		in := &corev1.Service{Spec: corev1.ServiceSpec{ClusterIP: corev1.ClusterIPNone, Selector: selector}}
		if got := d.Service(in).Selected; got != (selector != nil) {
			t.Errorf("A service with the selector %v is selected: %t", selector, got)
		}
	}
}
