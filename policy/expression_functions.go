package policy

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"

	"github.com/expr-lang/expr/ast"
)

// functions are those that an expression may call.
var functions = map[string]bool{"incidr": true, "len": true, "lower": true, "number": true, "upper": true}

// call is a call of one of our functions. Types of arguments are checked later; constants are looked at here.
func (i *inspection) call(n *ast.CallNode) error {
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		return wrong(n, "there are no methods, write FUNCTION(VALUE)")
	}
	if callee.Value == "incidr" && len(n.Arguments) == 2 {
		if cidr, ok := n.Arguments[1].(*ast.StringNode); ok {
			if _, err := parseCIDR(cidr.Value); err != nil {
				return wrong(cidr, "%v", err)
			}
		}
	}
	return i.function(n, callee.Value, n.Arguments)
}

// function is a call of one of our functions or of expr's.
func (i *inspection) function(n ast.Node, name string, arguments []ast.Node) error {
	if !functions[name] {
		return &mistake{at: n.Location(), text: "unknown function '" + name + "'", hint: namesHint()}
	}
	return i.all(arguments...)
}

// numberOf is the function number: the number that a string is, else the default.
func numberOf(args ...any) (any, error) {
	n, err := strconv.ParseFloat(args[0].(string), 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return toNumber(args[1]), nil
	}
	return n, nil
}

// toNumber makes a float of a number that an expression has.
func toNumber(value any) float64 {
	if n, ok := value.(int); ok {
		return float64(n)
	}
	return value.(float64)
}

// inCIDR is the function incidr: whether a CIDR contains an IP address.
func inCIDR(args ...any) (any, error) {
	address, err := netip.ParseAddr(args[0].(string))
	if err != nil {
		return nil, fmt.Errorf("'%s' is no IP address", args[0])
	}
	cidr, err := parseCIDR(args[1].(string))
	return cidr.Contains(address.Unmap().WithZone("")), err
}

func parseCIDR(text string) (netip.Prefix, error) {
	cidr, err := netip.ParsePrefix(text)
	if err != nil {
		return cidr, fmt.Errorf("'%s' is no CIDR, such as 10.0.0.0/8", text)
	}
	return cidr, nil
}
