package source

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestANodeIsNotReadyWhereItsConditionSaysSoOrNothingIsHeardOfIt(t *testing.T) {
	for status, want := range map[corev1.ConditionStatus]bool{
		corev1.ConditionTrue: true, corev1.ConditionFalse: false, corev1.ConditionUnknown: false, "": true,
	} {
		in := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "a", Labels: map[string]string{
			corev1.LabelTopologyZone: "zone-a", corev1.LabelTopologyRegion: "region-1",
		}}}
		in.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeDiskPressure, Status: corev1.ConditionFalse}}
		if status != "" {
			in.Status.Conditions = append(in.Status.Conditions, corev1.NodeCondition{Type: corev1.NodeReady, Status: status})
		}
		got := new(Decoder).Node(in)
		if !got.Equal(&Node{Name: "a", Zone: "zone-a", Region: "region-1", Ready: want}) {
			t.Errorf("With the condition %q the node is %+v", status, got)
		}
	}
}
