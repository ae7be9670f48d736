package chaos

import (
	"context"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// The kinds of services.
const (
	headless  = "headless"
	clusterIP = "clusterip"
	external  = "external"
)

// service is a service of a kind. Those with a workload select its pods; the slices of others are written by hand.
func (r *Run) service(name, kind string) *corev1.Service {
	s := harness.HeadlessService(r.namespace, name)
	if !hasWorkload(name) {
		s = harness.WithoutSelector(s)
	}
	both := corev1.IPFamilyPolicyPreferDualStack
	s.Spec.IPFamilyPolicy = &both
	switch kind {
	case clusterIP:
		s.Spec.ClusterIP = ""
	case external:
		s.Spec.Type, s.Spec.ClusterIP, s.Spec.IPFamilyPolicy = corev1.ServiceTypeExternalName, "", nil
		s.Spec.ExternalName = "elsewhere.example.org"
	}
	return s
}

// makeService creates a service, or makes the one that there is another kind of service: a headless one and one with a
// cluster IP become each other by way of an external name.
func (r *Run) makeService(ctx context.Context, name, kind string) error {
	client := r.plane.Client.CoreV1().Services(r.namespace)
	want := r.service(name, kind)
	_, err := client.Create(ctx, want, metav1.CreateOptions{})
	if !apierrors.IsAlreadyExists(err) {
		return err
	}
	r.interrupt(name)
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		now, err := client.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if now.Spec.Type != corev1.ServiceTypeExternalName && kind != external && (now.Spec.ClusterIP == corev1.ClusterIPNone) != (kind == headless) {
			now.Spec = r.service(name, external).Spec
			if now, err = client.Update(ctx, now, metav1.UpdateOptions{}); err != nil {
				return err
			}
		}
		ip, ips := now.Spec.ClusterIP, now.Spec.ClusterIPs
		now.Spec = want.Spec
		if kind == clusterIP {
			now.Spec.ClusterIP, now.Spec.ClusterIPs = ip, ips // of one that has some already
		}
		_, err = client.Update(ctx, now, metav1.UpdateOptions{})
		return err
	})
}

func (r *Run) deleteService(ctx context.Context, name string) error {
	r.interrupt(name)
	return r.plane.Client.CoreV1().Services(r.namespace).Delete(ctx, name, metav1.DeleteOptions{})
}

// interrupt says that the records of a service, or of those of its endpoints that have the labels, may be gone from now
// on, if only for a moment.
func (r *Run) interrupt(service string, labels ...string) {
	labelled := map[string]bool{}
	for _, label := range labels {
		labelled[label] = true
	}
	r.history.Interrupt(time.Now(), func(record Record) bool {
		return record.Service == service && (len(labels) == 0 || labelled[record.Label])
	})
}

func hasWorkload(name string) bool { return isStatefulSet(name) || strings.HasPrefix(name, "deploy") }

func isStatefulSet(name string) bool { return strings.HasPrefix(name, "set") }

// moveNode puts a node into another zone. The controllers follow with its pods; slices that are written by hand say
// where their nodes are when they are written.
func (r *Run) moveNode(ctx context.Context, node, zone string) error {
	r.history.Interrupt(time.Now(), func(record Record) bool { return strings.Contains(record.Question, " from ") })
	client := r.plane.Client.CoreV1().Nodes()
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		now, err := client.Get(ctx, node, metav1.GetOptions{})
		if err != nil {
			return err
		}
		now.Labels[corev1.LabelTopologyZone] = zone
		_, err = client.Update(ctx, now, metav1.UpdateOptions{})
		return err
	})
}
