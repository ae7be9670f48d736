package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/headless-dns/headless/test/e2e/harness"
)

func TestManifestsAndTheClusterGiveTheSameAnswers(t *testing.T) {
	t.Parallel()
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	db.Spec.IPFamilyPolicy = new(corev1.IPFamilyPolicyRequireDualStack)
	odd := harness.WithoutSelector(harness.HeadlessService(db.Namespace, "odd"))
	cluster.Create(t, db, harness.StatefulSet(db, "db", 3), odd,
		harness.Slice(odd, "odd-1", discoveryv1.AddressTypeIPv4, harness.Endpoint("203.0.113.101", "same"), harness.Endpoint("203.0.113.102", "same")),
		harness.Slice(odd, "odd-2", discoveryv1.AddressTypeIPv4, harness.Endpoint("203.0.113.102", ""), harness.Endpoint("203.0.113.103", "")),
		harness.Slice(odd, "odd-3", discoveryv1.AddressTypeIPv6, harness.Endpoint("2001:db8::", "same")))
	questions := []string{
		"none." + serviceName(db) + " A", "_none._tcp." + serviceName(db) + " SRV", serviceName(db) + " TXT",
		"dns-version.cluster.local. TXT", "cluster.local. A", "svc.cluster.local. A", db.Namespace + ".svc.cluster.local. A",
		serviceName(odd) + " A", serviceName(odd) + " AAAA", "_mysql._tcp." + serviceName(odd) + " SRV", "same." + serviceName(odd) + " A",
		"same." + serviceName(odd) + " AAAA", "203-0-113-103." + serviceName(odd) + " A", "203-0-113-102." + serviceName(odd) + " A",
		"101.113.0.203.in-addr.arpa. PTR", "102.113.0.203.in-addr.arpa. PTR", "103.113.0.203.in-addr.arpa. PTR",
	}
	for _, want := range expectDualStack(t, db, 3) {
		questions = append(questions, want.Question)
	}
	server := startOnManifests(t, dump(t, db.Namespace))
	harness.Eventually(t, "both give the same", func() error { return sameAnswers(server, shared, questions...) })
}

// sameAnswers compares all of two servers' replies but the order of the records.
func sameAnswers(got, want *harness.CoreDNS, questions ...string) error {
	var differences []string
	for _, question := range questions {
		for _, network := range harness.Transports {
			a, err := harness.Ask(network, want.Address, question)
			if err != nil {
				return err
			}
			b, err := harness.Ask(network, got.Address, question)
			if err != nil {
				return err
			}
			if d := cmp.Diff(strings.Join(harness.Text(a), "\n"), strings.Join(harness.Text(b), "\n")); d != "" {
				differences = append(differences, fmt.Sprintf("%s over %s (-want +got)\n%s", question, network, d))
			}
		}
	}
	if len(differences) > 0 {
		return fmt.Errorf("%d answers differ:\n%s", len(differences), strings.Join(differences, "\n"))
	}
	return nil
}

func startOnManifests(t *testing.T, folder string) *harness.CoreDNS {
	t.Helper()
	return cluster.StartCoreDNS(t, harness.CoreDNSOptions{Binary: corednsBinary, Corefile: `. {
    bind 127.0.0.1
    errors
    ready {$READY_ADDRESS}
    headless cluster.local in-addr.arpa ip6.arpa {
        manifests ` + folder + `
        ttl 30
    }
}`})
}

// dump writes a namespace's services and slices to a folder, as kubectl get --output=yaml does.
func dump(t *testing.T, namespace string) string {
	t.Helper()
	folder := t.TempDir()
	services, err := cluster.Client.CoreV1().Services(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	slices, err := cluster.Client.DiscoveryV1().EndpointSlices(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range services.Items {
		service := &services.Items[i]
		service.TypeMeta = metav1.TypeMeta{APIVersion: corev1.SchemeGroupVersion.String(), Kind: "Service"}
		writeManifest(t, folder, "service-"+service.Name, service)
	}
	for i := range slices.Items {
		slice := &slices.Items[i]
		slice.TypeMeta = metav1.TypeMeta{APIVersion: discoveryv1.SchemeGroupVersion.String(), Kind: "EndpointSlice"}
		writeManifest(t, folder, "slice-"+slice.Name, slice)
	}
	return folder
}

func writeManifest(t *testing.T, folder, name string, object runtime.Object) {
	t.Helper()
	text, err := yaml.Marshal(object)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name+".yaml"), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
