package chaos

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// Record is one that a question is to be answered with.
type Record struct {
	// Question is a name and a type, and where the answer depends on it the client: "NAME TYPE from ADDRESS".
	Question string
	// Data is an address, or the port and target of an SRV record, or the target of a PTR record.
	Data string
	// Service and Label are the endpoint that it is there for, by its own name.
	Service, Label string
}

// Objects are what the API server has, by name. All are of one namespace, but for the nodes.
type Objects struct {
	Services map[string]*corev1.Service
	Slices   map[string]*discoveryv1.EndpointSlice
	Nodes    map[string]*corev1.Node
}

// ready is an address that is to be answered, and the label that it has below its service.
type ready struct {
	address netip.Addr
	label   string
	zone    string
	ports   []discoveryv1.EndpointPort
}

// Records are all that the objects mean, as the Kubernetes DNS specification and the README say.
func (o Objects) Records() map[Record]bool {
	records := map[Record]bool{}
	for _, service := range o.Services {
		if service.Spec.ClusterIP != corev1.ClusterIPNone || service.Spec.Type == corev1.ServiceTypeExternalName {
			continue
		}
		all := o.ready(service.Name)
		for _, e := range all {
			e.addTo(records, service)
		}
		if isNear(service.Name) {
			o.addNear(records, service, all)
		}
	}
	return records
}

// AsIfHeadless is the same with every service headless that has slices, whatever it is or was. As long as somebody may read
// slices and not services, that is what is answered at most.
func (o Objects) AsIfHeadless() Objects {
	services := map[string]*corev1.Service{}
	for _, slice := range o.Slices {
		name := slice.Labels[discoveryv1.LabelServiceName]
		services[name] = &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Namespace: slice.Namespace, Name: name},
			Spec:       corev1.ServiceSpec{ClusterIP: corev1.ClusterIPNone},
		}
	}
	o.Services = services
	return o
}

// addTo adds the records of an endpoint: at the service's name, at its own, and at its address.
func (e ready) addTo(records map[Record]bool, service *corev1.Service) {
	name := serviceName(service.Namespace, service.Name)
	host := e.label + "." + name
	add := func(question, data string) {
		records[Record{Question: question, Data: data, Service: service.Name, Label: e.label}] = true
	}
	add(name+" "+family(e.address), e.address.String())
	add(host+" "+family(e.address), e.address.String())
	reverse, _ := dns.ReverseAddr(e.address.String()) // it is an address
	add(reverse+" PTR", host)
	for _, port := range e.ports {
		target := fmt.Sprintf("%d %s", *port.Port, host)
		add(name+" SRV", target)
		add(fmt.Sprintf("_%s._%s.%s SRV", *port.Name, strings.ToLower(string(*port.Protocol)), name), target)
		add(host+" SRV", target)
	}
}

// addNear adds what clients on each node get of a service with the policy "nearest zone". Others get all.
func (o Objects) addNear(records map[Record]bool, service *corev1.Service, all []ready) {
	for _, node := range o.Nodes {
		zone := node.Labels[corev1.LabelTopologyZone]
		var near []ready
		for _, e := range all {
			if e.zone == zone {
				near = append(near, e)
			}
		}
		if len(near) == 0 {
			near = all
		}
		for _, e := range near {
			question := serviceName(service.Namespace, service.Name) + " " + family(e.address) + " from " + node.Status.Addresses[0].Address
			records[Record{Question: question, Data: e.address.String(), Service: service.Name, Label: e.label}] = true
		}
	}
}

// ready returns the endpoints of a service that are to be answered. Where an address stands in several slices, those
// that are terminating give way.
func (o Objects) ready(service string) []ready {
	var all []ready
	staying := map[string]bool{}
	each := func(visit func(slice *discoveryv1.EndpointSlice, e *discoveryv1.Endpoint, terminating bool)) {
		for _, slice := range o.Slices {
			if slice.Labels[discoveryv1.LabelServiceName] != service {
				continue
			}
			for i := range slice.Endpoints {
				visit(slice, &slice.Endpoints[i], ptr.Deref(slice.Endpoints[i].Conditions.Terminating, false))
			}
		}
	}
	each(func(_ *discoveryv1.EndpointSlice, e *discoveryv1.Endpoint, terminating bool) {
		staying[e.Addresses[0]] = staying[e.Addresses[0]] || !terminating
	})
	each(func(slice *discoveryv1.EndpointSlice, e *discoveryv1.Endpoint, terminating bool) {
		if terminating && staying[e.Addresses[0]] || !ptr.Deref(e.Conditions.Ready, true) {
			return
		}
		address := netip.MustParseAddr(e.Addresses[0])
		all = append(all, ready{address: address, label: ptr.Deref(e.Hostname, harness.Dashed(address)), zone: ptr.Deref(e.Zone, ""), ports: slice.Ports})
	})
	return all
}

func family(address netip.Addr) string {
	if address.Is4() {
		return "A"
	}
	return "AAAA"
}

func serviceName(namespace, service string) string {
	return service + "." + namespace + ".svc." + zone
}

const zone = "cluster.local."

// isNear says whether a service is one that the Corefile applies its policy to.
func isNear(service string) bool { return strings.HasPrefix(service, "near") }

// clientOf splits a question into what is asked and who asks: empty for whoever.
func clientOf(question string) (plain, client string) {
	plain, client, _ = strings.Cut(question, " from ")
	return plain, client
}
