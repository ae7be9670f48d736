package policy

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker"
	bytecode "github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/optimizer"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/parser/lexer"
	"github.com/expr-lang/expr/vm"
)

// mistake is something wrong in an expression, with what would be right.
type mistake struct {
	at   file.Location
	text string
	hint string
}

func (m *mistake) Error() string { return m.text }

// wrong is a mistake at a node.
func wrong(node ast.Node, format string, args ...any) error {
	return &mistake{at: node.Location(), text: fmt.Sprintf(format, args...)}
}

// advice is what would be right, where expr only says what is wrong.
var advice = map[string]string{
	"invalid char escape":    `; a backslash is written twice, as in '\\d'`,
	"literal not terminated": cutHint,
	"unexpected token EOF":   cutHint,
}

// cutHint says what may have cut the end off. Who wrote it sees it there.
const cutHint = "; in a Corefile a '#' begins a comment, save in an expression that stands whole in double quotes"

// located says in one line where in an expression something is wrong.
func located(text string, err error) error {
	var own *mistake
	var theirs *file.Error
	switch {
	case errors.As(err, &own):
	case errors.As(err, &theirs):
		text := strings.TrimSpace(theirs.Message)
		own = &mistake{at: theirs.Location, text: text, hint: advice[text]}
	default:
		return err
	}
	return fmt.Errorf("%s, at character %d of '%s'%s", own.text, own.at.From+1, text, own.hint)
}

// compileExpression goes the way of expr.Compile with two stops. The tree is inspected before anything else walks it:
// `a < b < c` has b twice, so that a short text can be a huge tree. Values without a type are refused behind it.
func compileExpression(text string, i *inspection) (*vm.Program, error) {
	config := conf.CreateNew()
	for _, option := range options {
		option(config)
	}
	if err := refuseTokens(text); err != nil {
		return nil, err
	}
	tree, err := parser.ParseWithConfig(text, config)
	if err != nil {
		return nil, err
	}
	if err := i.visit(tree.Node); err != nil {
		return nil, err
	}
	if err := checkTypes(tree, config); err != nil {
		return nil, err
	}
	if err := optimizer.Optimize(&tree.Node, config); err != nil {
		return nil, err
	}
	return bytecode.Compile(tree, config)
}

// options are the names and functions of expressions.
var options = []expr.Option{
	expr.Env(scope{}),
	expr.DisableAllBuiltins(),
	expr.EnableBuiltin("len"), expr.EnableBuiltin("lower"), expr.EnableBuiltin("upper"),
	expr.Function("number", numberOf, new(func(string, float64) float64)),
	expr.Function("incidr", inCIDR, new(func(string, string) bool)),
}

// absent are the tokens that expr has and expressions have not, and what there is instead.
var absent = map[string]string{
	"=":   "to compare, write '=='",
	"|":   "there are no pipes, write FUNCTION(VALUE)",
	"..":  "there are no ranges, write FROM <= NUMBER and NUMBER <= TO",
	"??":  "there is no '??', since nothing is nil: what is not known is the empty string",
	"?.":  "there is no '?.', since nothing is nil: what is not known is the empty string",
	"let": "there are no variables",
	";":   "there is only one expression",
}

// refuseTokens looks for tokens that are absent. The tree does not tell pipes from calls.
func refuseTokens(text string) error {
	tokens, err := lexer.Lex(file.NewSource(text))
	for _, token := range tokens {
		if reason := absent[token.Value]; token.Is(lexer.Operator) && reason != "" {
			return &mistake{at: token.Location, text: reason}
		}
	}
	return err
}

// checkTypes makes sure that the type of every value is known.
func checkTypes(tree *parser.Tree, config *conf.Config) error {
	if _, err := checker.Check(tree, config); err != nil {
		return err
	}
	t := typing{}
	ast.Walk(&tree.Node, &t)
	if t.err != nil {
		return t.err
	}
	_, err := checker.Check(tree, config) // of what it made floats
	return err
}

// typing looks for values whose type is not known, and makes the integers in `ready ? 1 : 0.5` floats.
type typing struct{ err error }

// Visit looks at a node after those below it.
func (t *typing) Visit(node *ast.Node) {
	if t.err != nil || !untyped(*node) {
		return
	}
	switch n := (*node).(type) {
	case *ast.ConditionalNode:
		one, other := n.Exp1.Type(), n.Exp2.Type()
		if toFloat(&n.Exp1) && toFloat(&n.Exp2) {
			n.SetType(reflect.TypeFor[float64]())
			return
		}
		t.err = wrong(n.Cond, "what this decides between must be of one type, not %s and %s", one, other)
	case *ast.MemberNode:
		t.err = wrong(n, "the elements must be of one type")
	}
}

// untyped says whether the type of a value is known only when it is there.
func untyped(node ast.Node) bool { return node.Type().Kind() == reflect.Interface }

// toFloat makes a constant integer a float, and says whether it is one.
func toFloat(node *ast.Node) bool {
	switch n := (*node).(type) {
	case *ast.IntegerNode:
		ast.Patch(node, &ast.FloatNode{Value: float64(n.Value)})
	case *ast.UnaryNode:
		if !toFloat(&n.Node) {
			return false
		}
	case *ast.ConditionalNode:
		if !toFloat(&n.Exp1) || !toFloat(&n.Exp2) {
			return false
		}
	default:
		return (*node).Type().Kind() == reflect.Float64
	}
	(*node).SetType(reflect.TypeFor[float64]())
	return true
}
