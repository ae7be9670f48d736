package source

import "slices"

// With gives endpoints to a slice that has a namespace and that nobody else sees yet, and returns it. Whoever calls it
// leaves the ports to the slice.
func (s *Slice) With(ports []Port, endpoints ...Endpoint) *Slice {
	of := newGroup(s.Namespace, ports)
	s.Endpoints = make([]*Packed, len(endpoints))
	for i := range endpoints {
		s.Endpoints[i] = of.pack(&endpoints[i])
	}
	slices.SortFunc(s.Endpoints, (*Packed).Compare)
	return s
}

// Equal says whether two slices are the same, of whatever version. The order in which they were written does not matter.
func (s *Slice) Equal(other *Slice) bool {
	return s.NamespacedName == other.NamespacedName && s.Service == other.Service && s.Controlled == other.Controlled &&
		s.samePorts(other) && slices.EqualFunc(s.Endpoints, other.Endpoints, (*Packed).equal)
}

// samePorts says whether the endpoints of both have the same ports; those of a slice without any do.
func (s *Slice) samePorts(other *Slice) bool {
	return len(s.Endpoints) == 0 || len(other.Endpoints) == 0 || s.Endpoints[0].PortsKey() == other.Endpoints[0].PortsKey()
}

func (p *Packed) equal(other *Packed) bool { return p == other || p.Compare(other) == 0 }

// TakeOver takes the endpoints that are as they were from an older state of the slice, so that they are the same ones.
// Who looks for what has changed then finds little, and what has not changed is held once. Nobody else may see the
// slice yet.
func (s *Slice) TakeOver(older *Slice) {
	if len(s.Endpoints) == 0 || len(older.Endpoints) == 0 || s.Namespace != older.Namespace || !s.samePorts(older) {
		return
	}
	of := older.Endpoints[0].group
	was := older.Endpoints
	for i, is := range s.Endpoints {
		for len(was) > 0 && was[0].Compare(is) < 0 {
			was = was[1:]
		}
		if len(was) > 0 && was[0].Compare(is) == 0 {
			s.Endpoints[i], was = was[0], was[1:]
		} else {
			is.group = of
		}
	}
}

// Since returns the endpoints that are others than in an older state of the slice, nil for none: those that are not in
// it any more, and those that were not in it.
func (s *Slice) Since(older *Slice) (removed, added []*Packed) {
	var was, is []*Packed
	if older != nil {
		was = older.Endpoints
	}
	if s != nil {
		is = s.Endpoints
	}
	for len(was) > 0 && len(is) > 0 {
		if was[0] == is[0] {
			was, is = was[1:], is[1:]
			continue
		}
		order := was[0].Compare(is[0])
		if order <= 0 {
			removed, was = append(removed, was[0]), was[1:]
		}
		if order >= 0 {
			added, is = append(added, is[0]), is[1:]
		}
	}
	return append(removed, was...), append(added, is...)
}
