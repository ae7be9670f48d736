package policy

// rotate is the order of the rank, begun one further each time: each endpoint is equally often first.
type rotate struct{}

// Depends says that the number of the query is used.
func (rotate) Depends() Depends { return OnQuery }

// Apply rotates each rank.
func (r rotate) Apply(in Ranks, about *View) (Ranks, string) {
	return applyOrder(in, r.first, about), ""
}

func (rotate) first(dst, rank []int32, k int, about *View) []int32 {
	begin := int(about.Turn % uint32(len(rank))) // #nosec G115 -- a service has fewer endpoints
	end := min(begin+k, len(rank))
	dst = append(dst, rank[begin:end]...)
	return append(dst, rank[:k-(end-begin)]...)
}
