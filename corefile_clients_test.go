package headless

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/coredns/caddy"

	"github.com/headless-dns/headless/clients"
	"github.com/headless-dns/headless/policy"
	"github.com/headless-dns/headless/source"
)

const (
	clientLines = "there are ecs endpoints nodes pods shared subnet"
	needsPlace  = "needs CIDR, and one at least of zone ZONE, node NODE and region REGION"
)

func inClients(lines, want string) wrongBlock {
	return wrongBlock{"clients {\n" + lines + "\n}", "clients: " + want}
}

var wrongClients = []wrongBlock{
	{"clients", "clients: needs a block: '{' at the end"},
	{"clients x {\nnodes\n}", "clients: takes no arguments, but has 'x'"},
	{"clients {\n}", "clients: it needs one line at least; " + clientLines},
	{"clients { nodes }", "clients: '{ nodes }'" + needsBlock},
	{"clients {\nnodes\n}\nclients {\npods\n}", "clients: it is given twice"},
	inClients("leases", "unknown line 'leases', "+clientLines),
	inClients("nodes a", "'nodes a': takes no arguments, but has 'a'"),
	inClients("pods\npods", "'pods': it is given twice"),
	inClients("subnet", "'subnet': "+needsPlace),
	inClients("subnet 10.0.0.0/8", "'subnet 10.0.0.0/8': "+needsPlace+", but has '10.0.0.0/8'"),
	inClients("subnet 10.0.0.0/8 zone", "'subnet 10.0.0.0/8 zone': "+needsPlace),
	inClients("subnet 10.0.0.0/8 rack a", "'subnet 10.0.0.0/8 rack a': 'rack' is no place: CIDR, and one at least"),
	inClients("subnet 10.0.0.0/8 zone a zone b", "'subnet 10.0.0.0/8 zone a zone b': 'zone' is given twice"),
	inClients("subnet 10.0.0.0/8 zone a_", "'subnet 10.0.0.0/8 zone a_': 'a_' is no name of a zone"),
	inClients("subnet 10.0.0.0/8 node A", "'subnet 10.0.0.0/8 node A': 'A' is no name of a node"),
	inClients("subnet 10.0.0.0/8 zone {$NOT_SET}", "subnet: an argument is empty; is a variable of the environment not set?"),
	inClients("subnet 10.0.0.1/8 zone a", "'subnet 10.0.0.1/8 zone a': '10.0.0.1/8' has bits behind its length: '10.0.0.0/8' is the network"),
	inClients("subnet 10.0.0.0/33 zone a", "'subnet 10.0.0.0/33 zone a': '10.0.0.0/33' is no CIDR, such as 10.0.0.0/16"),
	inClients("subnet ten zone a", "'subnet ten zone a': 'ten' is no CIDR, such as 10.0.0.0/16"),
	inClients("subnet ::ffff:10.0.0.0/104 zone a", "'subnet ::ffff:10.0.0.0/104 zone a': '::ffff:10.0.0.0/104' is no CIDR"),
	inClients("subnet 10.0.0.0/8 zone a\nsubnet 10.0.0.0/8 zone b", "'subnet 10.0.0.0/8 zone b': '10.0.0.0/8' is given twice"),
	inClients("shared", "'shared': needs 'nodes' or CIDR..."),
	inClients("shared nodes", "'shared nodes' needs to know the addresses of nodes: add 'nodes' or 'pods'"),
	inClients("nodes\nshared nodes\nshared nodes", "'shared nodes': it is given twice"),
	inClients("shared pods", "'shared pods': 'pods' is no CIDR"),
	inClients("ecs", "'ecs': needs CIDR..."),
	inClients("ecs everybody", "'ecs everybody': 'everybody' is no CIDR"),
	{"clients {\necs 10.0.0.0/8\n}\npolicy x {\nnearest\n}", "policy 'x': 'nearest': " + needPlaces},
	{"clients {\nnodes\n}\npolicy x {\nkeep client.pod == ''\n}", "'client.pod' needs a 'clients' block that says which pods clients are"},
}

func TestMistakesInClientsAreRefusedAtTheStartQuotingThem(t *testing.T) {
	for _, wrong := range wrongClients {
		if err := setUpWith(wrong.text); err == nil || !strings.Contains(err.Error(), wrong.want) {
			t.Errorf("Of\n%s\nis said %v, want %q", wrong.text, err, wrong.want)
		}
	}
}

func TestABlockOfClientsSaysHowTheyAreKnownAndWhatIsWatched(t *testing.T) {
	conf, err := parse(caddy.NewTestController("dns", `headless cluster.local {
		policy near {
			nearest node zone
			prefer client.labels['tier'] == labels['tier']
		}
		clients {
			pods
			nodes
			endpoints
			subnet 10.1.0.0/16 zone a region north
			subnet 192.0.2.7 node worker-1.example.com
			subnet 2001:db8::/32 zone six
			shared nodes 10.9.0.0/16
			shared 10.10.0.1
			ecs 127.0.0.1 10.0.0.0/8
		}
	}`), "")
	if err != nil {
		t.Fatal(err)
	}
	prefix := netip.MustParsePrefix
	want := &clients.Config{
		Sources: clients.Sources{Nodes: true, Pods: true, Endpoints: true},
		Subnets: []clients.Subnet{
			{Prefix: prefix("10.1.0.0/16"), Place: policy.Place{Zone: "a", Region: "north"}},
			{Prefix: prefix("192.0.2.7/32"), Place: policy.Place{Node: "worker-1.example.com"}},
			{Prefix: prefix("2001:db8::/32"), Place: policy.Place{Zone: "six"}},
		},
		Shared: []netip.Prefix{prefix("10.9.0.0/16"), prefix("10.10.0.1/32")}, SharedNodes: true,
		Resolvers: []netip.Prefix{prefix("127.0.0.1/32"), prefix("10.0.0.0/8")},
	}
	if !reflect.DeepEqual(conf.clients, want) {
		t.Errorf("The clients are %+v, want %+v", conf.clients, want)
	}
	uses := source.Uses{Labels: []string{"tier"}, ClientPods: true, ClientNodes: true}
	if got := conf.sourceUses(); !reflect.DeepEqual(got, uses) {
		t.Errorf("Watched is %+v, want %+v", got, uses)
	}
}

func TestWithoutPoliciesThatLookAtThemNodesAndPodsAreKeptForClientsAlone(t *testing.T) {
	h := withBlock(t, "clients {\nnodes\npods\n}\npolicy near {\nnearest node zone\n}")
	h.cache.SetNode(&source.Node{Name: "a", Zone: "x", Region: "r"})
	h.cache.SetPod(&source.Pod{NamespacedName: nsName("default", "web"), Client: source.PodClient{Node: "a"}})
	if h.cache.known.nodes != nil || h.cache.known.pods != nil {
		t.Error("Endpoints are given facts that nobody looks at")
	}
}
