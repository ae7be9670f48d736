package harness

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// maxReaders is how many [Reader]s there can be: the API server reads their tokens when it starts.
const maxReaders = 100

var readers atomic.Int64

// Reader is a user of the API server whose rights a test gives and takes.
type Reader struct {
	name  string
	plane *ControlPlane
}

func readerName(number int64) string { return fmt.Sprintf("reader-%d", number) }

// NewReader makes a user that has the rights that every CoreDNS needs, and others.
func (c *ControlPlane) NewReader(t testing.TB, rights ...rbacv1.PolicyRule) *Reader {
	t.Helper()
	number := readers.Add(1)
	if number > maxReaders {
		t.Fatalf("There are only %d readers", maxReaders)
	}
	r := &Reader{name: readerName(number), plane: c}
	if err := c.allow(r.name); err != nil {
		t.Fatal(err)
	}
	r.SetRights(t, rights...)
	return r
}

// Right is the right to do something with the resources of a kind.
func Right(resource string, verbs ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{resource}, Verbs: verbs}
}

// SetRights gives the user the rights that every CoreDNS needs and others, takes all else away, and waits until the API
// server acts upon it.
func (r *Reader) SetRights(t testing.TB, rights ...rbacv1.PolicyRule) {
	t.Helper()
	rules := append([]rbacv1.PolicyRule{readRule("", "services"), readRule("discovery.k8s.io", "endpointslices")}, rights...)
	roles := r.plane.Client.RbacV1().ClusterRoles()
	changeObject(t, r.name, roles.Get, roles.Update, func(role *rbacv1.ClusterRole) { role.Rules = rules })
	may := map[[2]string]bool{}
	for _, resource := range []string{"pods", "nodes"} {
		for _, verb := range []string{"list", "watch"} {
			may[[2]string{verb, resource}] = false
		}
	}
	for _, rule := range rights {
		for _, verb := range rule.Verbs {
			may[[2]string{verb, rule.Resources[0]}] = true
		}
	}
	may[[2]string{"watch", "services"}] = true
	Eventually(t, "the API server knows the rights of "+r.name, func() error {
		for what, want := range may {
			got, err := r.may(t.Context(), what[0], what[1])
			if err == nil && got != want {
				err = fmt.Errorf("%q is allowed: %t, want %t", what, got, want)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (r *Reader) may(ctx context.Context, verb, resource string) (bool, error) {
	review, err := r.plane.Client.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
		Spec: authorizationv1.SubjectAccessReviewSpec{
			User:               r.name,
			ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: verb, Resource: resource},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return false, err
	}
	return review.Status.Allowed, nil
}
