package harness

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// The users of the API server, who show it a token or, in the case of CoreDNS, a certificate. RBAC is on: the admin may do
// everything as a member of system:masters, CoreDNS only what the ClusterRole below says.
const (
	adminUser   = "admin"
	corednsUser = "coredns"
	// restrictedUser is a CoreDNS that may not read what policies look at beside Services and EndpointSlices.
	restrictedUser = "coredns-restricted"
)

const (
	tokensFile     = "tokens.csv"
	signingKeyFile = "service-account.key"
)

// token is no secret: the API server listens on loopback and lives as long as the tests.
func token(user string) string { return "token-of-" + user }

func (c *ControlPlane) writeCredentials() error {
	var tokens strings.Builder
	fmt.Fprintf(&tokens, "%s,%[2]s,%[2]s,system:masters\n", token(adminUser), adminUser)
	for _, user := range []string{corednsUser, restrictedUser} {
		fmt.Fprintf(&tokens, "%s,%[2]s,%[2]s\n", token(user), user)
	}
	for number := range maxReaders {
		user := readerName(int64(number) + 1)
		fmt.Fprintf(&tokens, "%s,%[2]s,%[2]s,%s\n", token(user), user, readersGroup)
	}
	if err := os.WriteFile(c.path(tokensFile), []byte(tokens.String()), 0o600); err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	if err := errors.Join(c.writeKey(signingKeyFile, key), c.writeCertificates()); err != nil {
		return err
	}
	return os.WriteFile(c.path(auditPolicyFile), []byte(auditPolicy), 0o600)
}

// certificate is what the API server signs its own certificate with; it writes both into one file when it first starts.
func (c *ControlPlane) certificate() string { return c.path("certificates/apiserver.crt") }

// kubeconfig writes a kubeconfig file for a user and returns its path. The address is that of the API server, or of a
// [Gate] before it.
func (c *ControlPlane) kubeconfig(user, address, file string) (string, error) {
	config := api.NewConfig()
	config.Clusters["e2e"] = &api.Cluster{Server: "https://" + address, CertificateAuthority: c.certificate()}
	config.AuthInfos[user] = &api.AuthInfo{Token: token(user)}
	config.Contexts["e2e"] = &api.Context{Cluster: "e2e", AuthInfo: user}
	config.CurrentContext = "e2e"
	path := c.path(file)
	return path, clientcmd.WriteToFile(*config, path)
}

// allowCoreDNS gives CoreDNS the rights that the README asks for, and no others: to list and watch what the two
// plugins read. The kubernetes plugin reads namespaces too, policies pods and nodes; these are for one user only.
func (c *ControlPlane) allowCoreDNS() error {
	return errors.Join(
		c.allow(restrictedUser, readRule("", "services"), readRule("discovery.k8s.io", "endpointslices")),
		c.allow(corednsUser, readRule("", "services", "namespaces", "pods", "nodes"),
			readRule("discovery.k8s.io", "endpointslices")),
	)
}

// readRule is the right to follow resources of a group.
func readRule(group string, resources ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: resources, Verbs: []string{"list", "watch"}}
}

// allow gives a user a role of the same name.
func (c *ControlPlane) allow(user string, rules ...rbacv1.PolicyRule) error {
	ctx := context.Background()
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: user}, Rules: rules}
	if _, err := c.Client.RbacV1().ClusterRoles().Create(ctx, role, metav1.CreateOptions{}); err != nil {
		return err
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: user},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: user},
	}
	_, err := c.Client.RbacV1().ClusterRoleBindings().Create(ctx, binding, metav1.CreateOptions{})
	return err
}
