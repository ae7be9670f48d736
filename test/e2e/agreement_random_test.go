package e2e

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The places of random endpoints. Clients may also be elsewhere, and hints may be for places where no endpoint runs.
var (
	agreementNodes = []string{"node-1", "node-2", "node-3", "node-4"}
	agreementZones = []string{"zone-1", "zone-2", "zone-3"}
)

// hinters are ways to give endpoints hints: as the controllers do, and as none of them would.
var hinters = []func(*rand.Rand, *discoveryv1.Endpoint) *discoveryv1.EndpointHints{
	// No hints at all.
	func(*rand.Rand, *discoveryv1.Endpoint) *discoveryv1.EndpointHints { return nil },
	// PreferSameZone.
	func(_ *rand.Rand, e *discoveryv1.Endpoint) *discoveryv1.EndpointHints {
		return hintsFor(nil, []string{*e.Zone})
	},
	// PreferSameNode.
	func(_ *rand.Rand, e *discoveryv1.Endpoint) *discoveryv1.EndpointHints {
		return hintsFor([]string{*e.NodeName}, []string{*e.Zone})
	},
	// Topology-mode Auto, which means endpoints for zones that they are not in.
	func(r *rand.Rand, _ *discoveryv1.Endpoint) *discoveryv1.EndpointHints {
		return hintsFor(nil, []string{oneOf(r, agreementZones)})
	},
	// Hints of any kind and number, or hints that are there and say nothing.
	func(r *rand.Rand, _ *discoveryv1.Endpoint) *discoveryv1.EndpointHints {
		return hintsFor(someOf(r, agreementNodes), someOf(r, agreementZones))
	},
	// Nodes only.
	func(r *rand.Rand, _ *discoveryv1.Endpoint) *discoveryv1.EndpointHints {
		return hintsFor([]string{oneOf(r, agreementNodes)}, nil)
	},
}

func hintsFor(nodes, zones []string) *discoveryv1.EndpointHints {
	hints := new(discoveryv1.EndpointHints)
	for _, node := range nodes {
		hints.ForNodes = append(hints.ForNodes, discoveryv1.ForNode{Name: node})
	}
	for _, zone := range zones {
		hints.ForZones = append(hints.ForZones, discoveryv1.ForZone{Name: zone})
	}
	return hints
}

// randomSlice is a slice with up to ten endpoints, of which at least one is ready. Most have hints of one kind, as what
// comes from one controller, and some are the exception.
func randomSlice(r *rand.Rand) *discoveryv1.EndpointSlice {
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: "default", Name: "db", Labels: map[string]string{discoveryv1.LabelServiceName: "db"}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: new("db"), Port: new(int32(1)), Protocol: new(corev1.ProtocolTCP)}},
	}
	hinter := oneOf(r, hinters)
	exceptions := oneOf(r, []int{0, 0, 5, 3}) // one of so many, if any
	for i := range 1 + r.IntN(10) {
		e := discoveryv1.Endpoint{
			Addresses:  []string{fmt.Sprintf("10.0.0.%d", i+1)},
			NodeName:   new(oneOf(r, agreementNodes)),
			Zone:       new(oneOf(r, agreementZones)),
			Conditions: randomConditions(r),
		}
		give := hinter
		if exceptions > 0 && r.IntN(exceptions) == 0 {
			give = oneOf(r, hinters)
		}
		// The controllers give those that are not ready no hints, but leave old ones where they are.
		if e.Hints = give(r, &e); !isReadyEndpoint(&e) && r.IntN(3) > 0 {
			e.Hints = nil
		}
		slice.Endpoints = append(slice.Endpoints, e)
	}
	if !slices.ContainsFunc(slice.Endpoints, func(e discoveryv1.Endpoint) bool { return isReadyEndpoint(&e) }) {
		slice.Endpoints[r.IntN(len(slice.Endpoints))].Conditions.Ready = new(true)
	}
	return slice
}

// randomConditions are those of pods that are ready, or not, or go, with or without publishNotReadyAddresses, and those
// that say nothing.
func randomConditions(r *rand.Rand) discoveryv1.EndpointConditions {
	conditions := discoveryv1.EndpointConditions{Ready: new(true), Serving: new(true), Terminating: new(false)}
	for _, condition := range []**bool{&conditions.Ready, &conditions.Serving, &conditions.Terminating} {
		switch r.IntN(8) {
		case 0:
			*condition = nil
		case 1, 2:
			*condition = new(!**condition)
		}
	}
	return conditions
}

func isReadyEndpoint(e *discoveryv1.Endpoint) bool {
	return e.Conditions.Ready == nil || *e.Conditions.Ready
}

// randomClients are some whose node and zone are places of endpoints, or others, or not known.
func randomClients(r *rand.Rand) []clientPlace {
	clients := make([]clientPlace, 10)
	for i := range clients {
		clients[i] = clientPlace{
			Node: oneOf(r, append([]string{"", "node-5"}, agreementNodes...)),
			Zone: oneOf(r, append([]string{"", "zone-4"}, agreementZones...)),
		}
	}
	return clients
}

func oneOf[T any](r *rand.Rand, all []T) T { return all[r.IntN(len(all))] }

// someOf returns any of all, or none.
func someOf[T any](r *rand.Rand, all []T) []T {
	var some []T
	for _, one := range all {
		if r.IntN(3) == 0 {
			some = append(some, one)
		}
	}
	return some
}

// The kinds of cases that are counted.
const (
	narrowedByNode = "narrowed by node"
	narrowedByZone = "narrowed by zone"
	hintsIgnored   = "hints ignored"
	allHinted      = "all are hinted for the client"
	noHints        = "no hints"
)

// wayOfHints says of what kind a case is, given what was chosen.
func wayOfHints(slice *discoveryv1.EndpointSlice, client clientPlace, chosen []string) string {
	var ready, hinted, forNode, forZone int
	for i := range slice.Endpoints {
		e := choosableOf(&slice.Endpoints[i])
		if !e.Ready {
			continue
		}
		ready++
		if len(e.HintNodes)+len(e.HintZones) > 0 {
			hinted++
		}
		if slices.Contains(chosen, e.Address) {
			if slices.Contains(e.HintNodes, client.Node) {
				forNode++
			}
			if slices.Contains(e.HintZones, client.Zone) {
				forZone++
			}
		}
	}
	switch narrowed := len(chosen) < ready; {
	case hinted == 0:
		return noHints
	case narrowed && forNode == len(chosen):
		return narrowedByNode
	case narrowed:
		return narrowedByZone
	case forNode == ready || forZone == ready:
		return allHinted
	}
	return hintsIgnored
}

// shrinkSlice returns the smallest slice that still differs, as far as leaving out one endpoint or one hint after the
// other finds it.
func shrinkSlice(slice *discoveryv1.EndpointSlice, differs func(*discoveryv1.EndpointSlice) bool) *discoveryv1.EndpointSlice {
	for smaller := true; smaller; {
		smaller = false
		for i := range slice.Endpoints {
			for _, change := range []func(s *discoveryv1.EndpointSlice) bool{
				func(s *discoveryv1.EndpointSlice) bool { s.Endpoints = slices.Delete(s.Endpoints, i, i+1); return true },
				func(s *discoveryv1.EndpointSlice) bool { return dropHint(s.Endpoints[i].Hints) },
			} {
				candidate := slice.DeepCopy()
				if change(candidate) && slices.ContainsFunc(candidate.Endpoints, func(e discoveryv1.Endpoint) bool { return isReadyEndpoint(&e) }) &&
					differs(candidate) {
					slice, smaller = candidate, true
					break
				}
			}
			if smaller {
				break
			}
		}
	}
	return slice
}

// dropHint takes one hint away, and says whether there was one.
func dropHint(hints *discoveryv1.EndpointHints) bool {
	switch {
	case hints == nil:
		return false
	case len(hints.ForNodes) > 0:
		hints.ForNodes = hints.ForNodes[1:]
	case len(hints.ForZones) > 0:
		hints.ForZones = hints.ForZones[1:]
	default:
		return false
	}
	return true
}

// describeSlice has a line for each endpoint.
func describeSlice(slice *discoveryv1.EndpointSlice) string {
	var text strings.Builder
	for i := range slice.Endpoints {
		fmt.Fprintf(&text, "    %+v\n", choosableOf(&slice.Endpoints[i]))
	}
	return text.String()
}
