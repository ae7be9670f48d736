package policy

import (
	"slices"
	"strconv"
	"strings"
)

// model is what the table of steps in the documentation says, done in the slowest and most obvious way: one step
// after the other over lists of endpoints, everything anew for each client. It shares nothing with the package but
// what no table can say: the hashes.
type model struct {
	world    world
	client   Client
	settings map[string]string

	ranks   [][]int
	weights map[int]float64 // nil: all weigh the same
	order   string
	spread  string // empty: none
	limit   int    // 0: none
	began   int
}

// runModel does all steps for a client, but for the order and what follows it.
func runModel(lines []string, w world, client Client) *model {
	m := &model{world: w, client: client, settings: map[string]string{}}
	for i := range w.endpoints {
		if len(m.ranks) == 0 {
			m.ranks = [][]int{nil}
		}
		m.ranks[0] = append(m.ranks[0], i)
	}
	fromSaid := false
	for _, line := range lines {
		name, rest, _ := strings.Cut(line, " ")
		m.settings[name] = rest
		fromSaid = fromSaid || name == "from"
	}
	if !fromSaid {
		m.from("ready")
	}
	for _, line := range lines {
		name, rest, _ := strings.Cut(line, " ")
		m.step(name, rest)
	}
	if m.order == "" {
		m.order = "shuffle"
		if m.limit > 0 {
			m.order = "sticky"
		}
	}
	return m
}

func (m *model) step(name, rest string) {
	switch name {
	case "from":
		m.from(rest)
	case "keep":
		if e := expressions[rest]; e.known(&m.client) {
			m.narrow(func(i int) bool { return e.holds(&m.world.endpoints[i], &m.client) })
		}
	case "prefer":
		m.prefer(expressions[rest])
	case "nearest":
		m.nearest(rest)
	case "hints":
		m.hints()
	case "rank":
		m.rank(rest)
	case "weight":
		m.weigh(numbers[rest])
	case "order":
		m.order = rest
	case "spread":
		m.spread = rest
	case "limit":
		m.limit, _ = strconv.Atoi(rest)
	}
}

// from: of several sets the first that is not empty.
func (m *model) from(sets string) {
	all := m.ranks
	for set := range strings.FieldsSeq(sets) {
		var conditions []func(e *Endpoint) bool
		switch set {
		case "ready":
			conditions = append(conditions, func(e *Endpoint) bool { return e.Ready })
		case "serving":
			conditions = append(conditions, func(e *Endpoint) bool { return e.Serving && !e.Terminating })
			conditions = append(conditions, func(e *Endpoint) bool { return e.Serving && e.Terminating })
		case "all":
			conditions = append(conditions, func(*Endpoint) bool { return true })
		}
		for _, condition := range conditions {
			m.ranks = all
			m.narrow(func(i int) bool { return condition(&m.world.endpoints[i]) })
			if m.began = m.count(); m.began > 0 {
				return
			}
		}
	}
}

// narrow leaves the rest out of all ranks, and no rank empty.
func (m *model) narrow(condition func(i int) bool) {
	var left [][]int
	for _, rank := range m.ranks {
		var some []int
		for _, i := range rank {
			if condition(i) {
				some = append(some, i)
			}
		}
		if len(some) > 0 {
			left = append(left, some)
		}
	}
	m.ranks = left
}

// least is what min says, 1 where it says nothing.
func (m *model) least() int {
	text := m.settings["min"]
	if percent, ok := strings.CutSuffix(text, "%"); ok {
		p, _ := strconv.Atoi(percent)
		for n := 0; ; n++ {
			if 100*n >= p*len(m.world.endpoints) {
				return max(n, 1)
			}
		}
	}
	n, _ := strconv.Atoi(text)
	return max(n, 1)
}

// setting returns a setting's number, 0 where it is not given.
func (m *model) setting(name string) int {
	n, _ := strconv.Atoi(strings.TrimSuffix(m.settings[name], "%"))
	return n
}

func (m *model) prefer(e expression) {
	before := m.ranks
	if !e.known(&m.client) {
		return
	}
	m.narrow(func(i int) bool { return e.holds(&m.world.endpoints[i], &m.client) })
	if m.count() < m.least() {
		m.ranks = before
	}
}

// rank: those come first, all stay.
func (m *model) rank(words string) {
	var first []func(i int) bool
	if e, ok := expressions[words]; !ok {
		for _, p := range m.near(words) {
			first = append(first, p.has)
		}
	} else if e.known(&m.client) {
		first = append(first, func(i int) bool { return e.holds(&m.world.endpoints[i], &m.client) })
	}
	var ranks [][]int
	for _, rank := range m.ranks {
		for _, is := range append(first, func(int) bool { return true }) {
			var these, others []int
			for _, i := range rank {
				if is(i) {
					these = append(these, i)
				} else {
					others = append(others, i)
				}
			}
			if len(these) > 0 {
				ranks = append(ranks, these)
			}
			rank = others
		}
	}
	m.ranks = ranks
}

func (m *model) weigh(n number64) {
	if !n.known(&m.client) {
		return
	}
	m.weights = map[int]float64{}
	for i := range m.world.endpoints {
		m.weights[i] = n.value(&m.world.endpoints[i], &m.client)
	}
}

func (m *model) count() int { return count(m.ranks) }

func count(ranks [][]int) int { return len(slices.Concat(ranks...)) }
