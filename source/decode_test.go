package source

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

// decodeWith decodes a slice and returns what was reported too, as "reason value".
func decodeWith(s *discoveryv1.EndpointSlice) (*Slice, []string) {
	var reported []string
	d := Decoder{Report: func(p Problem) { reported = append(reported, strings.TrimSpace(p.Reason+" "+p.Value)) }}
	return d.Slice(s), reported
}

func slice(change func(s *discoveryv1.EndpointSlice)) *discoveryv1.EndpointSlice {
	s := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: "default", Name: "db-1", Labels: map[string]string{discoveryv1.LabelServiceName: "db"}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: new("mysql"), Protocol: new(corev1.ProtocolTCP), Port: new(int32(3306))}},
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{"10.0.0.1"}}},
	}
	change(s)
	return s
}

func TestASliceKeepsWhatAnswersAndPoliciesNeed(t *testing.T) {
	got, reported := decodeWith(slice(func(s *discoveryv1.EndpointSlice) {
		s.Endpoints = []discoveryv1.Endpoint{{
			Addresses: []string{"10.0.0.1"}, Hostname: new("DB-0"), NodeName: new("node-a"), Zone: new("zone-a"),
			TargetRef:  &corev1.ObjectReference{Kind: "Pod", Namespace: "default", Name: "db-0"},
			Conditions: discoveryv1.EndpointConditions{Ready: new(false), Serving: new(true), Terminating: new(true)},
			Hints:      &discoveryv1.EndpointHints{ForZones: []discoveryv1.ForZone{{Name: "zone-b"}}, ForNodes: []discoveryv1.ForNode{{Name: "node-b"}}},
		}}
	}))
	want := &Slice{NamespacedName: types.NamespacedName{Namespace: "default", Name: "db-1"}, Service: "db"}
	want.With([]Port{{Name: "mysql", Protocol: "tcp", Number: 3306}}, Endpoint{
		Address: netip.MustParseAddr("10.0.0.1"), Hostname: "db-0", Pod: types.NamespacedName{Namespace: "default", Name: "db-0"},
		Node: "node-a", Zone: "zone-a", Hints: &Hints{Zones: []string{"zone-b"}, Nodes: []string{"node-b"}}, Serving: true, Terminating: true,
	})
	if !reflect.DeepEqual(got, want) || len(reported) > 0 {
		t.Errorf("The slice is decoded as\n%+v\nwant\n%+v, reported %q", got, want, reported)
	}
}

func TestUnknownConditionsHaveTheDefaultsOfTheAPI(t *testing.T) {
	tests := []struct {
		in                          discoveryv1.EndpointConditions
		ready, serving, terminating bool
	}{
		{discoveryv1.EndpointConditions{}, true, true, false},
		{discoveryv1.EndpointConditions{Ready: new(false)}, false, false, false}, // a mirrored one
		{discoveryv1.EndpointConditions{Ready: new(true), Serving: new(false)}, true, false, false},
	}
	for _, tt := range tests {
		got, _ := decodeWith(slice(func(s *discoveryv1.EndpointSlice) { s.Endpoints[0].Conditions = tt.in }))
		if e := got.Endpoints[0].Unpack(); e.Ready != tt.ready || e.Serving != tt.serving || e.Terminating != tt.terminating {
			t.Errorf("%+v is decoded as %+v", tt.in, e)
		}
	}
}

func TestMalformedPartsAreLeftOutAndReported(t *testing.T) {
	tests := map[string]struct {
		change   func(s *discoveryv1.EndpointSlice)
		want     string // of the slice: addresses, hostnames and ports
		reported []string
	}{
		"an address that does not parse":   {func(s *discoveryv1.EndpointSlice) { s.Endpoints[0].Addresses = []string{"10.0.0.300", "", "10.0.0.2"} }, "10.0.0.2 mysql/tcp/3306", []string{"address 10.0.0.300", "address"}},
		"an IPv6 address in an IPv4 slice": {func(s *discoveryv1.EndpointSlice) { s.Endpoints[0].Addresses = []string{"2001:db8::1"} }, "", []string{"address 2001:db8::1"}},
		"an IPv4 address in an IPv6 slice": {func(s *discoveryv1.EndpointSlice) {
			s.AddressType = discoveryv1.AddressTypeIPv6
			s.Endpoints[0].Addresses = []string{"::ffff:10.0.0.1"}
		}, "", []string{"address ::ffff:10.0.0.1"}},
		"a hostname that is no label":         {func(s *discoveryv1.EndpointSlice) { s.Endpoints[0].Hostname = new("a.b") }, "10.0.0.1 mysql/tcp/3306", []string{"hostname a.b"}},
		"a hostname of 64 letters":            {func(s *discoveryv1.EndpointSlice) { s.Endpoints[0].Hostname = new(strings.Repeat("a", 64)) }, "10.0.0.1 mysql/tcp/3306", []string{"hostname " + strings.Repeat("a", 64)}},
		"a port without a number":             {func(s *discoveryv1.EndpointSlice) { s.Ports[0].Port = nil }, "10.0.0.1", []string{"port mysql"}},
		"a port with a number too large":      {func(s *discoveryv1.EndpointSlice) { s.Ports[0].Port = new(int32(65536)) }, "10.0.0.1", []string{"port mysql"}},
		"a port with a name that is none":     {func(s *discoveryv1.EndpointSlice) { s.Ports[0].Name = new("a.b") }, "10.0.0.1", []string{"port a.b"}},
		"a port with a protocol that is none": {func(s *discoveryv1.EndpointSlice) { s.Ports[0].Protocol = new(corev1.Protocol("ICMP")) }, "10.0.0.1", []string{"port mysql"}},
		"a port that is there twice":          {func(s *discoveryv1.EndpointSlice) { s.Ports = append(s.Ports, s.Ports[0]) }, "10.0.0.1 mysql/tcp/3306", nil},
		"an empty protocol is TCP":            {func(s *discoveryv1.EndpointSlice) { s.Ports[0].Protocol = new(corev1.Protocol("")) }, "10.0.0.1 mysql/tcp/3306", nil},
		"a slice of FQDNs":                    {func(s *discoveryv1.EndpointSlice) { s.AddressType = discoveryv1.AddressTypeFQDN }, "nothing", []string{"address_type FQDN"}},
		"a slice without a service":           {func(s *discoveryv1.EndpointSlice) { s.Labels = nil }, "nothing", []string{"no_service_name"}},
		"a port without a name is fine":       {func(s *discoveryv1.EndpointSlice) { s.Ports[0].Name, s.Ports[0].Protocol = nil, nil }, "10.0.0.1 /tcp/3306", nil},
		"leading zeros are decimal":           {func(s *discoveryv1.EndpointSlice) { s.Endpoints[0].Addresses = []string{"010.000.000.001"} }, "10.0.0.1 mysql/tcp/3306", nil},
		"every address counts":                {func(s *discoveryv1.EndpointSlice) { s.Endpoints[0].Addresses = []string{"10.0.0.1", "10.0.0.2"} }, "10.0.0.1 10.0.0.2 mysql/tcp/3306", nil},
	}
	for what, tt := range tests {
		t.Run(what, func(t *testing.T) {
			got, reported := decodeWith(slice(tt.change))
			if text := summary(got); text != tt.want || !slices.Equal(reported, tt.reported) {
				t.Errorf("Decoded as %q, reported %q; want %q and %q", text, reported, tt.want, tt.reported)
			}
		})
	}
}

func portsOf(s *Slice) []Port {
	if len(s.Endpoints) == 0 {
		return nil
	}
	return s.Endpoints[0].Ports()
}

func summary(s *Slice) string {
	if s == nil {
		return "nothing"
	}
	var parts []string
	for _, e := range s.Endpoints {
		parts = append(parts, strings.TrimSpace(e.Address().String()+" "+e.Hostname()))
	}
	for _, p := range portsOf(s) {
		parts = append(parts, fmt.Sprintf("%s/%s/%d", p.Name, p.Protocol, p.Number))
	}
	return strings.Join(parts, " ")
}

func TestHeadlessnessIsTheServicesOwn(t *testing.T) {
	selector := labels.SelectorFromSet(labels.Set{"app": "db"})
	tests := map[string]struct {
		spec      corev1.ServiceSpec
		namespace string
		labels    map[string]string
		want      bool
	}{
		"clusterIP None":                {corev1.ServiceSpec{ClusterIP: "None"}, "default", map[string]string{"app": "db"}, true},
		"a ClusterIP":                   {corev1.ServiceSpec{ClusterIP: "10.96.0.1"}, "default", map[string]string{"app": "db"}, false},
		"no ClusterIP yet":              {corev1.ServiceSpec{}, "default", map[string]string{"app": "db"}, false},
		"ExternalName, whatever else":   {corev1.ServiceSpec{ClusterIP: "None", Type: corev1.ServiceTypeExternalName}, "default", map[string]string{"app": "db"}, false},
		"another namespace":             {corev1.ServiceSpec{ClusterIP: "None"}, "other", map[string]string{"app": "db"}, false},
		"without the labels":            {corev1.ServiceSpec{ClusterIP: "None"}, "default", nil, false},
		"the headless label is no word": {corev1.ServiceSpec{ClusterIP: "10.96.0.1"}, "default", map[string]string{"app": "db", corev1.IsHeadlessService: ""}, false},
	}
	d := Decoder{Namespaces: []string{"default"}, Labels: selector}
	for what, tt := range tests {
		s := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: tt.namespace, Name: "db", Labels: tt.labels}, Spec: tt.spec}
		if got := d.Service(s); (got != nil) != tt.want {
			t.Errorf("%s: kept %v", what, got)
		}
	}
}

func TestAServiceAsksForAPolicyByItsAnnotation(t *testing.T) {
	for annotation, want := range map[string]string{
		"near": "near", " near\n": "near", "": "", "No Label": "No Label", strings.Repeat("a", 63): strings.Repeat("a", 63),
		strings.Repeat("a", 100_000): strings.Repeat("a", 64), // none can have that name
	} {
		s := &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "db", Annotations: map[string]string{"headless-dns/policy": annotation}},
			Spec:       corev1.ServiceSpec{ClusterIP: "None"},
		}
		if got := new(Decoder).Service(s).Policy; got != want {
			t.Errorf("The annotation %.70q asks for %q, want %q", annotation, got, want)
		}
	}
}

// FuzzSlice decodes any EndpointSlice that JSON can say: what is kept must be what the types promise.
func FuzzSlice(f *testing.F) {
	for _, s := range []*discoveryv1.EndpointSlice{slice(func(*discoveryv1.EndpointSlice) {}), slice(func(s *discoveryv1.EndpointSlice) { s.AddressType = "IPv6"; s.Endpoints[0].Hostname = new("a") })} {
		text, err := json.Marshal(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var in discoveryv1.EndpointSlice
		if json.Unmarshal(text, &in) != nil {
			return
		}
		got, _ := decodeWith(&in)
		if got == nil {
			return
		}
		for _, packed := range got.Endpoints {
			e := packed.Unpack()
			if !e.Address.IsValid() || e.Address.Is4In6() || e.Address.Zone() != "" || len(e.Hostname) > 63 || strings.ContainsAny(e.Hostname, `.\`) {
				t.Errorf("Kept %+v of %s", e, text)
			}
		}
		for _, p := range portsOf(got) {
			if p.Number == 0 || len(p.Name) > 63 || p.Protocol == "" {
				t.Errorf("Kept %+v of %s", p, text)
			}
		}
	})
}
