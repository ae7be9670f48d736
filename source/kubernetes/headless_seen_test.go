package kubernetes

import (
	"strings"
	"testing"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestWhatChangedAServiceTellsWhetherItWasAlwaysHeadless(t *testing.T) {
	created := time.Now().Truncate(time.Second)
	field := func(after time.Duration) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{Manager: "kubectl", Time: &metav1.Time{Time: created.Add(after)}}
	}
	for _, test := range []struct {
		what      string
		fields    []metav1.ManagedFieldsEntry
		untouched bool
		changed   time.Duration
	}{
		{"created", []metav1.ManagedFieldsEntry{field(0)}, true, 0},
		{"created over the change of a second", []metav1.ManagedFieldsEntry{field(-time.Second)}, true, 0},
		{"changed later", []metav1.ManagedFieldsEntry{field(time.Minute)}, false, time.Minute},
		{"changed by another program", []metav1.ManagedFieldsEntry{field(0), field(0)}, false, 0},
		{"without a past", nil, false, 0},
		{"without times", []metav1.ManagedFieldsEntry{{}}, true, 0},
	} {
		in := service("default", "db", "None")
		in.CreationTimestamp, in.ManagedFields = metav1.Time{Time: created}, test.fields
		got := new(Source).seen(in)
		if got.untouched != test.untouched || got.changed.Sub(created) != test.changed || got.Name != "db" {
			t.Errorf("One that was %s is seen as %+v", test.what, got)
		}
	}
	if got := new(Source).seen(service("default", "db", "10.96.0.1")); got != nil {
		t.Errorf("One that is not headless is seen as %+v", got)
	}
}

func TestOfSlicesThatAreLookedForTheMetadataAreEnough(t *testing.T) {
	for labels, want := range map[string]bool{
		"endpointslice.kubernetes.io/managed-by=endpointslice-controller.k8s.io":                                      true,
		"endpointslice.kubernetes.io/managed-by=endpointslice-controller.k8s.io,service.kubernetes.io/headless=":      false,
		"endpointslice.kubernetes.io/managed-by=endpointslicemirroring-controller.k8s.io,service.kubernetes.io/app=x": false,
		"app=db": false,
	} {
		in := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "db-1", Labels: map[string]string{discoveryv1.LabelServiceName: "db"}}}
		for label := range strings.SplitSeq(labels, ",") {
			key, value, _ := strings.Cut(label, "=")
			in.Labels[key] = value
		}
		if got := found(in); got.unlabelled != want || got.service != "db" || got.Name != "db-1" {
			t.Errorf("With %s it is %+v", labels, got)
		}
	}
}
