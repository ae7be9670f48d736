package policy

import (
	"net/netip"
	"strings"
)

// word is what a name of expressions is about.
type word struct {
	depends Depends
	needs   source
	keys    bool                 // it has values by keys, and none itself
	known   func(c *Client) bool // nil for names of endpoints
}

// vocabulary are the names of expressions.
var vocabulary = map[string]word{
	"ready": {}, "serving": {}, "terminating": {},
	"address": {}, "hostname": {}, "pod": {}, "ordinal": {}, "port_names": {},
	"node": {}, "node_ready": {needs: nodeObjects}, "zone": {}, "region": {needs: nodeObjects},
	"labels": {keys: true}, "annotations": {keys: true},

	"client.address": {depends: OnClient, known: func(c *Client) bool { return c.Address.IsValid() }},
	"client.node":    {depends: OnPlace, needs: places, known: func(c *Client) bool { return c.Node != "" }},
	"client.zone":    {depends: OnPlace, needs: places, known: func(c *Client) bool { return c.Zone != "" }},
	"client.region":  {depends: OnPlace, needs: places, known: func(c *Client) bool { return c.Region != "" }},
	"client.pod":     {depends: OnClient, needs: pods, known: podKnown},
	"client.namespace": {
		depends: OnClient, needs: pods, known: func(c *Client) bool { return c.Namespace != "" },
	},
	"client.labels": {
		depends: OnClient, needs: pods, keys: true, known: func(c *Client) bool { return podKnown(c) && !c.LabelsUnknown },
	},
}

func podKnown(c *Client) bool { return c.Pod != "" }

// source is what must be watched for a name beside the endpoints.
type source int

const (
	nothing source = iota
	nodeObjects
	places
	pods
)

// missing says what an environment lacks for a source, empty where it has it.
func (s source) missing(with *Environment) string {
	switch {
	case s == places && !with.Places:
		return "needs a 'clients' block that says where clients are: give it 'nodes', 'pods', 'endpoints' or 'subnet'"
	case s == pods && !with.Pods:
		return "needs a 'clients' block that says which pods clients are: give it 'pods' or 'endpoints'"
	}
	return ""
}

// namesHint lists the names that there are. Who has double quotes taken off by the Corefile reads why.
func namesHint() string {
	return "; the names are " + strings.ReplaceAll(names(vocabulary), " ", ", ") +
		", the functions " + strings.ReplaceAll(names(functions), " ", ", ") + ", and strings are in single quotes"
}

// scope is what an expression sees. Its fields are the names of the vocabulary.
type scope struct {
	Ready       bool              `expr:"ready"`
	Serving     bool              `expr:"serving"`
	Terminating bool              `expr:"terminating"`
	Address     string            `expr:"address"`
	Hostname    string            `expr:"hostname"`
	Pod         string            `expr:"pod"`
	Ordinal     int               `expr:"ordinal"`
	PortNames   []string          `expr:"port_names"`
	Node        string            `expr:"node"`
	NodeReady   bool              `expr:"node_ready"`
	Zone        string            `expr:"zone"`
	Region      string            `expr:"region"`
	Labels      map[string]string `expr:"labels"`
	Annotations map[string]string `expr:"annotations"`
	Client      clientScope       `expr:"client"`
}

type clientScope struct {
	Address   string            `expr:"address"`
	Node      string            `expr:"node"`
	Zone      string            `expr:"zone"`
	Region    string            `expr:"region"`
	Pod       string            `expr:"pod"`
	Namespace string            `expr:"namespace"`
	Labels    map[string]string `expr:"labels"`
}

// enter puts an endpoint into the scope, without what has to be computed.
func (s *scope) enter(e *Endpoint) {
	s.Ready, s.Serving, s.Terminating, s.NodeReady = e.Ready, e.Serving, e.Terminating, e.NodeReady
	s.Hostname, s.Pod, s.PortNames = e.Hostname, e.Pod, e.PortNames
	s.Node, s.Zone, s.Region = e.Node, e.Zone, e.Region
	s.Labels, s.Annotations = e.Labels, e.Annotations
}

func scopeOfClient(c *Client) clientScope {
	return clientScope{
		Address: addressText(c.Address),
		Node:    c.Node, Zone: c.Zone, Region: c.Region,
		Pod: c.Pod, Namespace: c.Namespace, Labels: c.Labels,
	}
}

// addressText is an address as expressions have it, empty where it is not known.
func addressText(address netip.Addr) string {
	if !address.IsValid() {
		return ""
	}
	return address.String()
}
