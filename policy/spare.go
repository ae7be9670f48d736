package policy

import (
	"cmp"
	"slices"
)

// spare returns Settings.Spare of the endpoints that are not in the group which a step chose, as one rank: the
// closest, group by group, then any. They are for clients whose whole group has died before they hear of it. The step
// that chose lets them come along from what it was given; what an earlier step left out stays out.
//
// Which of those that are equally close is up to rendezvous hashing of the client's place, so that clients of
// different places do not all fall upon the same ones. The client's node, zone and region have a say only where some
// endpoint is there: all clients on nodes without one share the few of their zone, and places that compare alike have
// the same spares (see placeComparer).
func spare(in Ranks, groups []group, chosen int, about *View) Ranks {
	if about.Settings.Spare == 0 {
		return nil
	}
	var client uint64
	for i := range groups {
		if len(groups[i].of(in, about)) > 0 {
			client = mix(client ^ hash(groups[i].place))
		}
	}
	var others []candidate
	for _, rank := range in {
		for _, i := range rank {
			e := &about.Endpoints[i]
			if groups[chosen].has(e) {
				continue
			}
			others = append(others, candidate{
				endpoint: i,
				distance: distance(e, groups[chosen+1:]),
				score:    mix(client ^ about.identityHash(i)),
			})
		}
	}
	slices.SortFunc(others, func(a, b candidate) int {
		return cmp.Or(
			cmp.Compare(a.distance, b.distance),
			cmp.Compare(a.score, b.score),
			about.compareAddresses(a.endpoint, b.endpoint),
		)
	})
	rank := make([]int32, 0, min(about.Settings.Spare, len(others)))
	for _, other := range others[:cap(rank)] {
		rank = append(rank, other.endpoint)
	}
	if len(rank) == 0 {
		return nil
	}
	slices.Sort(rank)
	return Ranks{rank}
}

// identityHash returns the hash of what identifies an endpoint.
func (v *View) identityHash(i int32) uint64 {
	if v.Hashes != nil {
		return v.Hashes[i]
	}
	return hash(v.Endpoints[i].Identity())
}

// candidate is an endpoint that may come along.
type candidate struct {
	endpoint int32
	distance int    // how many groups are closer
	score    uint64 // of the client's place and it; the smallest comes first
}

// distance is the number of the first of the groups that an endpoint is in.
func distance(e *Endpoint, groups []group) int {
	for i := range groups {
		if groups[i].has(e) {
			return i
		}
	}
	return len(groups)
}
