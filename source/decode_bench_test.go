package source

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
)

// BenchmarkSlice is a slice of a StatefulSet with 100 endpoints, listed again as it was.
func BenchmarkSlice(b *testing.B) {
	in := slice(func(s *discoveryv1.EndpointSlice) {
		s.Endpoints = make([]discoveryv1.Endpoint, 100)
		for i := range s.Endpoints {
			name := fmt.Sprintf("db-%d", i)
			s.Endpoints[i] = discoveryv1.Endpoint{
				Addresses: []string{fmt.Sprintf("10.0.%d.%d", i%10, i)}, Hostname: &name, NodeName: new(fmt.Sprintf("node-%d", i)), Zone: new("zone-a"),
				TargetRef: &corev1.ObjectReference{Kind: "Pod", Namespace: "default", Name: name},
			}
		}
	})
	d := Decoder{Report: func(Problem) {}}
	held := d.Slice(in)
	b.ReportAllocs()
	for b.Loop() {
		if s := d.Slice(in); !s.Equal(held) {
			b.Fatal("It has changed")
		}
	}
}
