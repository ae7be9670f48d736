package source

import (
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
)

var someEndpoints = []Endpoint{
	{Address: netip.MustParseAddr("10.0.0.1")},
	{Address: netip.MustParseAddr("2001:db8::1"), Hostname: "db-0", Ready: true, Serving: true},
	{Address: netip.MustParseAddr("10.0.0.2"), Hostname: "db-0", Pod: types.NamespacedName{Namespace: "default", Name: "db-0"}, Terminating: true},
	{Address: netip.MustParseAddr("10.0.0.3"), Hostname: "db-0", Pod: types.NamespacedName{Namespace: "default", Name: "pod.1"}, Ready: true, Terminating: true},
	{Address: netip.MustParseAddr("10.0.0.4"), Pod: types.NamespacedName{Namespace: "default", Name: "pod-1"}, Node: "a", Zone: "b"},
	{Address: netip.MustParseAddr("10.0.0.5"), Hostname: "db-0", Pod: types.NamespacedName{Namespace: "other", Name: "db-0"}, Node: "a"},
	{Address: netip.MustParseAddr("10.0.0.6"), Zone: "b", Hints: &Hints{Zones: []string{"a", "b"}}},
	{Address: netip.MustParseAddr("10.0.0.7"), Node: "a", Hints: &Hints{Zones: []string{""}, Nodes: []string{"x", "", "y"}}},
}

// filled is a slice in the namespace default.
func filled(ports []Port, endpoints ...Endpoint) *Slice {
	s := &Slice{NamespacedName: types.NamespacedName{Namespace: "default", Name: "db-1"}, Service: "db"}
	return s.With(ports, endpoints...)
}

func TestWhatIsPackedComesOutAsItWas(t *testing.T) {
	for _, want := range someEndpoints {
		p := filled(nil, want).Endpoints[0]
		if got := p.Unpack(); !reflect.DeepEqual(got, want) {
			t.Errorf("Packed and unpacked it is %+v, want %+v", got, want)
		}
		if got, _ := netip.AddrFromSlice(p.IP()); got != want.Address || p.CompareTo(want.Address) != 0 {
			t.Errorf("The address of %+v is %s on the wire", want, got)
		}
	}
}

func TestTheLabelIsTheHostnameElseThePodsWhereThatIsALabel(t *testing.T) {
	for i, want := range []struct{ plain, podNames string }{{}, {"db-0", "db-0"}, {"db-0", "db-0"}, {"db-0", "db-0"}, {"", "pod-1"}, {"db-0", "db-0"}, {}, {}} {
		p := filled(nil, someEndpoints[i]).Endpoints[0]
		if plain, podNames := p.Label(false), p.Label(true); plain != want.plain || podNames != want.podNames {
			t.Errorf("The labels of %+v are %q and %q, want %+v", someEndpoints[i], plain, podNames, want)
		}
	}
}

func TestALabelIsWhatTheAPITakesForOne(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 3))
	texts := []string{"", "a", "-", strings.Repeat("a", 63), strings.Repeat("a", 64)}
	for range 3000 {
		text := make([]byte, random.IntN(4))
		for i := range text {
			text[i] = "az09-A._\x00\xff"[random.IntN(10)]
		}
		texts = append(texts, string(text))
	}
	for _, text := range texts {
		if want := len(validation.IsDNS1123Label(text)) == 0; isLabel(text) != want {
			t.Errorf("%q is a label: %t, want %t", text, !want, want)
		}
	}
}

// An endpoint of a StatefulSet takes 48 octets and its name. One more field of eight and it takes 64.
func TestAPackedEndpointTakes48Octets(t *testing.T) {
	if size := unsafe.Sizeof(Packed{}); size > 48 && unsafe.Sizeof(uintptr(0)) == 8 {
		t.Errorf("It takes %d octets", size)
	}
}

func TestTheOrderInWhichASliceIsWrittenDoesNotMatter(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 4))
	want := filled(nil, someEndpoints...)
	for range 20 {
		shuffled := slices.Clone(someEndpoints)
		random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		got := filled(nil, shuffled...)
		if !got.Equal(want) {
			t.Fatal("Written in another order it is another slice")
		}
		removed, added := got.Since(want)
		if len(removed) != len(someEndpoints) || len(added) != len(someEndpoints) {
			t.Fatalf("Of others that are equal %d go and %d come", len(removed), len(added))
		}
		got.TakeOver(want)
		if !slices.Equal(got.Endpoints, want.Endpoints) {
			t.Fatal("What is as it was is not taken over")
		}
	}
}

func TestSlicesDifferByWhatTheySayAndNotByPortsThatNobodyHas(t *testing.T) {
	ports := []Port{{Name: "mysql", Protocol: "tcp", Number: 3306}}
	whole := filled(ports, someEndpoints...)
	for i := range someEndpoints {
		if filled(ports, slices.Delete(slices.Clone(someEndpoints), i, i+1)...).Equal(whole) {
			t.Errorf("Without %+v the slice is the same", someEndpoints[i])
		}
	}
	if filled(nil, someEndpoints...).Equal(whole) {
		t.Error("With other ports the slice is the same")
	}
	if !filled(ports).Equal(filled(nil)) {
		t.Error("Slices without endpoints are not the same")
	}
}

func TestOnlyWhatHasChangedIsNew(t *testing.T) {
	ports := []Port{{Name: "mysql", Protocol: "tcp", Number: 3306}}
	older := filled(ports, someEndpoints...)
	changed := slices.Clone(someEndpoints[1:])
	changed[2].Ready = false
	next := filled(slices.Clone(ports), append(changed, Endpoint{Address: netip.MustParseAddr("10.0.0.9")})...)
	next.TakeOver(older)
	removed, added := next.Since(older)
	if len(removed) != 2 || len(added) != 2 || removed[0].Address() != someEndpoints[0].Address || removed[1].Address() != changed[2].Address ||
		added[0].Address() != changed[2].Address || added[1].Address().String() != "10.0.0.9" {
		t.Errorf("%v go and %v come", removed, added)
	}
	if &added[1].Ports()[0] != &older.Endpoints[0].Ports()[0] {
		t.Error("The ports, which are the same, are there twice")
	}

	other := filled([]Port{{Name: "mysql", Protocol: "tcp", Number: 3307}}, someEndpoints...)
	other.TakeOver(older)
	if removed, added := other.Since(older); len(removed) != len(someEndpoints) || len(added) != len(someEndpoints) {
		t.Errorf("With other ports %d endpoints go and %d come", len(removed), len(added))
	}
	if removed, added := older.Since(nil); len(removed) != 0 || len(added) != len(someEndpoints) {
		t.Errorf("Of a new slice %d endpoints go and %d come", len(removed), len(added))
	}
	if removed, added := (*Slice)(nil).Since(older); len(removed) != len(someEndpoints) || len(added) != 0 {
		t.Errorf("Of a slice that goes %d endpoints go and %d come", len(removed), len(added))
	}
}
