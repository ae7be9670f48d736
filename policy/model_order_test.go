package policy

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
)

// exact says whether the order leaves nothing to chance.
func (m *model) exact() bool {
	switch m.order {
	case "ordinal", "address":
		return true
	case "sticky":
		return m.client.Address.IsValid() && !m.client.Shared
	}
	return false
}

// ordered returns a rank in the policy's order, if it is exact.
func (m *model) ordered(rank []int) []int {
	rank = slices.Clone(rank)
	slices.SortFunc(rank, func(i, j int) int {
		one, other := &m.world.endpoints[i], &m.world.endpoints[j]
		byAddress := one.Address.Compare(other.Address)
		switch m.order {
		case "ordinal":
			return cmp.Or(cmp.Compare(ordinalOf(one), ordinalOf(other)), cmp.Compare(one.Identity(), other.Identity()), byAddress)
		case "sticky":
			client := hashClient(m.client.Address)
			return cmp.Or(cmp.Compare(mix(client^hash(one.Identity())), mix(client^hash(other.Identity()))), byAddress)
		}
		return byAddress
	})
	return m.takeTurns(rank)
}

var numbered = regexp.MustCompile(`-(0|[1-9][0-9]*)$`)

// ordinalOf is the StatefulSet ordinal; who has none comes last.
func ordinalOf(e *Endpoint) int {
	for _, name := range []string{e.Hostname, e.Pod} {
		if found := numbered.FindStringSubmatch(name); found != nil {
			n, _ := strconv.Atoi(found[1])
			return n
		}
	}
	return 1 << 30
}

func (m *model) group(i int) string {
	switch m.spread {
	case "zone":
		return m.world.endpoints[i].Zone
	case "node":
		return m.world.endpoints[i].Node
	}
	return fmt.Sprint(i) // each is alone, and all are in the first turn
}

// takeTurns lets each group have its turn, over and over. The group of the first has the first turn.
func (m *model) takeTurns(rank []int) []int {
	var groups []string
	for _, i := range rank {
		if !slices.Contains(groups, m.group(i)) {
			groups = append(groups, m.group(i))
		}
	}
	var turns []int
	for len(rank) > 0 {
		for _, group := range groups {
			at := slices.IndexFunc(rank, func(i int) bool { return m.group(i) == group })
			if at >= 0 {
				turns = append(turns, rank[at])
				rank = slices.Delete(rank, at, at+1)
			}
		}
	}
	return turns
}

// disagrees compares what a client got, as the places in the answer say it, with the model, and says what is wrong.
func (m *model) disagrees(c Choice) string {
	want := m.count()
	if m.limit > 0 {
		want = min(want, m.limit)
	}
	got := c.Pick(nil, c.Len())
	switch {
	case c.Began() != m.began || c.Filtered() != (m.began > 0 && m.count() == 0):
		return fmt.Sprintf("began with %d, filtered: %t", c.Began(), c.Filtered())
	case c.Len() != want || len(got) != want:
		return fmt.Sprintf("%d of %d", len(got), c.Len())
	case c.Weighted() != (m.weights != nil):
		return fmt.Sprintf("weighted: %t", c.Weighted())
	}
	ranks := make([][]int, len(m.ranks))
	for place, i := range got {
		if r := c.Rank(place); r < 0 || r >= len(ranks) {
			return fmt.Sprintf("rank %d at place %d", r, place)
		} else {
			ranks[r] = append(ranks[r], int(i))
		}
		if c.Weighted() && c.Weight(i) != m.weights[int(i)] {
			return fmt.Sprintf("weight %g of %d", c.Weight(i), i)
		}
	}
	for r, rank := range ranks {
		n := min(len(m.ranks[r]), want)
		want -= n
		if len(rank) != n || !m.mayBegin(rank, m.ranks[r]) {
			return fmt.Sprint(ranks)
		}
	}
	return ""
}

// mayBegin says whether the policy's order of a rank may begin like this.
func (m *model) mayBegin(got, rank []int) bool {
	if m.exact() {
		return slices.Equal(got, m.ordered(rank)[:len(got)])
	}
	whole := slices.Clone(got)
	for _, i := range rank {
		if !slices.Contains(got, i) {
			whole = append(whole, i)
		}
	}
	// Taken turns of once more, what has taken turns stays as it is. Whoever is not of the rank, or twice in it, makes
	// the whole longer.
	return len(whole) == len(rank) && slices.Equal(got, m.takeTurns(whole)[:len(got)])
}
