package policy

import (
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
)

// all is an environment that knows all about clients.
func all() *Environment { return &Environment{Places: true, Pods: true} }

// meaning is an endpoint and a client whose every value has a meaning in the tables.
func meaning() *View {
	return &View{
		Endpoints: []Endpoint{{
			Address: netip.MustParseAddr("10.1.2.3"), Hostname: "db-7", Namespace: "shop", Pod: "db-7-pod",
			Node: "n1", Zone: "eu-1a", Region: "eu", Ready: true, Terminating: true, NodeReady: true,
			PortNames: []string{"sql", "metrics"},
			Labels:    map[string]string{"role": "Primary", "app.kubernetes.io/name": "db", "empty": "", "n": "12.5"},
			Annotations: map[string]string{
				"weight": "many", "infinite": "Inf", "cidr": "10.0.0.0/8",
			},
		}},
		Client: Client{
			Address: netip.MustParseAddr("fd00::1"), Place: Place{Node: "n2", Zone: "eu-1a", Region: "eu"},
			Namespace: "shop", Pod: "cart", Labels: map[string]string{"tier": "web"},
		},
		Settings: &Settings{},
	}
}

var trueExpressions = []string{
	"ready", "not serving", "!serving", "terminating", "node_ready", "true", "ready && (serving or terminating)",
	"address == '10.1.2.3'", "hostname == 'db-7'", "pod == 'db-7-pod'", "node == 'n1'", "zone == 'eu-1a'",
	"region == 'eu'", "ordinal == 7", "ordinal % 2 == 1", "5 < ordinal <= 7", "-ordinal == 0 - 7", "2 ** 3 + 1 == 9.0",
	"'sql' in port_names", "'http' not in port_names", "port_names[0] == 'sql'", "len(port_names) == 2",
	"len(port_names[1:]) == 1", "zone in ['eu-1a', 'eu-1b']", "ordinal in [1, 7]", "zone[0:2] == region",
	"zone startsWith 'eu-'", "zone endsWith 'a'", "zone contains '-1'", "zone matches '^eu-[0-9]a$'",
	"zone not matches 'us'", "lower(labels['role']) == 'primary'", "upper(region) == 'EU'", "region + '-1a' == zone",
	"labels['role'] != 'primary'", "labels.role == 'Primary'", "labels['app.kubernetes.io/name'] == 'db'",
	"labels['missing'] == ''", "'empty' in labels", "'missing' not in labels", "annotations['missing'] == ''",
	"ready ? zone == 'eu-1a' : false", "(serving ? 1 : 2) == 2",
	"number(labels['n'], 1) == 12.5", "number(annotations['weight'], 3) == 3", "number('', ordinal) == 7",
	"number(annotations['infinite'], 0) == 0", "number('nan', 2.5) == 2.5",
	"incidr(address, '10.0.0.0/8')", "not incidr(address, '10.2.0.0/16')", "incidr(address, annotations['cidr'])",
	"incidr('::ffff:10.0.0.1', '10.0.0.0/8')", "incidr(client.address, 'fd00::/8')", "client.address == 'fd00::1'",
	"client.node != node", "zone == client.zone", "region == client.region", "client.pod == 'cart'",
	"client.namespace == 'shop'", "client.labels['tier'] == 'web'", "client.labels.missing == ''",
	"'tier' in client.labels", "client['zone'] == zone",
}

func TestExpressionsMeanWhatTheySay(t *testing.T) {
	for _, text := range trueExpressions {
		for want, text := range map[int]string{1: text, 0: "not (" + text + ")"} {
			about := meaning()
			with := all()
			with.Failed = func(_ string, err error) { t.Errorf("Expected no failure, but got %v", err) }
			step, err := newKeep([]string{text}, with)
			if err != nil {
				t.Errorf("Expected '%s' to be right, but got %v", text, err)
				continue
			}
			if out, reason := step.Apply(Ranks{{0}}, about); out.Len() != want || reason != "" {
				t.Errorf("Expected '%s' to keep %d, but got %d (%s)", text, want, out.Len(), reason)
			}
		}
	}
}

func TestTheVocabularyIsWhatAnExpressionSees(t *testing.T) {
	seen := map[string]bool{}
	for _, fields := range []struct {
		prefix string
		of     reflect.Type
	}{{"", reflect.TypeFor[scope]()}, {"client.", reflect.TypeFor[clientScope]()}} {
		for field := range fields.of.Fields() {
			name := fields.prefix + field.Tag.Get("expr")
			seen[name] = true
			if isMap := field.Type.Kind() == reflect.Map; isMap != vocabulary[name].keys {
				t.Errorf("Expected %s to have keys: %t", name, isMap)
			}
		}
	}
	delete(seen, "client")
	want := slices.Sorted(maps.Keys(vocabulary))
	if got := slices.Sorted(maps.Keys(seen)); !slices.Equal(got, want) {
		t.Errorf("Expected the names %v, but an expression sees %v", want, got)
	}
}

func TestAnExpressionDependsOnWhatItReads(t *testing.T) {
	for text, want := range map[string]Depends{
		"ready and labels['a'] == 'b'":               OnEndpoints,
		"zone == client.zone":                        OnPlace,
		"client.node == node or client.region == ''": OnPlace,
		"client.zone == client.address":              OnClient,
		"client.pod == 'a'":                          OnClient,
		"client.namespace == 'a'":                    OnClient,
		"client.labels['a'] == client.zone":          OnClient,
		"'a' in client.labels":                       OnClient,
		"false and client.pod == 'a'":                OnClient,
	} {
		step, err := newKeep([]string{text}, all())
		if err != nil {
			t.Fatalf("Expected '%s' to be right, but got %v", text, err)
		}
		if got := step.Depends(); got != want {
			t.Errorf("Expected '%s' to depend on %d, but got %d", text, want, got)
		}
	}
}

func TestAnExpressionSaysWhatHasToBeWatched(t *testing.T) {
	for text, want := range map[string]Uses{
		"ready and client.region == 'a'": {},
		"client.labels['a'] == 'b'":      {ClientPods: true, ClientLabels: map[string]bool{"a": true}},
		"client.pod == 'a'":              {ClientPods: true},
		"labels['a'] == labels.b":        {Labels: map[string]bool{"a": true, "b": true}},
		"'c/d' in labels":                {Labels: map[string]bool{"c/d": true}},
		"annotations['a'] == ''":         {Annotations: map[string]bool{"a": true}},
		"region == 'a'":                  {Nodes: true},
		"node_ready":                     {Nodes: true},
	} {
		with := all()
		if _, err := newKeep([]string{text}, with); err != nil {
			t.Fatalf("Expected '%s' to be right, but got %v", text, err)
		}
		if !reflect.DeepEqual(with.Uses, want) {
			t.Errorf("Expected '%s' to use %+v, but got %+v", text, want, with.Uses)
		}
	}
}

func TestWhatIsNotKnownOfTheClientSkipsTheStep(t *testing.T) {
	known := meaning().Client
	for name, forget := range map[string]func(c *Client){
		"client.address":   func(c *Client) { c.Address = netip.Addr{} },
		"client.node":      func(c *Client) { c.Node = "" },
		"client.zone":      func(c *Client) { c.Zone = "" },
		"client.region":    func(c *Client) { c.Region = "" },
		"client.pod":       func(c *Client) { c.Pod = "" },
		"client.namespace": func(c *Client) { c.Namespace = "" },
		"client.labels":    func(c *Client) { c.Pod = "" },
	} {
		value := strings.Replace(name, "labels", "labels['none']", 1)
		for _, line := range []string{
			"keep X != X", "prefer X == X", "rank X == X", "weight len(X)", "keep ready or X == ''",
		} {
			line = strings.ReplaceAll(line, "X", value)
			step, about := compiled(t, line), meaning()
			about.Client = known
			if _, reason := step.Apply(Ranks{{0}}, about); reason != "" {
				t.Errorf("Expected '%s' not to be skipped, but got %q", line, reason)
			}
			forget(&about.Client)
			out, reason := step.Apply(Ranks{{0}}, about)
			if want := name + " is not known"; reason != want || out.Len() != 1 {
				t.Errorf("Expected '%s' to be skipped since %q, but got %q and %v", line, want, reason, out)
			}
		}
	}
}

func TestAFailureCostsTheEndpointItsPlaceAndIsReported(t *testing.T) {
	for line, want := range map[string]string{
		"port_names[0] == 'http'":            "index out of range: 0 (array length is 0)",
		"not (port_names[0] == 'http')":      "index out of range: 0 (array length is 0)",
		"not incidr(hostname, '10.0.0.0/8')": "'' is no IP address",
		"incidr(address, annotations['a'])":  "'' is no CIDR, such as 10.0.0.0/8",
	} {
		failures := map[string]int{}
		with := &Environment{Failed: func(expression string, err error) {
			if !strings.HasPrefix(err.Error(), want+", at character ") || strings.Contains(err.Error(), "\n") {
				t.Errorf("Expected the failure %q, but got %q", want, err)
			}
			failures[expression]++
		}}
		endpoints := at("n1/a", "n2/a", "n3/a")
		endpoints[1].PortNames, endpoints[1].Hostname = []string{"http"}, "10.0.0.1"
		for _, kind := range []Kind{keepKind, preferKind, rankKind} {
			step, err := kind.New([]string{line}, with)
			if err != nil {
				t.Fatalf("Expected '%s' to be right, but got %v", line, err)
			}
			step.Apply(start(endpoints), viewFor(endpoints, Place{}, Settings{}))
		}
		if n := failures[line]; n != 6 && n != 9 {
			t.Errorf("Expected each failure of '%s' to be reported once, but got %v", line, failures)
		}
	}
	step := compiled(t, "keep port_names[0] == 'http'")
	if out, reason := step.Apply(Ranks{{0}}, viewFor(at("n1"), Place{}, Settings{})); out != nil || reason != "" {
		t.Errorf("Expected a failure nobody is told of to leave the endpoint out, but got %v (%s)", out, reason)
	}
}

func TestOneExpressionRunsForManyClientsAtOnce(t *testing.T) {
	endpoints := at("n1/a", "n2/b", "n3/c", "n4/a", "n5/b", "n6/c")
	step := compiled(t, "keep zone == client.zone and incidr(address, '10.0.0.0/8')")
	var group sync.WaitGroup
	for _, c := range []struct{ zone, want string }{{"a", "0 3"}, {"b", "1 4"}, {"c", "2 5"}} {
		for range 4 {
			group.Go(func() {
				for range 100 {
					out, _ := step.Apply(start(endpoints), viewFor(endpoints, Place{Zone: c.zone}, Settings{}))
					if got := written(out); got != c.want {
						t.Errorf("Expected %q in zone %s, but got %q", c.want, c.zone, got)
					}
				}
			})
		}
	}
	group.Wait()
}
