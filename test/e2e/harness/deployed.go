package harness

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"
)

// deployFolder is where the objects are that operators apply, beside the folder of the tests.
var deployFolder = filepath.Join("..", "..", "deploy")

// Deployed returns the objects of files in the folder deploy, all of them where a name is a pattern.
func Deployed(t testing.TB, patterns ...string) []*unstructured.Unstructured {
	t.Helper()
	var objects []*unstructured.Unstructured
	for _, pattern := range patterns {
		files, err := filepath.Glob(filepath.Join(deployFolder, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("No file is called %s: %v", pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for document := range bytes.SplitSeq(text, []byte("\n---\n")) {
				object := &unstructured.Unstructured{}
				if err := yaml.UnmarshalStrict(document, &object.Object); err != nil {
					t.Fatalf("%s: %v", file, err)
				}
				objects = append(objects, object)
			}
		}
	}
	return objects
}

// DeployedAs converts the one object of a kind and a name, of those in files.
func DeployedAs[T any](t testing.TB, kind, name string, patterns ...string) *T {
	t.Helper()
	for _, object := range Deployed(t, patterns...) {
		if object.GetKind() != kind || object.GetName() != name {
			continue
		}
		converted := new(T)
		if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.Object, converted, true); err != nil {
			t.Fatalf("%s %s: %v", kind, name, err)
		}
		return converted
	}
	t.Fatalf("There is no %s %s in %v", kind, name, patterns)
	return nil
}

// DeployedRules are those of ClusterRoles in the folder deploy.
func DeployedRules(t testing.TB, roles ...string) (rules []rbacv1.PolicyRule) {
	t.Helper()
	for _, role := range roles {
		rules = append(rules, DeployedAs[rbacv1.ClusterRole](t, "ClusterRole", role, "*.yaml", "rights/*.yaml").Rules...)
	}
	return rules
}

// Apply creates the objects as kubectl does, for the time of the test. What an API server does not know of them is an
// error.
func (c *ControlPlane) Apply(t testing.TB, objects ...*unstructured.Unstructured) {
	t.Helper()
	client, err := dynamic.NewForConfig(c.Config())
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range objects {
		kind := object.GroupVersionKind()
		resource := client.Resource(kind.GroupVersion().WithResource(strings.ToLower(kind.Kind) + "s")).Namespace(object.GetNamespace())
		if _, err := resource.Create(t.Context(), object, metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict}); err != nil {
			t.Fatalf("Creating the %s %s: %v", kind.Kind, object.GetName(), err)
		}
		t.Cleanup(func() {
			if err := resource.Delete(context.Background(), object.GetName(), metav1.DeleteOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
}
