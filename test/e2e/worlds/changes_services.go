package worlds

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func (g *Generator) recreateService() bool {
	s := g.anyService(every)
	if s == nil {
		return false
	}
	again(s)
	return true
}

// removeService leaves the slices that were made by hand behind.
func (g *Generator) removeService() bool {
	if len(g.World.Services) == 0 {
		return false
	}
	i := g.IntN(len(g.World.Services))
	g.World.Services = slices.Delete(g.World.Services, i, i+1)
	return true
}

func (g *Generator) addOneService() bool {
	g.addService()
	return true
}

// changeType takes a service through what Kubernetes lets it: a headless one and one with a ClusterIP become each
// other by way of an external name, or as another service of the same name.
func (g *Generator) changeType() bool {
	s := g.anyService(func(s *corev1.Service) bool { return s.Spec.Selector == nil })
	if s == nil {
		return false
	}
	headless := g.one(2)
	switch {
	case s.Spec.Type == corev1.ServiceTypeExternalName:
		s.Spec.Type, s.Spec.ExternalName, s.Spec.Ports = "", "", g.servicePorts(1)
	case g.one(2):
		g.makeExternal(s)
		return true
	default:
		headless = s.Spec.ClusterIP != corev1.ClusterIPNone
		again(s)
	}
	s.Spec.ClusterIP = ""
	if headless {
		s.Spec.ClusterIP = corev1.ClusterIPNone
	} else if len(s.Spec.Ports) == 0 {
		s.Spec.Ports = g.servicePorts(1)
	}
	return true
}

func (g *Generator) publishNotReady() bool {
	s := g.anyService(func(s *corev1.Service) bool { return s.Spec.Selector != nil })
	if s == nil {
		return false
	}
	s.Spec.PublishNotReadyAddresses = !s.Spec.PublishNotReadyAddresses
	return true
}

func (g *Generator) changeEndpointsObject() bool {
	if len(g.World.Endpoints) == 0 {
		return false
	}
	object := pick(g, g.World.Endpoints...)
	s := g.World.Service(object.Name)
	if s == nil {
		s = &corev1.Service{}
	}
	if g.one(2) {
		object.Subsets = append(object.Subsets, g.subset(s))
	} else {
		object.Subsets[g.IntN(len(object.Subsets))] = g.subset(s)
	}
	return true
}

// anyPod returns one of the pods that are not terminating, or nil.
func (g *Generator) anyPod() *corev1.Pod {
	of := slices.DeleteFunc(slices.Clone(g.World.Pods), func(p *corev1.Pod) bool { return p.DeletionTimestamp != nil })
	if len(of) == 0 {
		return nil
	}
	return pick(g, of...)
}

func (g *Generator) flipPod() bool {
	pod := g.anyPod()
	if pod == nil {
		return false
	}
	setPodReady(pod, pod.Status.Conditions[0].Status != corev1.ConditionTrue)
	return true
}

func (g *Generator) addOnePod() bool {
	s := g.anyService(func(s *corev1.Service) bool { return s.Spec.Selector != nil })
	if s == nil {
		return false
	}
	g.addPod(s)
	return true
}

func (g *Generator) removePod() bool {
	if len(g.World.Pods) == 0 {
		return false
	}
	i := g.IntN(len(g.World.Pods))
	g.World.Pods = slices.Delete(g.World.Pods, i, i+1)
	return true
}

// terminatePod deletes a pod that takes its time to end: as no kubelet looks after it, until the world removes it.
func (g *Generator) terminatePod() bool {
	pod := g.anyPod()
	if pod == nil {
		return false
	}
	pod.DeletionTimestamp = &metav1.Time{Time: time.Unix(0, 0)} // any will do: the API server sets its own
	return true
}
