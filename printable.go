package headless

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// printable returns a text as it may stand in a log: what is not printable in it is escaped, as in a string of Go. Names
// and messages come from objects that others have written, and from an API server, which do not keep every such
// character out. A line break could forge a line of the log, an escape sequence what a terminal shows of it.
func printable(text string) string {
	isOdd := func(r rune) bool { return !strconv.IsPrint(r) }
	if utf8.ValidString(text) && !strings.ContainsFunc(text, isOdd) {
		return text
	}
	quoted := strconv.Quote(text)
	return quoted[1 : len(quoted)-1]
}
