package policy

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const theNames = "; the names are address, annotations, client.address, client.labels, client.namespace, " +
	"client.node, client.pod, client.region, client.zone, hostname, labels, node, node_ready, ordinal, pod, " +
	"port_names, ready, region, serving, terminating, zone, the functions incidr, len, lower, number, upper, " +
	"and strings are in single quotes"

// wrongExpressions are refused with the error behind them: what, and at which character. Where a name does not exist,
// those that do follow.
var wrongExpressions = []struct {
	text, what string
	at         int
	names      bool
}{
	// names
	{"zonne == 'a'", "unknown name 'zonne'", 1, true},
	{"zone == a", "unknown name 'a'", 9, true},
	{"zone == 'ä' or zonne", "unknown name 'zonne'", 16, true},
	{"Zone == 'a'", "unknown name 'Zone'", 1, true},
	{"client.foo == 'a'", "unknown name 'client.foo'", 8, true},
	{"client.Zone == 'a'", "unknown name 'client.Zone'", 8, true},
	{"client == client", "'client' needs one of its names, such as client.zone", 1, false},
	{"client[zone] == 'a'", "'client' needs one of its names, such as client.zone", 1, false},
	{"$env['zone'] == 'a'", "unknown name '$env'", 1, true},
	{"zone.name == 'a'", "no 'name' here; a key with dots is written as in labels['example.org/app']", 6, false},
	{"labels.app.io == 'a'", "no 'io' here; a key with dots is written as in labels['example.org/app']", 12, false},

	// keys
	{"labels == labels", "'labels' needs a key, such as labels['app']", 1, false},
	{"len(annotations) == 0", "'annotations' needs a key, such as annotations['app']", 5, false},
	{"client.labels == labels", "'client.labels' needs a key, such as client.labels['app']", 8, false},
	{"labels[zone] == 'a'", "a key of 'labels' must be a constant, such as labels['app']", 8, false},
	{"labels['a' + 'b'] == 'a'", "a key of 'labels' must be a constant, such as labels['app']", 12, false},
	{"zone in client.labels", "a key of 'client.labels' must be a constant, such as client.labels['app']", 1, false},
	{"labels['a b'] == 'a'", "'a b' cannot be a key of 'labels'", 8, false},
	{"labels[''] == 'a'", "'' cannot be a key of 'labels'", 8, false},
	{"'a/b/c' in annotations", "'a/b/c' cannot be a key of 'annotations'", 1, false},

	// what the language has not
	{"1..3 == [1]", "there are no ranges, write FROM <= NUMBER and NUMBER <= TO", 2, false},
	{"ordinal in 1..1000000000", "there are no ranges, write FROM <= NUMBER and NUMBER <= TO", 13, false},
	{"let x = 1; x == 1", "there are no variables", 1, false},
	{"ready; serving", "there is only one expression", 6, false},
	{"zone | lower() == 'a'", "there are no pipes, write FUNCTION(VALUE)", 6, false},
	{"zone ?? 'a' == 'b'", "there is no '??', since nothing is nil: what is not known is the empty string", 6, false},
	{"client?.zone == 'a'", "there is no '?.', since nothing is nil: what is not known is the empty string", 7, false},
	{"zone == nil", "there is no nil: what is not known is the empty string", 9, false},
	{"{'a': 1}[zone] == 1", "there are no maps, write CONDITION ? VALUE : OTHER", 1, false},
	{"b'a' == zone", "there are no values of this kind", 1, false},
	{"zone.lower() == 'a'", "there are no methods, write FUNCTION(VALUE)", 6, false},
	{"all(port_names, # == 'a')", "unknown function 'all'", 1, true},
	{"any(port_names, {# == 'a'})", "unknown function 'any'", 1, true},
	{"len(filter(port_names, true)) == 0", "unknown function 'filter'", 5, true},
	{"map(port_names, zone) == []", "unknown function 'map'", 1, true},
	{"reduce(port_names, #acc + #, '') == ''", "unknown function 'reduce'", 1, true},
	{"repeat('a', 1000000000) == zone", "unknown function 'repeat'", 1, true},
	{"now().Unix() == 1", "there are no methods, write FUNCTION(VALUE)", 7, false},
	{"::split(zone, '-')[0] == 'a'", "unknown function 'split'", 3, true},
	{"get($env, 'zone') == 'a'", "unknown function 'get'", 1, true},
	{"ready()", "unknown function 'ready'", 1, true},
	{"len == 1", "unknown name 'len'", 1, true},

	// what could take long
	{"zone matches hostname", "what 'matches' matches with must be a constant", 14, false},
	{"zone matches 'a' + hostname", "what 'matches' matches with must be a constant", 18, false},
	{"zone matches '((x{10}){10}){10}'", "its regular expressions have more than 500 states", 14, false},
	{
		"zone matches '(a?){100}' or zone matches '(a?){100}'",
		"its regular expressions have more than 500 states", 42, false,
	},
	{"zone matches '('", "error parsing regexp: missing closing ): `(`", 14, false},

	// syntax and types
	{"zone = 'a'", "to compare, write '=='", 6, false},
	{"zone == 1", "invalid operation: == (mismatched types string and int)", 6, false},
	{"ready and 1", "invalid operation: and (mismatched types bool and int)", 7, false},
	{"not zone", "invalid operation: not (mismatched type string)", 1, false},
	{"ordinal % 0 == 1 % 0", "integer divide by zero", 18, false},
	{"(ready ? 1 : 'a') == 1", "what this decides between must be of one type, not int and string", 2, false},
	{"(ready ? ordinal : 0.5) == 1", "what this decides between must be of one type, not int and float64", 2, false},
	{"[1, 'a'][0] == 1", "the elements must be of one type", 9, false},
	{"number(labels['a']) == 1", "not enough arguments to call number", 1, false},
	{"number(ordinal, 1) == 1", "cannot use int as argument (type string) to call number", 8, false},
	{"number(labels['a'] + 1, 1) == 1", "invalid operation: + (mismatched types string and int)", 20, false},
	{"incidr(address, '10.0.0.0')", "'10.0.0.0' is no CIDR, such as 10.0.0.0/8", 17, false},
	{"incidr(address, '10.0.0.0/33')", "'10.0.0.0/33' is no CIDR, such as 10.0.0.0/8", 17, false},
	{"upper(1) == 'A'", "cannot use int as argument (type string) to call upper", 7, false},
}

func TestAWrongExpressionIsRefusedWithWhatIsWrongAndWhere(t *testing.T) {
	for _, c := range wrongExpressions {
		want := fmt.Sprintf("%s, at character %d of '%s'", c.what, c.at, c.text)
		if c.names {
			want += theNames
		}
		refused(t, "keep "+c.text, all(), want)
	}
}

func TestAStringWithASingleBackslashIsRefusedWithWhatWouldBeRight(t *testing.T) {
	const text = `hostname matches '^db-\d+$'`
	refused(t, "keep "+text, all(), "invalid char escape, at character 24 of '"+text+`'; a backslash is written twice, as in '\\d'`)
	if _, err := newKeep([]string{`hostname matches '^db-\\d+$'`}, all()); err != nil {
		t.Errorf("Expected two backslashes to be right, but got %v", err)
	}
}

func TestAnExpressionOfTheWrongTypeIsRefused(t *testing.T) {
	refused(t, "keep ordinal", all(), "'ordinal' is of type int, but must be boolean")
	refused(t, "prefer zone", all(), "'zone' is of type string, but must be boolean")
	refused(t, "rank port_names", all(), "'port_names' is of type []string, but must be boolean")
	const number = "but must be a number, such as number(labels['weight'], 1)"
	refused(t, "weight ready", all(), "'ready' is of type bool, "+number)
	refused(t, "weight labels['weight']", all(), "'labels['weight']' is of type string, "+number)
	for _, line := range []string{"keep", "prefer", "weight"} {
		refused(t, line, all(), "needs EXPRESSION")
	}
	if _, err := newKeep([]string{" "}, all()); err == nil || err.Error() != "needs EXPRESSION" {
		t.Errorf("Expected an empty expression to be refused, but got %v", err)
	}
}

func TestAnExpressionAboutClientsNeedsASourceThatKnowsThem(t *testing.T) {
	const (
		places = " needs a 'clients' block that says where clients are: " +
			"give it 'nodes', 'pods', 'endpoints' or 'subnet', at character 8 of "
		pods = " needs a 'clients' block that says which pods clients are: " +
			"give it 'pods' or 'endpoints', at character 8 of "
	)
	for _, name := range []string{"node", "zone", "region"} {
		text := "client." + name + " == 'a'"
		refused(t, "keep "+text, &Environment{Pods: true}, "'client."+name+"'"+places+"'"+text+"'")
	}
	for _, name := range []string{"pod", "namespace"} {
		text := "client." + name + " == 'a'"
		refused(t, "keep "+text, &Environment{Places: true}, "'client."+name+"'"+pods+"'"+text+"'")
	}
	with := &Environment{}
	if _, err := newKeep([]string{"incidr(client.address, '10.0.0.0/8')"}, with); err != nil {
		t.Errorf("Expected the client's address to be there always, but got %v", err)
	}
	if _, err := newKeep([]string{"client.labels['a'] == ''"}, with); err == nil {
		t.Error("Expected labels of clients to need a source")
	}
}

func TestWhatCouldTakeLongIsRefusedAtOnce(t *testing.T) {
	nested := "ready"
	for len(nested) < maxText-40 {
		nested = "1<(" + nested + "?1:2)<3" // each level has the one before it twice
	}
	for name, text := range map[string]string{
		"a shared operand":     nested,
		"parentheses":          strings.Repeat("(", maxText),
		"negations":            strings.Repeat("!", maxText-5) + "ready",
		"minus signs":          strings.Repeat("-", maxText-5) + "1 == 1",
		"powers":               strings.Repeat("2**", 1300) + "2 > 1",
		"elements":             "1 in [" + strings.Repeat("1,", 2000) + "1]",
		"a long text":          "ready" + strings.Repeat(" or ready", maxText/9),
		"a long constant":      "zone == '" + strings.Repeat("a", maxText) + "'",
		"conditionals":         strings.Repeat("ready?true:", 370) + "true",
		"if and else":          strings.Repeat("if ready {", 200) + "true" + strings.Repeat("} else {true}", 200),
		"a lot of arrays":      strings.Repeat("[", 2000) + strings.Repeat("]", 2000) + " == []",
		"slices of slices":     "port_names" + strings.Repeat("[:]", 1200) + " == []",
		"a regular expression": "zone matches '" + strings.Repeat("(a{1000})", 400) + "'",
	} {
		begin := time.Now()
		_, err := newKeep([]string{text}, all())
		if err == nil {
			t.Errorf("Expected %s to be refused", name)
		}
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("Expected %s to be refused at once, but it took %v", name, took)
		}
	}
}
