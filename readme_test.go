package headless

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/coredns/caddy"

	"github.com/headless-dns/headless/policy"
)

// policyRow is a row of the README's tables of steps and settings.
type policyRow struct{ usage, example string }

// ofPolicyTable finds the rows of these tables: usage, meaning and example, with each pipe in them escaped.
var ofPolicyTable = regexp.MustCompile("(?m)^\\| `([a-z](?:[^`|]|\\\\\\|)*)` \\|.* \\| `([^`]*)` \\|$")

func policyRows(t *testing.T) []policyRow {
	t.Helper()
	var rows []policyRow
	for _, found := range ofPolicyTable.FindAllStringSubmatch(readme(t, "## Policies\n", "## Cookbook\n"), -1) {
		unescaped := strings.NewReplacer(`\|`, "|")
		rows = append(rows, policyRow{usage: unescaped.Replace(found[1]), example: unescaped.Replace(found[2])})
	}
	return rows
}

// readme returns what stands in the README behind what a line begins with, as far as a line that begins with the end.
func readme(t *testing.T, begin, end string) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), "\n"+begin)
	part, _, ended := strings.Cut(after, "\n"+end)
	if !found || !ended {
		t.Fatalf("README.md has nothing between %q and %q", begin, end)
	}
	return part
}

// refused returns why a policy is refused where it is known how clients are, empty where it is not.
func refused(lines string) string { return refusedWith("clients {\nnodes\npods\n}\n", lines) }

func refusedWith(before, lines string) string {
	_, err := parse(caddy.NewTestController("dns", "headless cluster.local {\n"+before+"policy tried {\n"+lines+"\n}\n}"), "")
	if err != nil {
		return err.Error()
	}
	return ""
}

// between returns the words between two texts of a message.
func between(t *testing.T, message, begin, end string) []string {
	t.Helper()
	_, after, found := strings.Cut(message, begin)
	words, _, ended := strings.Cut(after+"\n", end)
	if !found || !ended {
		t.Fatalf("%q has nothing between %q and %q", message, begin, end)
	}
	return strings.Fields(strings.ReplaceAll(words, ",", " "))
}

func TestEachExampleOfTheTablesOfPoliciesIsRightAndOfItsRow(t *testing.T) {
	for _, row := range policyRows(t) {
		name, _, _ := strings.Cut(row.usage, " ")
		if first, _, _ := strings.Cut(row.example, " "); first != name {
			t.Errorf("The row of %q has the example %q", row.usage, row.example)
		}
		why := refused(row.example)
		if strings.Contains(why, "needs 'nearest'") { // as what the row says of it does
			why = refused("nearest\n" + row.example)
		}
		if why != "" {
			t.Errorf("The example %q is refused: %s", row.example, why)
		}
	}
}

func TestTheTablesOfPoliciesNameEachStepAndSettingThatCanBeUsed(t *testing.T) {
	var named, want []string
	for _, row := range policyRows(t) {
		name, _, _ := strings.Cut(row.usage, " ")
		if !slices.Contains(named, name) { // limit and rank have two rows
			named = append(named, name)
		}
	}
	for _, kind := range policy.Kinds() {
		want = append(want, kind.Name())
	}
	want = append(want, between(t, refused("nonsense"), "the settings ", "\n")...)
	slices.Sort(named)
	slices.Sort(want)
	if !slices.Equal(named, want) {
		t.Errorf("The tables name %q, want %q", named, want)
	}
}

func TestTheReadmeNamesEachOrderAndEachNameOfExpressionsThatCanBeUsed(t *testing.T) {
	row := readme(t, "| `order ORDER` |", "|")
	for _, order := range between(t, refused("order nonsense"), "the orders are ", "\n") {
		if !strings.Contains(row, "`"+order+"`") {
			t.Errorf("The order %q is not in the table", order)
		}
	}
	text := readme(t, "these names:\n", "What fails")
	message := refused("keep nonsense")
	names := between(t, message, "the names are ", ", the functions")
	for _, name := range append(names, between(t, message, "the functions ", ", and")...) {
		if !regexp.MustCompile("`" + regexp.QuoteMeta(name) + "[`([]").MatchString(text) {
			t.Errorf("The README does not name %q", name)
		}
	}
}

func TestWhatNeedsToKnowWhereClientsAreIsRefusedWhereNothingSaysIt(t *testing.T) {
	for _, line := range []string{
		"nearest", "hints", "rank zone", "rank node zone region",
		"prefer zone == client.zone", "keep client.labels['a'] == 'b'",
	} {
		for _, before := range []string{"", "clients {\necs 10.0.0.0/8\n}\n"} {
			if why := refusedWith(before, line); !strings.Contains(why, "'clients' block") {
				t.Errorf("%q is refused with %q", line, why)
			}
		}
	}
}

func TestTheReadmeNamesEachLineOfTheBlockOfClients(t *testing.T) {
	text := readme(t, "### How clients are known\n", "### ")
	for name := range clientDirectives {
		if !strings.Contains(text, "* `"+name) {
			t.Errorf("The README does not name %q", name)
		}
	}
}
