package bench

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// stage is how far a pod has come. Each is one change of the object, as a watch sees it in a real cluster.
type stage uint32

const (
	created     stage = iota // no node yet
	bound                    // to a node
	starting                 // the kubelet knows it
	unready                  // it has its address
	running                  // ready
	terminating              // to be deleted
	stopped                  // its containers have ended
)

// seedOf tells a pod apart from all others, those in whose place it has come included.
func seedOf(pod int, generation uint32) uint64 { return uint64(pod)<<16 | uint64(generation) }

// pod is one of two containers, of about the weight that such pods have in real clusters: 5.9 kB as protobuf.
func (c *cluster) pod(n int) *corev1.Pod {
	generation, s := c.generations[n].Load(), stage(c.stages[n].Load())
	seed := seedOf(n, generation)
	p := &corev1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}}
	c.podMeta(p, n, seed)
	c.podSpec(p, n)
	p.Status = corev1.PodStatus{Phase: corev1.PodPending, QOSClass: corev1.PodQOSBurstable}
	if s == created {
		p.Spec.NodeName = ""
		return p
	}
	c.podStatus(p, n, seed, s)
	if s >= terminating {
		deleted := at(seed + 7)
		p.DeletionTimestamp, p.DeletionGracePeriodSeconds = &deleted, new(int64(30))
	}
	return p
}

func (c *cluster) podMeta(p *corev1.Pod, n int, seed uint64) {
	app, space, kind, owner := "kube-proxy", "kube-system", "DaemonSet", ""
	name := fmt.Sprintf("%s-%d-%s", app, n/c.nodes, suffix(c.nodeOf(n)))
	if !c.onHostNetwork(n) {
		service, member := c.serviceOf(n)
		app, space, kind = serviceName(service), namespace(service), "ReplicaSet"
		owner = app + "-" + digits(uint64(service), 9)
		name = owner + "-" + suffix(member+members*int(c.generations[n].Load()))
		if headless(service) {
			kind, owner = "StatefulSet", app
			name = fmt.Sprintf("%s-%d", app, member)
			p.Spec.Hostname, p.Spec.Subdomain = name, app
		}
	}
	p.ObjectMeta = c.meta(space, name, seed)
	p.GenerateName = owner + "-"
	p.Labels = topology(c.nodeOf(n))
	p.Labels["app.kubernetes.io/name"] = app
	p.Labels["app.kubernetes.io/part-of"] = space
	p.Labels["app.kubernetes.io/version"] = "v2.17.3"
	p.Labels["pod-template-hash"] = digits(noise(uint64(len(owner))), 10)
	p.Annotations = map[string]string{
		"checksum/config": digits(noise(seed>>20), 64), "prometheus.io/port": "9090", "prometheus.io/scrape": "true",
	}
	p.OwnerReferences = []metav1.OwnerReference{{
		APIVersion: "apps/v1", Kind: kind, Name: owner, UID: uid(noise(uint64(len(owner)))), Controller: new(true), BlockOwnerDeletion: new(true),
	}}
	p.ManagedFields = []metav1.ManagedFieldsEntry{
		managed("kube-controller-manager", "", seed, podFields), managed("kubelet", "status", seed+1, podStatusFields),
	}
}

// suffix looks like chance, and is another for each number below a million.
func suffix(n int) string { return fmt.Sprintf("%05x", n*0x9e375&0xfffff) }

func (c *cluster) podSpec(p *corev1.Pod, n int) {
	token := "kube-api-access-" + digits(uint64(n), 5)
	p.Spec.NodeName = nodeName(c.nodeOf(n))
	p.Spec.HostNetwork = c.onHostNetwork(n)
	p.Spec.ServiceAccountName, p.Spec.DeprecatedServiceAccount = p.Labels["app.kubernetes.io/name"], p.Labels["app.kubernetes.io/name"]
	p.Spec.RestartPolicy, p.Spec.DNSPolicy = corev1.RestartPolicyAlways, corev1.DNSClusterFirst
	p.Spec.SchedulerName, p.Spec.TerminationGracePeriodSeconds = corev1.DefaultSchedulerName, new(int64(30))
	p.Spec.Priority, p.Spec.PreemptionPolicy = new(int32(0)), new(corev1.PreemptLowerPriority)
	p.Spec.EnableServiceLinks, p.Spec.SecurityContext = new(true), &corev1.PodSecurityContext{FSGroup: new(int64(1000))}
	p.Spec.Tolerations = []corev1.Toleration{
		{Key: "node.kubernetes.io/not-ready", Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: new(int64(300))},
		{Key: "node.kubernetes.io/unreachable", Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: new(int64(300))},
	}
	p.Spec.Volumes = []corev1.Volume{
		{Name: "config", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
			LocalObjectReference: corev1.LocalObjectReference{Name: "application-config"}, DefaultMode: new(int32(420)),
		}}},
		{Name: "cache", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
		{Name: token, VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
			DefaultMode: new(int32(420)), Sources: []corev1.VolumeProjection{
				{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{ExpirationSeconds: new(int64(3607)), Path: "token"}},
				{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "kube-root-ca.crt"},
					Items: []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}}}},
			},
		}}},
	}
	p.Spec.Containers = []corev1.Container{container("application", token), container("proxy", token)}
}

func image(name string) string {
	return "registry.example.net/production/" + name + ":v2.17.3"
}

func container(name, token string) corev1.Container {
	probe := &corev1.Probe{
		ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
			Path: "/healthz", Port: intstr.FromInt32(8080), Scheme: corev1.URISchemeHTTP,
		}},
		TimeoutSeconds: 1, PeriodSeconds: 10, SuccessThreshold: 1, FailureThreshold: 3,
	}
	fromField := func(name, path string) corev1.EnvVar {
		return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: path}}}
	}
	quantities := corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("250m"), corev1.ResourceMemory: resource.MustParse("512Mi")}
	return corev1.Container{
		Name: name, Image: image(name), ImagePullPolicy: corev1.PullIfNotPresent,
		Args:  []string{"--config=/etc/config/application.yaml", "--listen=:8080", "--shutdown-timeout=25s"},
		Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080, Protocol: corev1.ProtocolTCP}},
		Env: []corev1.EnvVar{
			fromField("POD_NAME", "metadata.name"), fromField("POD_IP", "status.podIP"),
			{Name: "DATABASE_URL", Value: "postgres://database.production.svc.cluster.local:5432/application"},
			{Name: "LOG_LEVEL", Value: "info"}, {Name: "CACHE_SIZE", Value: "268435456"},
		},
		Resources:     corev1.ResourceRequirements{Limits: quantities, Requests: quantities},
		LivenessProbe: probe, ReadinessProbe: probe,
		VolumeMounts: []corev1.VolumeMount{
			{Name: "config", MountPath: "/etc/config"}, {Name: "cache", MountPath: "/var/cache"},
			{Name: token, ReadOnly: true, MountPath: "/var/run/secrets/kubernetes.io/serviceaccount"},
		},
		TerminationMessagePath: "/dev/termination-log", TerminationMessagePolicy: corev1.TerminationMessageReadFile,
	}
}

func (c *cluster) podStatus(p *corev1.Pod, n int, seed uint64, s stage) {
	condition := func(t corev1.PodConditionType, is bool) {
		status := corev1.ConditionFalse
		if is {
			status = corev1.ConditionTrue
		}
		p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{Type: t, Status: status, LastTransitionTime: at(seed + 1)})
	}
	condition(corev1.PodScheduled, true)
	if s == bound {
		return
	}
	started := at(seed)
	p.Status.StartTime = &started
	for _, address := range c.nodeAddresses(c.nodeOf(n)) {
		p.Status.HostIPs = append(p.Status.HostIPs, corev1.HostIP{IP: address})
	}
	p.Status.HostIP = p.Status.HostIPs[0].IP
	ready := s == running || s == terminating
	condition(corev1.PodInitialized, true)
	condition(corev1.PodReadyToStartContainers, s > starting)
	condition(corev1.ContainersReady, ready)
	condition(corev1.PodReady, ready)
	for i, container := range p.Spec.Containers {
		status := corev1.ContainerStatus{
			Name: container.Name, Image: container.Image, Ready: ready, Started: new(ready),
			ImageID: "registry.example.net/production/" + container.Name + "@sha256:" + digits(uint64(i), 64),
			State:   corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}},
		}
		if s > starting {
			status.ContainerID = "containerd://" + digits(seed+uint64(i), 64)
			status.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: at(seed + 2)}}
		}
		p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, status)
	}
	if s == starting {
		return
	}
	p.Status.Phase = corev1.PodRunning
	for _, address := range c.podAddresses(n, c.generations[n].Load()) {
		p.Status.PodIPs = append(p.Status.PodIPs, corev1.PodIP{IP: address})
	}
	p.Status.PodIP = p.Status.PodIPs[0].IP
}
