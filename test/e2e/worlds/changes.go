package worlds

import (
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// incarnation is the annotation that makes an object another one of the same name: it is deleted and created again.
const incarnation = "worlds/incarnation"

// Change makes a few changes to the world, and returns how many.
func (g *Generator) Change() int {
	made := 0
	for range 1 + g.IntN(5) {
		if pick(g, changes...)(g) {
			made++
		}
	}
	return made
}

// changes return false where the world has nothing to change in that way. Those that happen often in a cluster stand
// here several times.
var changes = []func(*Generator) bool{
	(*Generator).addEndpoints, (*Generator).addEndpoints, (*Generator).removeEndpoints, (*Generator).removeEndpoints,
	(*Generator).flipConditions, (*Generator).flipConditions, (*Generator).moveEndpoints, (*Generator).moveEndpoints,
	(*Generator).recallEndpoint, (*Generator).addOneSlice, (*Generator).removeSlice, (*Generator).giveSliceAway,
	(*Generator).renamePorts, (*Generator).recreateService, (*Generator).removeService, (*Generator).addOneService,
	(*Generator).changeType, (*Generator).publishNotReady, (*Generator).changeEndpointsObject,
	(*Generator).flipPod, (*Generator).flipPod, (*Generator).addOnePod, (*Generator).removePod, (*Generator).terminatePod,
}

// anySlice returns one of the slices, or nil.
func (g *Generator) anySlice() *discoveryv1.EndpointSlice {
	if len(g.World.Slices) == 0 {
		return nil
	}
	return pick(g, g.World.Slices...)
}

// anyService returns one of the services that the function is true for, or nil.
func (g *Generator) anyService(is func(*corev1.Service) bool) *corev1.Service {
	of := slices.DeleteFunc(slices.Clone(g.World.Services), func(s *corev1.Service) bool { return !is(s) })
	if len(of) == 0 {
		return nil
	}
	return pick(g, of...)
}

func every(*corev1.Service) bool { return true }

func (g *Generator) addEndpoints() bool {
	slice := g.anySlice()
	if slice == nil {
		return false
	}
	s := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: slice.Labels[discoveryv1.LabelServiceName]}}
	for range 1 + g.IntN(3) {
		slice.Endpoints = append(slice.Endpoints, g.endpoint(s, slice.AddressType))
	}
	return true
}

func (g *Generator) removeEndpoints() bool {
	slice := g.anySlice()
	if slice == nil || len(slice.Endpoints) == 0 {
		return false
	}
	from := g.IntN(len(slice.Endpoints))
	to := min(len(slice.Endpoints), from+1+g.IntN(3))
	slice.Endpoints = slices.Delete(slice.Endpoints, from, to)
	return true
}

func (g *Generator) flipConditions() bool {
	slice := g.anySlice()
	if slice == nil || len(slice.Endpoints) == 0 {
		return false
	}
	g.condition(&slice.Endpoints[g.IntN(len(slice.Endpoints))])
	return true
}

func (g *Generator) recallEndpoint() bool {
	slice := g.anySlice()
	if slice == nil || len(slice.Endpoints) == 0 {
		return false
	}
	g.call(&slice.Endpoints[g.IntN(len(slice.Endpoints))])
	return true
}

// moveEndpoints moves endpoints between slices of a service: the one to the other, or both ways.
func (g *Generator) moveEndpoints() bool {
	from := g.anySlice()
	if from == nil || len(from.Endpoints) == 0 {
		return false
	}
	others := slices.DeleteFunc(g.slicesOf(from.Labels[discoveryv1.LabelServiceName]),
		func(s *discoveryv1.EndpointSlice) bool { return s == from || s.AddressType != from.AddressType })
	if len(others) == 0 {
		return false
	}
	to, n := pick(g, others...), 1+g.IntN(len(from.Endpoints))
	to.Endpoints = append(to.Endpoints, from.Endpoints[:n]...)
	from.Endpoints = slices.Clone(from.Endpoints[n:])
	return true
}

func (g *Generator) addOneSlice() bool {
	s := g.anyService(func(s *corev1.Service) bool { return s.Spec.Selector == nil })
	if s == nil || len(g.slicesOf(s.Name)) >= 8 {
		return false
	}
	family := pick(g, ipv4, ipv6)
	slice := g.addSlice(s, family)
	slice.Endpoints = append(slice.Endpoints, g.endpoint(s, family))
	return true
}

func (g *Generator) removeSlice() bool {
	if len(g.World.Slices) == 0 {
		return false
	}
	i := g.IntN(len(g.World.Slices))
	g.World.Slices = slices.Delete(g.World.Slices, i, i+1)
	return true
}

// giveSliceAway makes a slice that of another service.
func (g *Generator) giveSliceAway() bool {
	slice, s := g.anySlice(), g.anyService(every)
	if slice == nil || s == nil {
		return false
	}
	slice.Labels = map[string]string{discoveryv1.LabelServiceName: s.Name}
	return true
}

// renamePorts gives a service and its slices other ports.
func (g *Generator) renamePorts() bool {
	s := g.anyService(func(s *corev1.Service) bool { return s.Spec.Type != corev1.ServiceTypeExternalName })
	if s == nil {
		return false
	}
	s.Spec.Ports = g.servicePorts(1)
	for _, slice := range g.slicesOf(s.Name) {
		slice.Ports = g.slicePorts(s)
	}
	return true
}

// again makes the object one of the same name that is not the same.
func again(o metav1.Object) {
	n, _ := strconv.Atoi(o.GetAnnotations()[incarnation])
	o.SetAnnotations(map[string]string{incarnation: strconv.Itoa(n + 1)})
}
