package worlds

import (
	"iter"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
)

// Smaller yields worlds that lack something of this one, those that lack much first. All are copies.
func (w *World) Smaller() iter.Seq[*World] {
	return func(yield func(*World) bool) {
		for _, smaller := range []iter.Seq[*World]{
			w.withoutServices(), w.withoutObjects(), w.withoutEndpoints(), w.withoutPorts(), w.withoutFields(),
		} {
			for world := range smaller {
				if !yield(world) {
					return
				}
			}
		}
	}
}

// withoutServices leaves a service out, with all that stands behind it.
func (w *World) withoutServices() iter.Seq[*World] {
	return func(yield func(*World) bool) {
		for i, s := range w.Services {
			c := w.Clone()
			c.Services = slices.Delete(c.Services, i, i+1)
			c.Slices = slices.DeleteFunc(c.Slices, func(slice *discoveryv1.EndpointSlice) bool {
				return slice.Labels[discoveryv1.LabelServiceName] == s.Name
			})
			c.Endpoints = slices.DeleteFunc(c.Endpoints, func(e *corev1.Endpoints) bool { return e.Name == s.Name }) //nolint:staticcheck // deprecated, but still mirrored
			c.Pods = slices.DeleteFunc(c.Pods, func(p *corev1.Pod) bool { return p.Labels["app"] == s.Name })
			if !yield(c) {
				return
			}
		}
	}
}

// withoutObjects leaves single objects out.
func (w *World) withoutObjects() iter.Seq[*World] {
	return func(yield func(*World) bool) {
		_ = removals(w, func(c *World) *[]*discoveryv1.EndpointSlice { return &c.Slices }, yield) &&
			removals(w, func(c *World) *[]*corev1.Pod { return &c.Pods }, yield) &&
			removals(w, func(c *World) *[]*corev1.Endpoints { return &c.Endpoints }, yield) && //nolint:staticcheck // likewise
			removals(w, func(c *World) *[]*corev1.Service { return &c.Services }, yield)
	}
}

// removals yields a copy for each half of a list that is left out, and then one for each element. It returns false
// when no more are wanted.
func removals[T any](w *World, list func(*World) *[]T, yield func(*World) bool) bool {
	n := len(*list(w))
	for size := max(1, n/2); n > 0; size = 1 {
		for from := 0; from < n; from += size {
			c := w.Clone()
			in := list(c)
			*in = slices.Delete(*in, from, min(n, from+size))
			if !yield(c) {
				return false
			}
		}
		if size == 1 {
			return true
		}
	}
	return true
}

func (w *World) withoutEndpoints() iter.Seq[*World] {
	return func(yield func(*World) bool) {
		for i := range w.Slices {
			if !removals(w, func(c *World) *[]discoveryv1.Endpoint { return &c.Slices[i].Endpoints }, yield) {
				return
			}
		}
		for i, object := range w.Endpoints {
			for j := range object.Subsets {
				if !removals(w, func(c *World) *[]corev1.EndpointAddress { return &c.Endpoints[i].Subsets[j].Addresses }, yield) {
					return
				}
			}
		}
	}
}

func (w *World) withoutPorts() iter.Seq[*World] {
	return func(yield func(*World) bool) {
		for i, s := range w.Services {
			if least := s.Spec.ClusterIP != corev1.ClusterIPNone; least && len(s.Spec.Ports) < 2 {
				continue
			}
			if !removals(w, func(c *World) *[]corev1.ServicePort { return &c.Services[i].Spec.Ports }, yield) {
				return
			}
		}
		for i := range w.Slices {
			if !removals(w, func(c *World) *[]discoveryv1.EndpointPort { return &c.Slices[i].Ports }, yield) {
				return
			}
		}
	}
}

// withoutFields clears the fields of endpoints, one after the other.
func (w *World) withoutFields() iter.Seq[*World] {
	fields := []struct {
		is    func(*discoveryv1.Endpoint) bool
		clear func(*discoveryv1.Endpoint)
	}{
		{func(e *discoveryv1.Endpoint) bool { return len(e.Addresses) > 1 }, func(e *discoveryv1.Endpoint) { e.Addresses = e.Addresses[:1] }},
		{func(e *discoveryv1.Endpoint) bool { return e.Hostname != nil }, func(e *discoveryv1.Endpoint) { e.Hostname = nil }},
		{func(e *discoveryv1.Endpoint) bool { return e.TargetRef != nil }, func(e *discoveryv1.Endpoint) { e.TargetRef = nil }},
		{func(e *discoveryv1.Endpoint) bool { return e.NodeName != nil }, func(e *discoveryv1.Endpoint) { e.NodeName = nil }},
		{func(e *discoveryv1.Endpoint) bool { return e.Zone != nil }, func(e *discoveryv1.Endpoint) { e.Zone = nil }},
		{func(e *discoveryv1.Endpoint) bool { return e.Conditions.Ready != nil }, func(e *discoveryv1.Endpoint) { e.Conditions.Ready = nil }},
		{func(e *discoveryv1.Endpoint) bool { return e.Conditions.Serving != nil }, func(e *discoveryv1.Endpoint) { e.Conditions.Serving = nil }},
		{func(e *discoveryv1.Endpoint) bool { return e.Conditions.Terminating != nil }, func(e *discoveryv1.Endpoint) { e.Conditions.Terminating = nil }},
	}
	return func(yield func(*World) bool) {
		for i, slice := range w.Slices {
			for j := range slice.Endpoints {
				for _, field := range fields {
					if !field.is(&slice.Endpoints[j]) {
						continue
					}
					c := w.Clone()
					field.clear(&c.Slices[i].Endpoints[j])
					if !yield(c) {
						return
					}
				}
			}
		}
	}
}
