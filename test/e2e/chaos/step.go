package chaos

import (
	"fmt"
	"strings"
)

// Step is a line of a schedule: what is done, and to what.
type Step struct {
	Verb      string
	Arguments []string
}

// settle is the verb that no other can be in the place of: everything is given back, and everything is compared.
const settle = "settle"

func step(verb string, arguments ...any) Step {
	s := Step{Verb: verb}
	for _, argument := range arguments {
		s.Arguments = append(s.Arguments, fmt.Sprint(argument))
	}
	return s
}

func (s Step) String() string { return strings.Join(append([]string{s.Verb}, s.Arguments...), " ") }

// Parse reads a schedule as Text has written it. Empty lines, and those that begin with #, mean nothing.
func Parse(text string) ([]Step, error) {
	var steps []Step
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		v, ok := verbs[words[0]]
		if !ok && words[0] != settle || len(words)-1 < v.arguments {
			return nil, fmt.Errorf("no step: %q", strings.TrimSpace(line))
		}
		steps = append(steps, Step{Verb: words[0], Arguments: words[1:]})
	}
	return steps, nil
}

// Text is a schedule as lines.
func Text(steps []Step) string {
	var text strings.Builder
	for _, s := range steps {
		text.WriteString(s.String() + "\n")
	}
	return text.String()
}
