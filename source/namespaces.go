package source

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// Namespaces is a Sink before another one: it lets Services through only while their namespace is among those that it
// was told of. Slices pass, for a slice without its Service is not answered.
type Namespaces struct {
	Sink

	mu       sync.Mutex
	chosen   map[string]struct{}
	services map[types.NamespacedName]*Service
}

// NewNamespaces makes one that knows no namespace yet.
func NewNamespaces(to Sink) *Namespaces {
	return &Namespaces{Sink: to, chosen: map[string]struct{}{}, services: map[types.NamespacedName]*Service{}}
}

// SetNamespace chooses a namespace.
func (n *Namespaces) SetNamespace(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, ok := n.chosen[name]; ok {
		return
	}
	n.chosen[name] = struct{}{}
	for _, s := range n.services {
		if s.Namespace == name {
			n.Sink.SetService(s)
		}
	}
}

// DeleteNamespace chooses a namespace no longer.
func (n *Namespaces) DeleteNamespace(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, ok := n.chosen[name]; !ok {
		return
	}
	delete(n.chosen, name)
	for _, s := range n.services {
		if s.Namespace == name {
			n.Sink.DeleteService(s.NamespacedName)
		}
	}
}

// ReplaceNamespaces chooses these namespaces and no others.
func (n *Namespaces) ReplaceNamespaces(names []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.chosen)
	for _, name := range names {
		n.chosen[name] = struct{}{}
	}
	n.Sink.ReplaceServices("", n.let(""))
}

// SetService implements Sink.
func (n *Namespaces) SetService(s *Service) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.services[s.NamespacedName] = s
	if _, ok := n.chosen[s.Namespace]; ok {
		n.Sink.SetService(s)
	}
}

// DeleteService implements Sink.
func (n *Namespaces) DeleteService(name types.NamespacedName) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.services, name)
	n.Sink.DeleteService(name)
}

// ReplaceServices implements Sink.
func (n *Namespaces) ReplaceServices(scope string, all []*Service) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for name := range n.services {
		if scope == "" || name.Namespace == scope {
			delete(n.services, name)
		}
	}
	for _, s := range all {
		n.services[s.NamespacedName] = s
	}
	n.Sink.ReplaceServices(scope, n.let(scope))
}

// let returns the Services of the scope that pass.
func (n *Namespaces) let(scope string) []*Service {
	var through []*Service
	for name, s := range n.services {
		if _, ok := n.chosen[name.Namespace]; ok && (scope == "" || name.Namespace == scope) {
			through = append(through, s)
		}
	}
	return through
}
