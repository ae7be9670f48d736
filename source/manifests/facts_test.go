package manifests

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/headless-dns/headless/source"
)

const podAndNode = `apiVersion: v1
kind: PodList
items:
- metadata: {name: maradb-0, labels: {role: primary, app: mariadb}}
- metadata: {name: maradb-1, labels: {app: mariadb}}
---
apiVersion: v1
kind: Node
metadata:
  name: node-1
  labels: {topology.kubernetes.io/zone: zone-a, topology.kubernetes.io/region: region-1}
status:
  conditions: [{type: Ready, status: "False"}]
`

// using is a decoder that takes what policies look at.
func using(uses source.Uses) source.Decoder {
	return source.Decoder{Uses: uses, Report: func(source.Problem) {}}
}

func TestPodsAndNodesAreReadWherePoliciesLookAtThem(t *testing.T) {
	write(t, map[string]string{"a.yaml": podAndNode})
	r, err := read(list([]string{"a.yaml"}), using(source.Uses{Labels: []string{"role"}, Nodes: true}))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.pods) != 1 || r.pods[0].String() != "default/maradb-0" || r.pods[0].Facts.Labels["role"] != "primary" {
		t.Errorf("The pods are %v", r.pods)
	}
	if want := (source.Node{Name: "node-1", Zone: "zone-a", Region: "region-1"}); len(r.nodes) != 1 || !want.Equal(r.nodes[0]) {
		t.Errorf("The nodes are %v", r.nodes)
	}
}

func TestMistakesInWhatNobodyAsksForAreNobodys(t *testing.T) {
	for _, kind := range []string{"Pod", "Node", "Namespace"} {
		for _, object := range []string{"{kind: " + kind + "}", "{apiVersion: v1, kind: " + kind + ", unknown: field}", "{apiVersion: v1, kind: " + kind + "List, items: 7}"} {
			write(t, map[string]string{"a.yaml": object})
			if _, err := read(list([]string{"a.yaml"}), using(source.Uses{})); err != nil {
				t.Errorf("%s is refused: %v", object, err)
			}
		}
	}
}

func TestMistakesInPodsAndNodesAreNamed(t *testing.T) {
	for content, want := range map[string]string{
		"apiVersion: v1\nkind: Node\nmetadata: {name: a}\nspec:\n  podCidr: 10.0.0.0/24\n": `m/a.yaml:5: unknown field "spec.podCidr"`,
		"apiVersion: v2\nkind: Pod\n": `m/a.yaml:1: apiVersion "v2" of kind "Pod" is not read, "v1" is`,
		podAndNode + "---\n" + "apiVersion: v1\nkind: Node\nmetadata: {name: node-1, namespace: default}\n": `m/a.yaml:15: Node "node-1" is already at m/a.yaml:7`,
		podAndNode + "---\n" + "apiVersion: v1\nkind: Pod\nmetadata: {name: maradb-0}\n":                    `m/a.yaml:15: Pod "default/maradb-0" is already at m/a.yaml:4`,
	} {
		write(t, file(content))
		if _, err := read(list([]string{"m"}), using(source.Uses{Labels: []string{"role"}, Nodes: true})); err == nil || err.Error() != want {
			t.Errorf("Want the error %q, got %v", want, err)
		}
	}
}

func TestPodsAndNodesAreDeliveredFirstAndAgainWhenTheyChange(t *testing.T) {
	t.Chdir(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		put(t, "m/a.yaml", mariadb)
		r := &recorder{}
		s, err := New([]string{"m"}, using(source.Uses{Labels: []string{"role"}, Nodes: true}), r.failed)
		if err != nil {
			t.Fatal(err)
		}
		go s.Run(t.Context(), r)
		synctest.Wait()
		r.wantCalls(t, append([]string{`ReplaceNodes(0)`, `ReplacePods("", 0)`}, first...)...)
		put(t, "m/b.yaml", podAndNode)
		after(2)
		r.mu.Lock()
		again := r.calls[2+len(first):]
		r.mu.Unlock()
		if want := []string{`ReplaceNodes(1)`, `ReplacePods("", 1)`, first[0], first[1]}; !slices.Equal(again, want) {
			t.Errorf("After a change the calls are %q, want %q", again, want)
		}
	})
}
