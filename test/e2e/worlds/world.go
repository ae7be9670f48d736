package worlds

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// Zones are those that the two servers serve. Every world stands in both; it is asked in one.
const (
	// PlainZone is the zone in which endpoints are called by hostname or address.
	PlainZone = "cluster.local."
	// PodNamesZone is the zone in which they are also called by their pods (endpoint_pod_names).
	PodNamesZone = "podnames.test."
)

// ThisNamespace stands for the name of the world's namespace in an external name.
const ThisNamespace = "this-namespace"

// World is what is to be in one namespace, whose name is given when it is created.
type World struct {
	// Zone is the zone it is asked in.
	Zone string
	// The objects carry no namespace.
	Services  []*corev1.Service
	Slices    []*discoveryv1.EndpointSlice // those that no controller makes
	Endpoints []*corev1.Endpoints          //nolint:staticcheck // deprecated, but still mirrored
	// A pod with a deletion timestamp is one that is terminating.
	Pods []*corev1.Pod
}

// object is what all kinds have in common.
type object interface {
	runtime.Object
	metav1.Object
}

// Clone returns a copy that shares nothing with the world.
func (w *World) Clone() *World {
	return &World{
		Zone: w.Zone, Services: deepCopies(w.Services), Slices: deepCopies(w.Slices), Endpoints: deepCopies(w.Endpoints),
		Pods: deepCopies(w.Pods),
	}
}

func deepCopies[T interface{ DeepCopy() T }](of []T) []T {
	copies := make([]T, len(of))
	for i, object := range of {
		copies[i] = object.DeepCopy()
	}
	return copies
}

// objects are all objects, in the order in which a person would write them.
func (w *World) objects() []object {
	var all []object
	for _, o := range w.Services {
		all = append(all, o)
	}
	for _, o := range w.Slices {
		all = append(all, o)
	}
	for _, o := range w.Endpoints {
		all = append(all, o)
	}
	for _, o := range w.Pods {
		all = append(all, o)
	}
	return all
}

// Service returns the service of that name, or nil.
func (w *World) Service(name string) *corev1.Service {
	i := slices.IndexFunc(w.Services, func(s *corev1.Service) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	return w.Services[i]
}

// kinds are what objects are called in YAML.
func kindOf(o object) metav1.TypeMeta {
	switch o.(type) {
	case *corev1.Service:
		return metav1.TypeMeta{APIVersion: "v1", Kind: "Service"}
	case *discoveryv1.EndpointSlice:
		return metav1.TypeMeta{APIVersion: "discovery.k8s.io/v1", Kind: "EndpointSlice"}
	case *corev1.Endpoints: //nolint:staticcheck // deprecated, but still mirrored
		return metav1.TypeMeta{APIVersion: "v1", Kind: "Endpoints"}
	}
	return metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}
}

// YAML is the world as kubectl apply takes it. The status of a pod is to be applied once more, as a subresource.
func (w *World) YAML(namespace string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: %s\n", namespace)
	for _, o := range w.objects() {
		fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
		if err != nil {
			return err.Error()
		}
		kind := kindOf(o)
		fields["apiVersion"], fields["kind"] = kind.APIVersion, kind.Kind
		metadata := fields["metadata"].(map[string]any)
		metadata["namespace"] = namespace
		if o.GetDeletionTimestamp() != nil {
			text.WriteString("# To be deleted, and to stay until its containers have ended:\n")
		}
		delete(metadata, "creationTimestamp")
		delete(metadata, "deletionTimestamp")
		if kind.Kind != "Pod" {
			delete(fields, "status")
		}
		object, err := yaml.Marshal(fields)
		if err != nil {
			return err.Error()
		}
		text.WriteString("---\n" + strings.ReplaceAll(string(object), ThisNamespace, namespace))
	}
	return text.String()
}
