// Package clients tells where and who the clients are: it makes a place (node, zone, region) of an address, and where
// Pods are known also the Pod.
//
//	subnet lines of the Corefile ------------------------------> Finder.Find --> policy.Client
//	Pods ---> pods.go: exact addresses ------\                      ^
//	Nodes --> nodes.go: addresses, pod CIDRs --> Directory.find ----/
//	slices -> endpoints.go: known endpoints -/
//	           audit.go: do the pod CIDRs mean anything?
//
// For each of node, zone and region the first that knows it counts: the subnets, which are the operator's word; then
// that one of Pods, addresses of nodes, pod CIDRs and endpoints, in this order, which knows the address at all. It
// names the node. Zone and region of a node are those of its Node, else those that trusted slices say, else those that
// Kubernetes has copied onto its Pods.
//
// A Directory is filled by the source of endpoints as objects change, under a lock. It is read by queries without one:
// what they find is immutable, or a single value that is swapped.
package clients

import (
	"cmp"

	"github.com/headless-dns/headless/policy"
)

// Sources are those of a Directory.
type Sources struct {
	Nodes, Pods, Endpoints bool
}

// Source is what has told where a client is.
type Source string

// The sources of places.
const (
	None         Source = "none"
	FromSubnet   Source = "subnet"
	FromPod      Source = "pods"
	FromNode     Source = "nodes"
	FromPodCIDR  Source = "pod_cidrs"
	FromEndpoint Source = "endpoints"
)

// AllSources are the values that a Source may have.
var AllSources = []Source{None, FromSubnet, FromPod, FromNode, FromPodCIDR, FromEndpoint}

// found is what a Directory knows of an address.
type found struct {
	source Source
	place  policy.Place
	// shared says that the address is one of a node, from which many may ask.
	shared bool
	// pod and endpoint are what has the address, where that is known; one of them at most is not nil.
	pod      *pod
	endpoint *member
}

// fill returns a place with what it leaves open taken from another.
func fill(place, from policy.Place) policy.Place {
	return policy.Place{
		Node: cmp.Or(place.Node, from.Node), Zone: cmp.Or(place.Zone, from.Zone), Region: cmp.Or(place.Region, from.Region),
	}
}

// common returns what two places agree on.
func common(a, b policy.Place) policy.Place {
	if a.Node != b.Node {
		a.Node = ""
	}
	if a.Zone != b.Zone {
		a.Zone = ""
	}
	if a.Region != b.Region {
		a.Region = ""
	}
	return a
}
