package harness

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// maxReaders is how many [Reader]s there can be: the API server reads their tokens when it starts.
const maxReaders = 200

// readersGroup is the group of all of them.
const readersGroup = "readers"

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
	r.SetRules(t, append([]rbacv1.PolicyRule{readRule("", "services"), readRule("discovery.k8s.io", "endpointslices")}, rights...)...)
}

// SetRules gives the user these rights, takes all others away, and waits until the API server acts upon it.
func (r *Reader) SetRules(t testing.TB, rules ...rbacv1.PolicyRule) {
	t.Helper()
	roles := r.plane.Client.RbacV1().ClusterRoles()
	changeObject(t, r.name, roles.Get, roles.Update, func(role *rbacv1.ClusterRole) { role.Rules = rules })
	r.waitFor(t, "", rules)
}

// SetRulesIn gives the user these rights in one namespace beside those that it has.
func (r *Reader) SetRulesIn(t testing.TB, namespace string, rules ...rbacv1.PolicyRule) {
	t.Helper()
	r.plane.Create(t,
		&rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: r.name}, Rules: rules},
		&rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: r.name},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: r.name}},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: r.name},
		})
	r.waitFor(t, namespace, rules)
}

// waitFor waits until the API server allows what these rules say of what CoreDNS reads, and nothing else.
func (r *Reader) waitFor(t testing.TB, namespace string, rules []rbacv1.PolicyRule) {
	t.Helper()
	Eventually(t, "the API server knows the rights of "+r.name, func() error {
		for group, resources := range map[string][]string{
			"": {"services", "namespaces", "pods", "nodes"}, "discovery.k8s.io": {"endpointslices"},
		} {
			for _, resource := range resources {
				for _, verb := range []string{"list", "watch"} {
					want := slices.ContainsFunc(rules, func(rule rbacv1.PolicyRule) bool {
						return slices.Contains(rule.Resources, resource) && slices.Contains(rule.Verbs, verb)
					})
					asked := authorizationv1.ResourceAttributes{Namespace: namespace, Group: group, Resource: resource, Verb: verb}
					if got, err := r.may(t.Context(), asked); err != nil || got != want {
						return fmt.Errorf("to %s %s is allowed: %t, want %t (%w)", verb, resource, got, want, err)
					}
				}
			}
		}
		return nil
	})
}

// ReplaceRights gives the user these rights and no others. It does not wait until the API server acts upon it.
func (r *Reader) ReplaceRights(ctx context.Context, rights ...rbacv1.PolicyRule) error {
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: r.name}, Rules: rights}
	_, err := r.plane.Client.RbacV1().ClusterRoles().Update(ctx, role, metav1.UpdateOptions{})
	return err
}

func (r *Reader) may(ctx context.Context, what authorizationv1.ResourceAttributes) (bool, error) {
	review, err := r.plane.Client.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
		Spec: authorizationv1.SubjectAccessReviewSpec{User: r.name, ResourceAttributes: &what},
	}, metav1.CreateOptions{})
	if err != nil {
		return false, err
	}
	return review.Status.Allowed, nil
}
