package worlds

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/utils/ptr"
)

// View is what the API server has of a world: what both servers are to answer from.
type View struct {
	Zone, Namespace string
	Services        []corev1.Service
	Slices          []discoveryv1.EndpointSlice
	// Unfinished is what controllers had not made of the world in time.
	Unfinished error
}

// Endpoint is one address of an endpoint in one slice.
type Endpoint struct {
	Address     netip.Addr
	Service     string
	Hostname    string
	Target      *corev1.ObjectReference
	Zone, Node  string
	Ready       bool
	Terminating bool
	Ports       []discoveryv1.EndpointPort
	Slice       string
}

// ServiceName is the fully qualified name of a service.
func (v *View) ServiceName(service string) string {
	return service + "." + v.Namespace + ".svc." + v.Zone
}

// IsHeadless says whether there is a headless service of that name.
func (v *View) IsHeadless(service string) bool {
	return slices.ContainsFunc(v.Services, func(s corev1.Service) bool {
		return s.Name == service && s.Spec.ClusterIP == corev1.ClusterIPNone && s.Spec.Type != corev1.ServiceTypeExternalName
	})
}

// aliased is the service that a service with an external name stands for in the end. Others stand for themselves.
func (v *View) aliased(service string) string {
	for range v.Services { // there may be a ring of them
		i := slices.IndexFunc(v.Services, func(s corev1.Service) bool {
			return s.Name == service && s.Spec.Type == corev1.ServiceTypeExternalName
		})
		if i < 0 {
			return service
		}
		target, before, ok := v.serviceOf(dns.CanonicalName(v.Services[i].Spec.ExternalName))
		if !ok || before != "" {
			return service
		}
		service = target
	}
	return service
}

// Endpoints are those of a service, or of all names that slices have where it is empty.
func (v *View) Endpoints(service string) []Endpoint {
	var all []Endpoint
	for _, slice := range v.Slices {
		of := slice.Labels[discoveryv1.LabelServiceName]
		if service != "" && of != service {
			continue
		}
		for _, e := range slice.Endpoints {
			for _, text := range e.Addresses {
				address, err := netip.ParseAddr(text)
				if err != nil {
					continue
				}
				all = append(all, Endpoint{
					Address: address, Service: of, Hostname: ptr.Deref(e.Hostname, ""), Target: e.TargetRef,
					Zone: strings.ToLower(ptr.Deref(e.Zone, "")), Node: ptr.Deref(e.NodeName, ""), Ready: ptr.Deref(e.Conditions.Ready, true),
					Terminating: ptr.Deref(e.Conditions.Terminating, false), Ports: slice.Ports, Slice: slice.Name,
				})
			}
		}
	}
	return all
}

// Ready are the ready endpoints of a service.
func (v *View) Ready(service string) []Endpoint {
	return slices.DeleteFunc(v.Endpoints(service), func(e Endpoint) bool { return !e.Ready })
}

// reverse is the reverse name of an address.
func reverse(address netip.Addr) string {
	name, _ := dns.ReverseAddr(address.String()) // it is an address
	return name
}

// serviceOf returns the service that a name, in lower case, is of or below of, and what stands before it. ok is false
// for other names; there need not be such a service.
func (v *View) serviceOf(name string) (service, before string, ok bool) {
	above, found := strings.CutSuffix(name, "."+v.Namespace+".svc."+v.Zone)
	if !found {
		return "", "", false
	}
	cut := strings.LastIndexByte(above, '.') + 1
	return above[cut:], strings.TrimSuffix(above[:cut], "."), true
}
