package bench

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// managed is an entry of managedFields: nearly half of what a Pod weighs on the wire.
func managed(manager, subresource string, seed uint64, owned string) metav1.ManagedFieldsEntry {
	changed := at(seed)
	return metav1.ManagedFieldsEntry{
		Manager: manager, Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: "v1", Time: &changed,
		FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(owned), Subresource: subresource,
	}
}

// owns writes fields as FieldsV1 has them: names, or names with what is below them.
func owns(parts ...string) string {
	for i, part := range parts {
		if !strings.Contains(part, ":{") {
			parts[i] = fmt.Sprintf(`"f:%s":{}`, part)
		}
	}
	return strings.Join(parts, ",")
}

func below(name string, parts ...string) string {
	return fmt.Sprintf(`"f:%s":{%s}`, name, owns(parts...))
}

// keyed writes elements of a list that are told apart by a key.
func keyed(key string, values []string, parts ...string) string {
	elements := make([]string, len(values))
	for i, value := range values {
		elements[i] = fmt.Sprintf(`"k:{\"%s\":\"%s\"}":{".":{},%s}`, key, value, owns(append([]string{key}, parts...)...))
	}
	return strings.Join(elements, ",")
}

func fieldsOf(parts ...string) string { return "{" + owns(parts...) + "}" }

var (
	podFields = fieldsOf(
		below("metadata", "generateName", below("annotations", "checksum/config", "prometheus.io/port", "prometheus.io/scrape"),
			below("labels", "app.kubernetes.io/name", "app.kubernetes.io/part-of", "app.kubernetes.io/version", "pod-template-hash"),
			`"f:ownerReferences":{".":{},"k:{\"uid\":\"1b4e28ba-2fa1-41d2-883f-0016d3cca427\"}":{}}`),
		below("spec",
			below("containers",
				keyed("name", []string{"application", "proxy"}, below("env",
					keyed("name", []string{"POD_NAME", "POD_IP", "DATABASE_URL", "LOG_LEVEL", "CACHE_SIZE"}, "value")),
					"image", "imagePullPolicy", below("livenessProbe", "failureThreshold", "httpGet"),
					below("resources", "limits", "requests"))),
			"dnsPolicy", "enableServiceLinks", "restartPolicy", "schedulerName", "securityContext", "terminationGracePeriodSeconds",
			below("volumes", keyed("name", []string{"config", "cache"}, "configMap"))),
	)
	podStatusFields = fieldsOf(below("status",
		below("conditions", keyed("type",
			[]string{"Initialized", "ContainersReady", "Ready"},
			"lastProbeTime", "lastTransitionTime", "status")),
		"containerStatuses", "hostIP", "hostIPs", "phase", "podIP",
		below("podIPs", keyed("ip", []string{"10.0.0.1"})), "startTime"))
	nodeFields = fieldsOf(
		below("metadata", below("annotations", "node.alpha.kubernetes.io/ttl", "volumes.kubernetes.io/controller-managed-attach-detach"),
			below("labels", "beta.kubernetes.io/arch", "kubernetes.io/hostname", "topology.kubernetes.io/zone")),
		below("spec", "podCIDR", below("podCIDRs", `"v:\"10.0.0.0/24\"":{}`), "providerID"))
	nodeStatusFields = fieldsOf(below("status",
		below("conditions", keyed("type", []string{"DiskPressure", "MemoryPressure", "PIDPressure", "Ready"},
			"lastHeartbeatTime", "lastTransitionTime", "message", "reason", "status")),
		"allocatable", "capacity", "images", "nodeInfo"))
	serviceFields = fieldsOf(
		below("metadata", below("labels", "app.kubernetes.io/name", "app.kubernetes.io/part-of")),
		below("spec", "clusterIP", "internalTrafficPolicy", below("ports", keyed("name", []string{"http"}, "port", "protocol", "targetPort")),
			"selector", "sessionAffinity", "type"))
	sliceFields = fieldsOf("addressType", "endpoints",
		below("metadata", below("annotations", "endpoints.kubernetes.io/last-change-trigger-time"), "generateName",
			below("labels", "app.kubernetes.io/name", "endpointslice.kubernetes.io/managed-by", "kubernetes.io/service-name"),
			`"f:ownerReferences":{".":{},"k:{\"uid\":\"1b4e28ba-2fa1-41d2-883f-0016d3cca427\"}":{}}`), "ports")
)
