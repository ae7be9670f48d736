package policy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Compile makes a policy of its lines, each split into words. Its error quotes the line that is wrong, and says what
// would be right.
func Compile(name string, lines [][]string, with *Environment) (*Policy, error) {
	c := compiler{policy: &Policy{Name: name}, with: with, seen: map[string]bool{}}
	for _, line := range lines {
		if err := c.add(line); err != nil {
			return nil, fmt.Errorf("policy '%s': '%s': %w", name, strings.Join(line, " "), err)
		}
	}
	return c.finish()
}

// compiler puts a policy together, line by line.
type compiler struct {
	policy *Policy
	with   *Environment
	seen   map[string]bool // names of the lines so far
}

func (c *compiler) add(line []string) error {
	name, args := line[0], line[1:]
	if set, ok := settings[name]; ok {
		if c.seen[name] {
			return errTwice
		}
		c.seen[name] = true
		return set(&c.policy.settings, args)
	}
	kind, ok := kinds[name]
	if !ok {
		return fmt.Errorf("unknown step '%s', the steps are %s, and the settings %s", name, names(kinds), names(settings))
	}
	step, err := kind.New(args, c.with)
	if err != nil {
		return err
	}
	if err := c.place(name, strings.Join(line, " "), step); err != nil {
		return err
	}
	c.seen[name] = true
	return nil
}

// once are the steps of which a second one could only undo the first, or do nothing.
var once = map[string]bool{"nearest": true, "hints": true, "weight": true}

// place puts a step where it belongs. What narrows or ranks commutes with an order within the ranks, but not with turns
// and limits.
func (c *compiler) place(name, line string, step Step) error {
	if part, ok := step.(tailStep); ok {
		c.policy.ends = append(c.policy.ends, namedStep{Step: step, line: line})
		return part.join(&c.policy.tail)
	}
	if once[name] && c.seen[name] {
		return errTwice
	}
	if name == "from" && len(c.policy.steps) > 0 {
		return errors.New("it must stand before all other steps, once")
	}
	if c.seen["limit"] || c.seen["spread"] {
		return errors.New("it must stand before 'spread' and 'limit'")
	}
	c.policy.steps = append(c.policy.steps, namedStep{Step: step, line: line})
	return nil
}

// finish adds what was not said.
func (c *compiler) finish() (*Policy, error) {
	p := c.policy
	switch {
	case c.seen["overload"] && !c.seen["nearest"]:
		return nil, fmt.Errorf("policy '%s': 'overload' needs 'nearest'", p.Name)
	case c.seen["spare"] && !c.seen["nearest"] && !c.seen["hints"]:
		return nil, fmt.Errorf("policy '%s': 'spare' needs 'nearest' or 'hints'", p.Name)
	}
	c.with.Uses.Nodes = c.with.Uses.Nodes || c.seen["overload"]
	if !c.seen["from"] {
		p.steps = append([]namedStep{{Step: from{sets: []string{"ready"}}, line: "from ready"}}, p.steps...)
	}
	if p.tail.order == nil {
		line := "order shuffle"
		p.tail.order = shuffle{}
		if p.tail.limit > 0 {
			line, p.tail.order = "order sticky", sticky{}
		}
		p.ends = append([]namedStep{{Step: p.tail.order, line: line}}, p.ends...)
	}
	return p, nil
}

// names returns the keys of a table in their order.
func names[T any](table map[string]T) string {
	return strings.Join(slices.Sorted(maps.Keys(table)), " ")
}
