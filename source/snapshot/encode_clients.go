package snapshot

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/headless-dns/headless/source"
)

func encodePod(in *source.Pod) *corev1.Pod {
	out := &corev1.Pod{ObjectMeta: named(in.NamespacedName), Spec: corev1.PodSpec{NodeName: in.Client.Node}}
	if in.Facts != nil {
		out.Labels, out.Annotations = maps.Clone(in.Facts.Labels), in.Facts.Annotations
	}
	for key, value := range map[string]string{
		corev1.LabelTopologyZone: in.Client.Zone, corev1.LabelTopologyRegion: in.Client.Region,
	} {
		if value != "" {
			metav1.SetMetaDataLabel(&out.ObjectMeta, key, value)
		}
	}
	if in.Client.Terminating {
		out.DeletionTimestamp = new(metav1.Time)
	}
	for _, address := range in.Client.Addresses {
		out.Status.PodIPs = append(out.Status.PodIPs, corev1.PodIP{IP: address.String()})
	}
	for _, address := range in.Client.HostAddresses {
		out.Status.HostIPs = append(out.Status.HostIPs, corev1.HostIP{IP: address.String()})
	}
	return out
}

func encodeNode(in *source.Node) *corev1.Node {
	out := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: in.Name}}
	for key, value := range map[string]string{
		corev1.LabelTopologyZone: in.Zone, corev1.LabelTopologyRegion: in.Region,
	} {
		if value != "" {
			metav1.SetMetaDataLabel(&out.ObjectMeta, key, value)
		}
	}
	ready := corev1.ConditionFalse
	if in.Ready {
		ready = corev1.ConditionTrue
	}
	out.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: ready}}
	for _, address := range in.Addresses {
		out.Status.Addresses = append(out.Status.Addresses, corev1.NodeAddress{Type: corev1.NodeInternalIP, Address: address.String()})
	}
	for _, cidr := range in.PodCIDRs {
		out.Spec.PodCIDRs = append(out.Spec.PodCIDRs, cidr.String())
	}
	return out
}
