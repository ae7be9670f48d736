package snapshot

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/headless-dns/headless/source"
)

// take takes over an object as one from the API server. It may be that nothing of it is kept.
func (r *reader) take(kind byte, data []byte) error {
	switch kind {
	case kindService:
		var in corev1.Service
		return add(&r.content.Services, &in, data, r.decoder.Service)
	case kindSlice:
		var in discoveryv1.EndpointSlice
		return add(&r.content.Slices, &in, data, r.decoder.Slice)
	case kindNode:
		var in corev1.Node
		return add(&r.content.Nodes, &in, data, r.decoder.Node)
	case kindPod:
		var in corev1.Pod
		return add(&r.pods, &in, data, r.pod)
	}
	return fmt.Errorf("an object is of the unknown kind %q", kind)
}

// pod keeps of a Pod what is asked for of Pods.
func (r *reader) pod(in *corev1.Pod) *source.Pod {
	if r.decoder.Uses.ClientPods {
		return r.decoder.ClientPod(in)
	}
	return r.decoder.Pod(&in.ObjectMeta)
}

// decodable is a pointer to an object of the API.
type decodable interface{ Unmarshal(data []byte) error }

// add adds what is kept of an object.
func add[K decodable, T any](all *[]*T, in K, data []byte, keep func(K) *T) error {
	if err := in.Unmarshal(data); err != nil {
		return err
	}
	if kept := keep(in); kept != nil {
		*all = append(*all, kept)
	}
	return nil
}
