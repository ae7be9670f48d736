package bench

import (
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// images is how many a kubelet names in its status: most of what a Node weighs.
const images = 50

// node is one with the annotations of Calico. Beat is how many heartbeats it has given.
func (c *cluster) node(n int, beat uint64) *corev1.Node {
	seed := uint64(n) | 1<<48
	quantities := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("16"), corev1.ResourceMemory: resource.MustParse("64Gi"),
		corev1.ResourceEphemeralStorage: resource.MustParse("203056560Ki"), corev1.ResourcePods: resource.MustParse("110"),
	}
	o := &corev1.Node{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Node"}, ObjectMeta: c.meta("", nodeName(n), seed)}
	o.Labels = topology(n)
	maps.Copy(o.Labels, map[string]string{
		corev1.LabelHostname: o.Name, corev1.LabelArchStable: "amd64", corev1.LabelOSStable: "linux",
		corev1.LabelInstanceTypeStable: "m7i.4xlarge", "node-role.kubernetes.io/worker": "",
	})
	tunnel := fmt.Sprintf("10.%d.%d.1", 64+n>>8, n&255)
	o.Annotations = map[string]string{
		"projectcalico.org/IPv4Address": c.nodeAddresses(n)[0] + "/16", "projectcalico.org/IPv4VXLANTunnelAddr": tunnel,
		"node.alpha.kubernetes.io/ttl": "0", "volumes.kubernetes.io/controller-managed-attach-detach": "true",
		"csi.volume.kubernetes.io/nodeid": `{"ebs.csi.aws.com":"i-0` + digits(seed, 16) + `"}`,
	}
	o.ManagedFields = []metav1.ManagedFieldsEntry{
		managed("kube-controller-manager", "", seed, nodeFields), managed("kubelet", "status", seed+beat, nodeStatusFields),
	}
	o.Spec = corev1.NodeSpec{PodCIDRs: c.podCIDRs(n), PodCIDR: c.podCIDRs(n)[0], ProviderID: "aws:///" + zone(n) + "/i-0" + digits(seed, 16)}
	o.Status = corev1.NodeStatus{
		Capacity: quantities, Allocatable: quantities, Conditions: nodeConditions(seed, beat),
		DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: 10250}},
		NodeInfo: corev1.NodeSystemInfo{
			MachineID: digits(seed+1, 32), SystemUUID: string(uid(seed + 2)), BootID: string(uid(seed + 3)),
			KernelVersion: "6.12.41-cloud-amd64", OSImage: "Debian GNU/Linux 13 (trixie)", ContainerRuntimeVersion: "containerd://2.2.1",
			KubeletVersion: "v1.37.2", OperatingSystem: "linux", Architecture: "amd64",
		},
	}
	for _, address := range c.nodeAddresses(n) {
		o.Status.Addresses = append(o.Status.Addresses, corev1.NodeAddress{Type: corev1.NodeInternalIP, Address: address})
	}
	o.Status.Addresses = append(o.Status.Addresses, corev1.NodeAddress{Type: corev1.NodeHostName, Address: o.Name})
	for i := range uint64(images) {
		// Nodes have pulled what the pods on them need, and so not all the same.
		k := i + noise(seed+i)%100
		name := fmt.Sprintf("registry.example.net/production/service-%d", k)
		o.Status.Images = append(o.Status.Images, corev1.ContainerImage{
			Names: []string{name + "@sha256:" + digits(k, 64), name + ":v2.17.3"}, SizeBytes: int64(noise(k) % 1e9),
		})
	}
	return o
}

func nodeConditions(seed, beat uint64) []corev1.NodeCondition {
	heartbeat := metav1.NewTime(at(seed).Add(time.Duration(beat) * 5 * time.Minute))
	var all []corev1.NodeCondition
	for _, c := range []struct {
		of              corev1.NodeConditionType
		is              corev1.ConditionStatus
		reason, message string
	}{
		{corev1.NodeMemoryPressure, corev1.ConditionFalse, "KubeletHasSufficientMemory", "kubelet has sufficient memory available"},
		{corev1.NodeDiskPressure, corev1.ConditionFalse, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"},
		{corev1.NodePIDPressure, corev1.ConditionFalse, "KubeletHasSufficientPID", "kubelet has sufficient PID available"},
		{corev1.NodeReady, corev1.ConditionTrue, "KubeletReady", "kubelet is posting ready status"},
	} {
		all = append(all, corev1.NodeCondition{
			Type: c.of, Status: c.is, Reason: c.reason, Message: c.message, LastHeartbeatTime: heartbeat, LastTransitionTime: at(seed),
		})
	}
	return all
}
