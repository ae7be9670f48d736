package policy

import "testing"

// The Corefile takes what follows a # for a comment, and what is left of the expression arrives here.
func TestAnExpressionThatLacksItsEndIsRefusedWithWhatMayHaveCutItOff(t *testing.T) {
	refused(t, "keep zone == 'a", all(), "literal not terminated, at character 11 of 'zone == 'a'"+cutHint)
	refused(t, "keep (ready", all(), "unexpected token EOF, at character 6 of '(ready'"+cutHint)
	refused(t, "keep ready)", all(), `unexpected token Bracket(")"), at character 6 of 'ready)'`)
}
