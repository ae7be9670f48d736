package policy

import (
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// inspection goes through the syntax tree of an expression. It refuses what the language of expressions has not got,
// and what could take long, and notes what the rest reads.
type inspection struct {
	with  *Environment
	reads map[string]bool // names, such as "zone" and "client.zone"
	uses  Uses

	nodes, states int
}

// A run takes each node at most once, and each state of a regular expression once for each character it is matched
// with.
const (
	maxNodes  = 1000
	maxStates = 500
)

// operators are those that take no longer than reading their operands.
var operators = map[string]bool{
	"==": true, "!=": true, "<": true, ">": true, "<=": true, ">=": true, "in": true,
	"and": true, "&&": true, "or": true, "||": true, "not": true, "!": true,
	"+": true, "-": true, "*": true, "/": true, "%": true, "**": true, "^": true,
	"matches": true, "contains": true, "startsWith": true, "endsWith": true,
}

// visit refuses a node that is not of the kinds that there are, so that a newer expr brings no others with it.
func (i *inspection) visit(node ast.Node) error {
	if i.nodes++; i.nodes > maxNodes {
		return wrong(node, "it has more than %d parts, comparisons in comparisons counted several times", maxNodes)
	}
	switch n := node.(type) {
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.StringNode:
		return nil
	case *ast.IdentifierNode:
		return i.name(n, n.Value)
	case *ast.MemberNode:
		return i.member(n)
	case *ast.UnaryNode:
		return i.operation(n, n.Operator, n.Node)
	case *ast.BinaryNode:
		return i.binary(n)
	case *ast.ConditionalNode:
		return i.all(n.Cond, n.Exp1, n.Exp2)
	case *ast.ArrayNode:
		return i.all(n.Nodes...)
	case *ast.SliceNode:
		return i.all(n.Node, n.From, n.To)
	case *ast.CallNode:
		return i.call(n)
	case *ast.BuiltinNode:
		return i.function(n, n.Name, n.Arguments)
	case *ast.NilNode:
		return wrong(n, "there is no nil: what is not known is the empty string")
	case *ast.MapNode:
		return wrong(n, "there are no maps, write CONDITION ? VALUE : OTHER")
	}
	return wrong(node, "there are no values of this kind")
}

// all visits nodes; those that were left out are nil.
func (i *inspection) all(nodes ...ast.Node) error {
	for _, node := range nodes {
		if node == nil {
			continue
		}
		if err := i.visit(node); err != nil {
			return err
		}
	}
	return nil
}

// name notes that a name is read, if it is one.
func (i *inspection) name(node ast.Node, name string) error {
	word, ok := vocabulary[name]
	switch {
	case name == "client":
		return wrong(node, "'client' needs one of its names, such as client.zone")
	case !ok:
		return &mistake{at: node.Location(), text: "unknown name '" + name + "'", hint: namesHint()}
	case word.keys:
		return wrong(node, "'%s' needs a key, such as %s['app']", name, name)
	}
	return i.read(node, name)
}

// read notes that a name is read.
func (i *inspection) read(node ast.Node, name string) error {
	word := vocabulary[name]
	if missing := word.needs.missing(i.with); missing != "" {
		return wrong(node, "'%s' %s", name, missing)
	}
	i.uses.Nodes = i.uses.Nodes || word.needs == nodeObjects
	i.uses.ClientPods = i.uses.ClientPods || word.needs == pods
	i.reads[name] = true
	return nil
}

// member is one of the client's names, the value of a key, or an element.
func (i *inspection) member(n *ast.MemberNode) error {
	if name := nameOf(n); strings.HasPrefix(name, "client.") {
		return i.name(n, name)
	}
	if name := nameOf(n.Node); vocabulary[name].keys {
		return i.key(name, n.Property)
	}
	if err := i.all(n.Node, n.Property); err != nil {
		return err
	}
	if name, ok := n.Property.(*ast.StringNode); ok {
		return wrong(n, "no '%s' here; a key with dots is written as in labels['example.org/app']", name.Value)
	}
	return nil
}

// nameOf returns the name that a node is, such as "zone" and "client.zone", or nothing.
func nameOf(node ast.Node) string {
	switch n := node.(type) {
	case *ast.IdentifierNode:
		return n.Value
	case *ast.MemberNode:
		of, isName := n.Node.(*ast.IdentifierNode)
		name, isConstant := n.Property.(*ast.StringNode)
		if isName && isConstant && of.Value == "client" {
			return "client." + name.Value
		}
	}
	return ""
}

// qualifiedName is the form of the keys of labels and annotations.
var qualifiedName = regexp.MustCompile(
	`^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`)

// key notes that a key is read. Only the values of named keys are kept.
func (i *inspection) key(of string, node ast.Node) error {
	key, ok := node.(*ast.StringNode)
	if !ok {
		return wrong(node, "a key of '%s' must be a constant, such as %s['app']", of, of)
	}
	if !qualifiedName.MatchString(key.Value) {
		return wrong(node, "'%s' cannot be a key of '%s'", key.Value, of)
	}
	switch of {
	case "labels":
		i.uses.useLabel(key.Value)
	case "annotations":
		i.uses.useAnnotation(key.Value)
	case "client.labels":
		i.uses.useClientLabel(key.Value)
	}
	return i.read(node, of)
}

// operation is an operator with its operands.
func (i *inspection) operation(n ast.Node, operator string, operands ...ast.Node) error {
	if !operators[operator] {
		return wrong(n, "there is no operator '%s'", operator)
	}
	return i.all(operands...)
}

func (i *inspection) binary(n *ast.BinaryNode) error {
	if of := nameOf(n.Right); n.Operator == "in" && vocabulary[of].keys {
		return i.key(of, n.Left)
	}
	if n.Operator == "matches" {
		if err := i.pattern(n.Right); err != nil {
			return err
		}
	}
	return i.operation(n, n.Operator, n.Left, n.Right)
}

// pattern bounds what matching a regular expression takes: a short one can have many states.
func (i *inspection) pattern(node ast.Node) error {
	constant, ok := node.(*ast.StringNode)
	if !ok {
		return wrong(node, "what 'matches' matches with must be a constant")
	}
	tree, err := syntax.Parse(constant.Value, syntax.Perl)
	if err != nil {
		return wrong(node, "%v", err)
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return wrong(node, "%v", err)
	}
	if i.states += len(program.Inst); i.states > maxStates {
		return wrong(node, "its regular expressions have more than %d states", maxStates)
	}
	return nil
}
