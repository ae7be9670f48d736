// Package source defines what headless keeps of the Kubernetes API and how a source hands it over.
//
// A source (the packages below this one) reads Services and EndpointSlices, and where policies look at them Pods and
// Nodes, from an API server or from files, reduces each object to the few fields an answer or a policy needs, and
// delivers the result to a [Sink]. Nothing else of the object is kept, so the memory of a cluster's DNS follows the
// number of its endpoints and not the size of its manifests.
//
//	kube-apiserver --> source/kubernetes --\
//	                                        Decoder --> Sink (the endpoint cache)
//	files ----------> source/manifests   --/
//
// Values that were handed to a Sink are immutable from then on: neither the source nor the sink may change them.
package source

import (
	"net/netip"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Sink takes what a source delivers. Its methods may be called by several goroutines.
//
// A scope is the namespace that a listing covers; the empty scope covers every namespace. Replace calls carry the
// whole content of their scope: whatever was there before and is not in the list is gone.
type Sink interface {
	SetService(s *Service)
	DeleteService(name types.NamespacedName)
	ReplaceServices(scope string, all []*Service)

	SetSlice(s *Slice)
	DeleteSlice(name types.NamespacedName)
	ReplaceSlices(scope string, all []*Slice)

	SetPod(p *Pod)
	DeletePod(name types.NamespacedName)
	ReplacePods(scope string, all []*Pod)

	SetNode(n *Node)
	DeleteNode(name string)
	ReplaceNodes(all []*Node)

	// LostPods and LostNodes say that these may not be read any more. What was delivered of them grows old from then
	// on, until they are replaced.
	LostPods()
	LostNodes()

	// Contact says since when the source does not hear of changes of Services or EndpointSlices any more, zero while it
	// does. A source that may lose contact calls it about once a second.
	Contact(lost time.Time)

	// Synced says that every scope of Services and EndpointSlices was replaced at least once. A source calls it once.
	Synced()
	// FactsSynced says the same of the Pods and Nodes that it was asked for, or that those that are missing cannot be
	// read. A source calls it once, before or after Synced.
	FactsSynced()
}

// Uses is what policies look at that stands neither in a Service nor in an EndpointSlice. Nothing else is read of
// Pods and Nodes, and where it says nothing they are not read at all.
type Uses struct {
	// Labels and Annotations are keys of those of Pods, sorted.
	Labels, Annotations []string
	// Nodes says that regions or the readiness of nodes are looked at, or how many nodes a zone has.
	Nodes bool
	// ClientPods and ClientNodes say that Pods and Nodes tell where clients are: their addresses are taken too, and of
	// Pods all that run, in all namespaces.
	ClientPods, ClientNodes bool
}

// Facts says whether labels or annotations of Pods are looked at.
func (u *Uses) Facts() bool { return len(u.Labels)+len(u.Annotations) > 0 }

// Pods says whether anything of Pods is looked at.
func (u *Uses) Pods() bool { return u.ClientPods || u.Facts() }

// AnyNodes says whether anything of Nodes is looked at.
func (u *Uses) AnyNodes() bool { return u.ClientNodes || u.Nodes }

// Service is what is kept of a headless Service. Other Services are never delivered.
type Service struct {
	types.NamespacedName
	// Policy is the policy that the Service asks for (PolicyAnnotation), as it is written there; empty for none.
	Policy string
	// Selected says that it has a selector: the endpointslice controller keeps its slices, and takes out of them what
	// somebody else has written there.
	Selected bool
}

// Slice is what is kept of an EndpointSlice.
type Slice struct {
	types.NamespacedName
	// Service is the name of the Service it belongs to, in the same namespace (label kubernetes.io/service-name).
	Service string
	// Controlled says that it calls itself one of the endpointslice controller's (label
	// endpointslice.kubernetes.io/managed-by) and is not being deleted, which is true only where its Service is Selected.
	Controlled bool
	// Version tells which of two states of a slice is the newer one (resourceVersion); 0 where that is unknown. It is
	// that of the first of equal states.
	Version uint64
	// Endpoints has one entry for each address of each endpoint, in the order of Packed.Compare. All have the same ports.
	// See With.
	Endpoints []*Packed
}

// Port is a port of an endpoint (EndpointPort in discovery.k8s.io/v1). It may be shared between slices.
type Port struct {
	// Name is in lower case, without the underscore that an SRV name puts before it. It may be empty: the port then
	// has no SRV name of its own.
	Name string
	// Protocol is tcp, udp or sctp: in lower case, as it is used in names.
	Protocol string
	// Number is 1 to 65535.
	Number uint16
}

// Endpoint is one address of an endpoint (Endpoint in discovery.k8s.io/v1). It is held as a [Packed] one.
type Endpoint struct {
	// Address is valid, without a zone and never an IPv4-mapped IPv6 address.
	Address netip.Addr
	// Hostname is the endpoint's hostname field: a DNS label in lower case, or empty.
	Hostname string
	// Pod is the Pod behind the endpoint (targetRef), empty where there is none.
	Pod types.NamespacedName
	// Node and Zone say where the endpoint runs (nodeName, zone); empty where that is unknown.
	Node, Zone string
	// Hints are for whom the endpoint is meant (hints); nil where there are none.
	Hints *Hints
	// Ready, Serving and Terminating are the endpoint's conditions with the defaults of the API for those that are
	// unknown, save that an unknown Serving is what Ready is: mirrored slices carry ready alone.
	Ready, Serving, Terminating bool
}

// Hints are the topology hints of an endpoint (EndpointHints in discovery.k8s.io/v1).
type Hints struct {
	Zones, Nodes []string
}
