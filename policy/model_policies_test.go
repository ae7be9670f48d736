package policy

import (
	"maps"
	"slices"
	"strconv"
)

// expression is what an expression means, written once more in Go.
type expression struct {
	known func(c *Client) bool // what it reads of the client
	holds func(e *Endpoint, c *Client) bool
}

// number64 is what an expression of a number means.
type number64 struct {
	known func(c *Client) bool
	value func(e *Endpoint, c *Client) float64
}

func always(*Client) bool { return true }

func ofEndpoint(holds func(e *Endpoint) bool) expression {
	return expression{always, func(e *Endpoint, _ *Client) bool { return holds(e) }}
}

func hasHTTP(e *Endpoint) bool { return slices.Contains(e.PortNames, "http") }

var expressions = map[string]expression{
	"zone == client.zone": {
		func(c *Client) bool { return c.Zone != "" },
		func(e *Endpoint, c *Client) bool { return e.Zone == c.Zone },
	},
	"node != client.node": {
		func(c *Client) bool { return c.Node != "" },
		func(e *Endpoint, c *Client) bool { return e.Node != c.Node },
	},
	"region == client.region and client.zone != 'b'": {
		func(c *Client) bool { return c.Region != "" && c.Zone != "" },
		func(e *Endpoint, c *Client) bool { return e.Region == c.Region && c.Zone != "b" },
	},
	"client.namespace == 'shop' or ready": {
		func(c *Client) bool { return c.Namespace != "" },
		func(e *Endpoint, c *Client) bool { return c.Namespace == "shop" || e.Ready },
	},
	"client.labels['tier'] == labels['tier']": {
		func(c *Client) bool { return c.Pod != "" },
		func(e *Endpoint, c *Client) bool { return c.Labels["tier"] == e.Labels["tier"] },
	},
	"incidr(client.address, '10.1.0.0/30') or ordinal == 1": {
		func(c *Client) bool { return c.Address.IsValid() },
		func(e *Endpoint, c *Client) bool { return c.Address.As4()[3] < 4 || ordinalOf(e) == 1 },
	},
	"pod != client.pod": {
		func(c *Client) bool { return c.Pod != "" },
		func(e *Endpoint, c *Client) bool { return e.Pod != c.Pod },
	},
	"labels['tier'] == 'db'":           ofEndpoint(func(e *Endpoint) bool { return e.Labels["tier"] == "db" }),
	"labels['none'] == ''":             ofEndpoint(func(*Endpoint) bool { return true }),
	"annotations['role'] != 'replica'": ofEndpoint(func(e *Endpoint) bool { return e.Annotations["role"] != "replica" }),
	"ordinal >= 0 and ordinal < 2":     ofEndpoint(func(e *Endpoint) bool { return ordinalOf(e) < 2 }),
	"not terminating and serving":      ofEndpoint(func(e *Endpoint) bool { return !e.Terminating && e.Serving }),
	"node_ready":                       ofEndpoint(func(e *Endpoint) bool { return e.NodeReady }),
	"'http' in port_names":             ofEndpoint(hasHTTP),
	"incidr(address, '10.0.0.0/25')": ofEndpoint(func(e *Endpoint) bool {
		return e.Address.Is4() && e.Address.As4()[3] < 128
	}),
	"zone in ['a', 'b']": ofEndpoint(func(e *Endpoint) bool { return e.Zone == "a" || e.Zone == "b" }),
}

var numbers = map[string]number64{
	"number(labels['weight'], 7)": {always, func(e *Endpoint, _ *Client) float64 {
		if n, err := strconv.ParseFloat(e.Labels["weight"], 64); err == nil {
			return n
		}
		return 7
	}},
	"zone == client.zone ? 3 : 1": {
		func(c *Client) bool { return c.Zone != "" },
		func(e *Endpoint, c *Client) float64 {
			if e.Zone == c.Zone {
				return 3
			}
			return 1
		},
	},
}

// policy makes random lines. Their order is any that is right.
func (d dice) policy() []string {
	var lines []string
	once := map[string]bool{}
	for range d.IntN(5) {
		line := d.step()
		if kind := line[:4]; kind == "near" || kind == "hint" || kind == "weig" {
			if once[kind] {
				continue
			}
			once[kind] = true
		}
		lines = append(lines, line)
	}
	if d.often(7) {
		lines = d.insert(lines, "order "+d.oneOf("shuffle", "rotate", "sticky", "ordinal", "address", "weighted"))
	}
	if d.often(5) {
		lines = slices.Insert(lines, 0, "from "+d.oneOf("ready", "serving", "all", "ready all", "serving ready"))
	}
	if d.often(3) {
		lines = append(lines, "spread "+d.oneOf("zone", "node"))
	}
	if d.often(4) {
		lines = append(lines, "limit "+d.oneOf("1", "2", "3", "9", "fit"))
	}
	for _, line := range []string{
		"min " + d.oneOf("2", "3", "10%", "40%", "100%"), "overload " + d.oneOf("100%", "150%", "400%"),
		"spare " + d.oneOf("1", "2", "9"),
	} {
		isSense := line[0] == 'm' || once["near"] || line[0] == 's' && once["hint"] // else it would be refused
		if d.often(3) && isSense {
			lines = d.insert(lines, line)
		}
	}
	return lines
}

// step makes a random line that narrows, ranks or weighs.
func (d dice) step() string {
	expression := d.oneOf(slices.Sorted(maps.Keys(expressions))...)
	switch d.IntN(7) {
	case 0:
		return "keep " + expression
	case 1:
		return "prefer " + expression
	case 2:
		return d.oneOf("nearest", "nearest node", "nearest zone", "nearest region", "nearest zone node")
	case 3:
		return "hints"
	case 4:
		return "rank " + expression
	case 5:
		return "rank " + d.oneOf("node", "zone", "region", "zone node", "node zone region")
	}
	return "weight " + d.oneOf(slices.Sorted(maps.Keys(numbers))...)
}

// insert puts a line anywhere.
func (d dice) insert(lines []string, line string) []string {
	return slices.Insert(lines, d.IntN(len(lines)+1), line)
}
