package headless

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/coredns/caddy"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/headless-dns/headless/policy"
)

// noPolicy is the name of the policy that is always there: the full set.
const noPolicy = "none"

// policyBlock is a policy as it is written.
type policyBlock struct {
	name  string
	lines [][]string
}

// application says for which services a policy is meant.
type application struct {
	policy string
	// observe says that the policy is only run, and its outcome counted: the answer is what it would be without.
	observe bool
	// share is the part of the clients that it is for, in hundredths of a percent.
	share int
	globs serviceGlobs
}

// wholeShare is the share that means all clients.
const wholeShare = 10_000

// readBlock reads the lines of a block behind the arguments of its directive, the last of which is its brace. The lexer
// would swallow what follows a block that is not closed, or that is closed on a line where something else stands.
func readBlock(c *caddy.Controller, args []string) (lines [][]string, err error) {
	if n := len(args); n == 0 || args[n-1] != "{" || slices.ContainsFunc(args[:n-1], isBrace) {
		quoted := ""
		if n > 0 {
			quoted = "'" + strings.Join(args, " ") + "' "
		}
		return nil, errors.New(quoted + "needs a block: '{' at the end of the line, and '}' on a line of its own")
	}
	for c.Next() {
		line := append([]string{c.Val()}, restOfLine(c)...)
		if len(line) == 1 && line[0] == "}" {
			return lines, nil
		}
		if slices.ContainsFunc(line, isBrace) {
			return nil, fmt.Errorf("'%s': a brace stands on a line of its own, and one of an expression in double quotes",
				strings.Join(line, " "))
		}
		lines = append(lines, line)
	}
	return nil, errors.New("its block has no end")
}

// restOfLine returns what follows on the line, braces included, which RemainingArgs stops at.
func restOfLine(c *caddy.Controller) (tokens []string) {
	for c.NextArg() {
		tokens = append(tokens, c.Val())
	}
	return tokens
}

func isBrace(token string) bool { return token == "{" || token == "}" || token == "{}" }

// readPolicy reads a policy and its block.
func (c *config) readPolicy(in *caddy.Controller) error {
	args := restOfLine(in)
	lines, err := readBlock(in, args)
	if err == nil {
		err = c.addPolicy(args[:len(args)-1], lines)
	}
	if err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	return nil
}

func (c *config) addPolicy(args []string, lines [][]string) error {
	if len(args) != 1 {
		return wrongCount(args, "NAME")
	}
	name := args[0]
	switch {
	case len(validation.IsDNS1123Label(name)) > 0:
		return fmt.Errorf("'%s' is no name of a policy: it is used as a label of names, such as prefer-zone", name)
	case name == noPolicy:
		return fmt.Errorf("'%s' is the policy that is always there, the full set", name)
	case slices.ContainsFunc(c.policies, func(p policyBlock) bool { return p.name == name }):
		return fmt.Errorf("'%s' is given twice", name)
	case len(lines) == 0:
		return fmt.Errorf("'%s' has no steps; the full set is the policy '%s'", name, noPolicy)
	}
	c.policies = append(c.policies, policyBlock{name: name, lines: lines})
	return nil
}

const applyUsage = "NAME [observe] [P%] NAMESPACE/SERVICE..."

// isApplyOption says whether an argument is one that stands before the patterns, and that is no pattern.
func isApplyOption(arg string) bool { return arg == "observe" || strings.HasSuffix(arg, "%") }

func (c *config) addApplication(args []string) (err error) {
	if len(args) == 0 {
		return wrongCount(args, applyUsage)
	}
	a := application{policy: args[0], share: wholeShare}
	args = args[1:]
	if len(args) > 0 && args[0] == "observe" {
		a.observe, args = true, args[1:]
	}
	if len(args) > 0 && strings.HasSuffix(args[0], "%") {
		if a.share, err = parseShare(args[0]); err != nil {
			return err
		}
		args = args[1:]
	}
	if len(args) == 0 {
		return fmt.Errorf("'%s' needs patterns of services: NAMESPACE/SERVICE..., everything is */*", a.policy)
	}
	if i := slices.IndexFunc(args, isApplyOption); i >= 0 {
		return fmt.Errorf("'%s' is misplaced: %s", args[i], applyUsage)
	}
	if a.globs, err = parseServiceGlobs(args); err != nil {
		return err
	}
	c.applications = append(c.applications, a)
	return nil
}

// parseShare reads a percentage with up to two digits behind the point.
func parseShare(text string) (int, error) {
	whole, fraction, _ := strings.Cut(strings.TrimSuffix(text, "%"), ".")
	share := 0
	for _, digit := range whole + (fraction + "00")[:max(2, len(fraction))] {
		if digit < '0' || digit > '9' || share > wholeShare {
			share = -1
			break
		}
		share = 10*share + int(digit-'0')
	}
	if share <= 0 || share > wholeShare || whole == "" || len(fraction) > 2 {
		return 0, fmt.Errorf("'%s' is no percentage above 0%% and up to 100%%, such as 10%% or 0.5%%", text)
	}
	return share, nil
}

// annotationRule says in which namespaces the annotation of a Service is believed; the zero value means in all.
type annotationRule struct {
	off        bool
	namespaces []string
}

func (r *annotationRule) believes(namespace string) bool {
	return !r.off && (len(r.namespaces) == 0 || slices.Contains(r.namespaces, namespace))
}

func (c *config) setAnnotations(args []string) error {
	if len(args) == 0 {
		return wrongCount(args, "off|NAMESPACE...")
	}
	if slices.Contains(args, "off") {
		if len(args) > 1 {
			return fmt.Errorf("'%s': 'off' stands alone", strings.Join(args, " "))
		}
		c.annotations.off = true
		return nil
	}
	for _, arg := range args {
		if len(validation.IsDNS1123Label(arg)) > 0 {
			return fmt.Errorf("'%s' is no name of a namespace", arg)
		}
	}
	c.annotations.namespaces = args
	return nil
}

// compilePolicies compiles the policies, once the whole block is read, and checks what refers to them.
func (c *config) compilePolicies() error {
	for _, p := range c.policies {
		with := c.environment()
		with.Failed = func(string, error) { expressionErrorCount.WithLabelValues(p.name).Inc() }
		compiled, err := policy.Compile(p.name, p.lines, &with)
		if err != nil {
			return err
		}
		if c.compiled == nil {
			c.compiled = make(map[string]*policy.Policy)
		}
		c.compiled[p.name] = compiled
		c.uses.Add(with.Uses)
	}
	for _, a := range c.applications {
		if c.compiled[a.policy] == nil && a.policy != noPolicy {
			return fmt.Errorf("apply: there is no policy '%s', the policies are %s", a.policy,
				strings.Join(append(slices.Sorted(maps.Keys(c.compiled)), noPolicy), " "))
		}
	}
	return nil
}
