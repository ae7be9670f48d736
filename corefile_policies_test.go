package headless

import (
	"strings"
	"testing"

	"github.com/coredns/caddy"
	"github.com/coredns/caddy/caddyfile"
)

// wrongBlock is a part of a block, and what has to be said of it.
type wrongBlock struct{ text, want string }

const (
	onePolicy  = "policy x {\nlimit 1\n}\n"
	aloneBrace = "a brace stands on a line of its own, and one of an expression in double quotes"
	needsBlock = " needs a block: '{' at the end of the line, and '}' on a line of its own"
	theSteps   = ", the steps are from hints keep limit nearest order prefer rank spread weight, " +
		"and the settings members min overload spare ttl"
	needPlaces = "it needs to know where clients are, which the 'clients' block says: give it 'nodes', 'pods', 'endpoints' or 'subnet'"
)

// wrongPolicies are no policies.
var wrongPolicies = []wrongBlock{
	{"policy", "policy: needs a block: '{' at the end"},
	{"policy x", "policy: 'x'" + needsBlock},
	{"policy x {}", "policy: 'x {}'" + needsBlock},
	{"policy x { keep ready }", "policy: 'x { keep ready }'" + needsBlock},
	{"policy x { keep ready\nlimit 3\n}", "policy: 'x { keep ready'" + needsBlock},
	{"policy x\n{\nkeep ready\n}", "policy: 'x'" + needsBlock},
	{"policy x {\nkeep ready\nlimit 3 }", "policy: 'limit 3 }': " + aloneBrace},
	{"policy x {\nkeep ready\n} apply x */*", "policy: '} apply x */*': " + aloneBrace},
	{"policy x {\nkeep ready\npolicy y {\nlimit 3\n}\n}", "policy: 'policy y {': " + aloneBrace},
	{"policy x {\nkeep ready\napply x */*\n}", "policy 'x': 'apply x */*': unknown step 'apply'" + theSteps},
	{"policy x {\n}", "policy: 'x' has no steps; the full set is the policy 'none'"},
	{"policy {\nkeep ready\n}", "policy: needs NAME"},
	{"policy x y {\nkeep ready\n}", "policy: needs NAME, but has 'x y'"},
	{onePolicy + onePolicy, "policy: 'x' is given twice"},
	{"policy none {\nlimit 1\n}", "policy: 'none' is the policy that is always there, the full set"},
	{"policy X_y {\nlimit 1\n}", "policy: 'X_y' is no name of a policy: it is used as a label of names, such as prefer-zone"},
	{"policy a.b {\nlimit 1\n}", "policy: 'a.b' is no name of a policy"},
	{"policy {$NOT_SET} {\nlimit 1\n}", "policy: '' is no name of a policy"},
	{"annotations", "annotations: needs off|NAMESPACE..."},
	{"annotations off x", "annotations: 'off x': 'off' stands alone"},
	{"annotations x off", "annotations: 'x off': 'off' stands alone"},
	{"annotations Kube_System", "annotations: 'Kube_System' is no name of a namespace"},
	{"annotations off\nannotations x", "property 'annotations' is given twice"},
}

// wrongPlaces are steps and settings that are none, are given wrongly, or stand in the wrong place.
var wrongPlaces = []wrongBlock{
	inPolicy("nonsense 3", "'nonsense 3': unknown step 'nonsense'"+theSteps),
	inPolicy(`"keep ready"`, "'keep ready': unknown step 'keep ready', the steps are"),
	inPolicy("order sideways", "'order sideways': unknown order 'sideways', the orders are address ordinal rotate shuffle sticky weighted"),
	inPolicy("order", "'order': needs one of address ordinal rotate shuffle sticky weighted"),
	inPolicy("order sticky shuffle", "needs one of address ordinal rotate shuffle sticky weighted, but has 'sticky shuffle'"),
	inPolicy("spread rack", "'spread rack': 'rack' is neither 'zone' nor 'node'"),
	inPolicy("spread", "'spread': needs 'zone' or 'node'"),
	inPolicy("from", "'from': needs ready|serving|all ..."),
	inPolicy("from dead", "'from dead': 'dead' is no set of endpoints, there are 'ready', 'serving' and 'all'"),
	inPolicy("from ready ready", "'ready' is given twice, each set may be given once"),
	inPolicy("limit", "'limit': needs N or 'fit'"),
	inPolicy("limit 0", "'limit 0': '0' is no number from 1, and not 'fit'"),
	inPolicy("limit -1", "'limit -1': '-1' is no number from 1, and not 'fit'"),
	inPolicy("limit 50%", "'limit 50%': '50%' is no number from 1, and not 'fit'"),
	inPolicy("limit 3 4", "needs N or 'fit', but has '3 4'"),
	inPolicy("limit {$NOT_SET}", "'' is no number from 1, and not 'fit'"),
	inPolicy("min", "'min': needs N|P%"),
	inPolicy("min 0", "'min 0': '0' is no number from 1, and no percentage from 1% to 100%"),
	inPolicy("min 0%", "'min 0%': '0%' is no number from 1"),
	inPolicy("min 120%", "'min 120%': '120%' is no number from 1, and no percentage from 1% to 100%"),
	inPolicy("overload 50%", "'overload 50%': '50%' is no percentage from 100% to 100000%"),
	inPolicy("overload 150", "'overload 150': '150' is no percentage"),
	inPolicy("overload 150%", "'overload' needs 'nearest'"),
	inPolicy("spare 0", "'spare 0': '0' is no number from 1"),
	inPolicy("spare 2", "'spare' needs 'nearest' or 'hints'"),
	inPolicy("members", "'members': needs 'same'"),
	inPolicy("members other", "'members other': needs 'same', but has 'other'"),
	inPolicy("ttl x", "'ttl x': 'x' is no number of seconds from 0 to 3600"),
	inPolicy("ttl 3601", "'3601' is no number of seconds from 0 to 3600"),

	inPolicy("order sticky\norder shuffle", "'order shuffle': it is given twice"),
	inPolicy("limit 3\nlimit 4", "'limit 4': it is given twice"),
	inPolicy("limit fit\nlimit fit", "'limit fit': it is given twice"),
	inPolicy("spread zone\nspread node", "'spread node': it is given twice"),
	inPolicy("weight 1\nweight 2", "'weight 2': it is given twice"),
	inPolicy("min 1\nmin 2", "'min 2': it is given twice"),
	inPolicy("members same\nmembers same", "'members same': it is given twice"),
	inPolicy("ttl 1\nttl 2", "'ttl 2': it is given twice"),
	inPolicy("from all\nfrom ready", "'from ready': it must stand before all other steps, once"),
	inPolicy("keep ready\nfrom all", "'from all': it must stand before all other steps, once"),
	inPolicy("limit 3\nfrom all", "'from all': it must stand before"),
	inPolicy("limit 3\norder sticky", "'order sticky': it must stand before 'limit'"),
	inPolicy("limit fit\norder sticky", "'order sticky': it must stand before 'limit'"),
	inPolicy("limit 3\nspread zone", "'spread zone': it must stand before 'limit'"),
	inPolicy("limit 3\nkeep ready", "'keep ready': it must stand before 'spread' and 'limit'"),
	inPolicy("spread zone\nrank ready", "'rank ready': it must stand before 'spread' and 'limit'"),
	inPolicy("spread zone\norder sticky", "'order sticky': it must stand before 'spread'"),
	inPolicy("nearest zone", "'nearest zone': "+needPlaces),
	inPolicy("hints", "'hints': "+needPlaces),
	inPolicy("rank zone", "'rank zone': "+needPlaces),
}

// wrongExpressions are those that go wrong because of where they stand; the language has its tests in package policy.
var wrongExpressions = []wrongBlock{
	inPolicy("keep", "'keep': needs EXPRESSION"),
	inPolicy("keep #ready", "'keep': needs EXPRESSION"),
	inPolicy("keep {$NOT_SET}", "needs EXPRESSION"),
	inPolicy("rank", "'rank': needs EXPRESSION, or some of 'node', 'zone' and 'region'"),
	inPolicy("keep zone", "'keep zone': 'zone' is of type string, but must be boolean"),
	inPolicy("rank ordinal", "'rank ordinal': 'ordinal' is of type int, but must be boolean"),
	inPolicy("weight ready", "'weight ready': 'ready' is of type bool, but must be a number"),
	inPolicy("keep zonne == 'a'", "unknown name 'zonne', at character 1 of 'zonne == 'a''; "+
		"the names are address, annotations, client.address,"),
	inPolicy(`keep zone == "a"`, "unknown name 'a', at character 9 of 'zone == a'; the names are address, "),
	inPolicy(`keep zone == "a"`, ", and strings are in single quotes"),
	inPolicy("keep nonsense(zone)", "unknown function 'nonsense', at character 1"),
	inPolicy("keep zone == client.zone", "'client.zone' needs a 'clients' block that says where clients are: "+
		"give it 'nodes', 'pods', 'endpoints' or 'subnet'"),
	inPolicy("keep pod == client.pod", "'client.pod' needs a 'clients' block that says which pods clients are: give it 'pods' or 'endpoints'"),
	inPolicy("keep zone == { 'a' }", "policy: 'keep zone == { 'a' }': "+aloneBrace),
	inPolicy("keep any(port_names, {# == 'a'})", "policy: 'keep any(port_names, { == 'a'})': "+aloneBrace),
	inPolicy("keep {'a': 1}[zone] == 1", "there are no maps, write CONDITION ? VALUE : OTHER"),
	inPolicy("keep labels['role'] == 'a#b'", "literal not terminated, at character 21 of 'labels['role'] == 'a'; "+
		"in a Corefile a '#' begins a comment, save in an expression that stands whole in double quotes"),
	inPolicy("keep any(port_names, # == 'a')", "unexpected token EOF, at character 15 of 'any(port_names,'; "+
		"in a Corefile a '#' begins a comment"),
}

// wrongApplications say wrongly where a policy is meant.
var wrongApplications = []wrongBlock{
	{"apply", "apply: needs NAME [observe] [P%] NAMESPACE/SERVICE..."},
	{"apply y */*", "apply: there is no policy 'y', the policies are none"},
	{onePolicy + "apply y */*", "apply: there is no policy 'y', the policies are x none"},
	{onePolicy + "apply x", "apply: 'x' needs patterns of services: NAMESPACE/SERVICE..., everything is */*"},
	{onePolicy + "apply x observe", "apply: 'x' needs patterns of services"},
	{onePolicy + "apply x 10%", "apply: 'x' needs patterns of services"},
	{onePolicy + "apply x db", "apply: 'db' is no pattern of services, such as default/db or */db-*"},
	{onePolicy + "apply x Default/db", "apply: 'Default/db' is no pattern of services"},
	{onePolicy + "apply x default/[", "apply: 'default/[' is no pattern of services"},
	{onePolicy + "apply x 0% */*", "apply: '0%' is no percentage above 0% and up to 100%, such as 10% or 0.5%"},
	{onePolicy + "apply x 101% */*", "apply: '101%' is no percentage above 0% and up to 100%"},
	{onePolicy + "apply x 5.123% */*", "apply: '5.123%' is no percentage above 0% and up to 100%"},
	{onePolicy + "apply x -5% */*", "apply: '-5%' is no percentage above 0% and up to 100%"},
	{onePolicy + "apply x % */*", "apply: '%' is no percentage above 0% and up to 100%"},
	{onePolicy + "apply x 10 */*", "apply: '10' is no pattern of services"},
	{onePolicy + "apply x 50% observe */*", "apply: 'observe' is misplaced: NAME [observe] [P%] NAMESPACE/SERVICE..."},
	{onePolicy + "apply x */* observe", "apply: 'observe' is misplaced: NAME [observe] [P%] NAMESPACE/SERVICE..."},
	{onePolicy + "apply x */* 10%", "apply: '10%' is misplaced: NAME [observe] [P%] NAMESPACE/SERVICE..."},
	{onePolicy + "apply x */* }", "'}' is no pattern of services"},
	{onePolicy + "apply x */* {\n}", "unexpected '}'"},
	{onePolicy + "apply {$NOT_SET} */*", "apply: an argument is empty; is a variable of the environment not set?"},
}

// rightPolicies look as if they were wrong.
var rightPolicies = []string{
	"apply x 0.01% */*\n" + onePolicy, // before it is defined
	onePolicy + "apply none */*\napply x observe 100% a/b */c-?",
	"policy x {\nmembers same\nlimit 3\nlimit fit\nttl 0\nmin 100%\n}\nannotations default kube-system",
	"policy x {\nfrom serving all # a comment\nkeep \"hostname != 'a#b' and not (zone contains '}')\"\nkeep hostname contains '{'\n}",
	"policy x {\nprefer \"ready and\n\tserving\"\nrank not terminating\nrank ready\nkeep zone == \"'a'\"\n}",
	"policy 0 {\nrank ordinal == 0\nweight ordinal\norder weighted\nspread zone\n}",
}

// inPolicy is a policy with these lines.
func inPolicy(lines, want string) wrongBlock {
	return wrongBlock{"policy x {\n" + lines + "\n}", want}
}

// setUpWith reads a whole Corefile with these lines in the block, as CoreDNS does at its start.
func setUpWith(lines string) error {
	text := "cluster.local {\n    headless {\n" + lines + "\n    }\n}\n"
	blocks, err := caddyfile.Parse("Corefile", strings.NewReader(text), []string{pluginName})
	if err != nil {
		return err
	}
	c := caddy.NewTestController("dns", "")
	c.ServerBlockKeys, c.Dispenser = blocks[0].Keys, caddyfile.NewDispenserTokens("Corefile", blocks[0].Tokens[pluginName])
	return setup(c)
}

func TestMistakesInPoliciesAreRefusedAtTheStartQuotingThem(t *testing.T) {
	for what, blocks := range map[string][]wrongBlock{
		"policies": wrongPolicies, "places": wrongPlaces, "expressions": wrongExpressions, "applications": wrongApplications,
	} {
		for _, block := range blocks {
			if err := setUpWith(block.text); err == nil || !strings.Contains(err.Error(), block.want) {
				t.Errorf("Of the %s %q gives the error\n%v\nwant\n%s", what, block.text, err, block.want)
			}
		}
	}
}

// The lexer swallows what follows a block that has no end. Only then the lines come without their end.
func TestABlockWithoutAnEndIsRefused(t *testing.T) {
	c := caddy.NewTestController("dns", "headless cluster.local {\npolicy x {\nkeep ready\n")
	if err := setup(c); err == nil || !strings.Contains(err.Error(), "policy: its block has no end") {
		t.Errorf("The error is %v", err)
	}
	if err := setUpWith("policy x {\nkeep \"ready\n}"); err == nil {
		t.Error("A quote without an end is accepted")
	}
}

func TestPoliciesThatOnlyLookWrongAreRead(t *testing.T) {
	for _, block := range rightPolicies {
		if err := setUpWith("manifests .\n" + block); err != nil {
			t.Errorf("%q is refused: %v", block, err)
		}
	}
}
