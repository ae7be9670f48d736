package policy

import "math"

// sticky is an order of each client's own that stays the same: rendezvous hashing. Each pair of a client and an
// endpoint has a number, made of the hashes of both, and a client's endpoints are in the order of their numbers. So
// an endpoint that goes away leaves the others of all clients in their order, and a new one takes its place among
// them.
//
// Where nobody knows which client asks, or many share the address, chance decides: the same endpoints for all clients
// behind an address would bear the load of all of them.
type sticky struct{}

// Depends says that chance is used, which it is for some clients. For the others it is still cheaper to compute than
// to remember an order for each of them.
func (sticky) Depends() Depends { return OnQuery }

// Apply puts each rank into the client's order.
func (s sticky) Apply(in Ranks, about *View) (Ranks, string) {
	return applyOrder(in, s.first, about), ""
}

func (sticky) first(dst, rank []int32, k int, about *View) []int32 {
	if about.Client.Shared || !about.Client.Address.IsValid() {
		return shuffle{}.first(dst, rank, k, about)
	}
	r := rankings.Get().(*ranking)
	client := hashClient(about.Client.Address)
	r.score(rank, client, boundOfFirst(k, len(rank)), about)
	if len(r.scored) < k { // hardly ever
		r.score(rank, client, math.MaxUint64, about)
	}
	r.sort(k, about)
	for _, s := range r.scored[:k] {
		dst = append(dst, s.endpoint)
	}
	rankings.Put(r)
	return dst
}

// boundOfFirst returns a number that most likely k of n numbers are below, and not many more. They are as good as
// evenly distributed: how many are below is off by more than four times its standard deviation less than once in
// 10,000 times.
func boundOfFirst(k, n int) uint64 {
	enough := float64(k) + 4*math.Sqrt(float64(k)) + 16
	if enough >= float64(n) {
		return math.MaxUint64
	}
	return uint64(enough / float64(n) * (1 << 63) * 2)
}

// score notes the endpoints whose number for the client is up to the bound.
func (r *ranking) score(rank []int32, client, bound uint64, about *View) {
	r.scored = r.scored[:0]
	hashes := about.Hashes
	for _, i := range rank {
		var endpoint uint64
		if hashes != nil {
			endpoint = hashes[i]
		} else {
			endpoint = hash(about.Endpoints[i].Identity())
		}
		if score := mix(client ^ endpoint); score <= bound {
			r.scored = append(r.scored, scored{score, i})
		}
	}
}
