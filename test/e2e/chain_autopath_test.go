package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// autopathClient is the address of a pod that can ask: the tests have loopback addresses only.
const autopathClient = "127.0.4.1"

func TestAutopathFindsHeadlessNamesAndGoesOnFromThoseThatDoNotExist(t *testing.T) {
	t.Parallel()
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	// The last label of a search for www.example.org is a headless service of the client's own namespace.
	inTheWay := harness.WithoutSelector(harness.HeadlessService(db.Namespace, "org"))
	cluster.Create(t, db, harness.StatefulSet(db, "db", 2), inTheWay,
		harness.Slice(inTheWay, "org", discoveryv1.AddressTypeIPv4, harness.Endpoint("198.51.100.80", "")))
	startClientPod(t, db.Namespace)
	server := startAutopath(t)
	expectPods(t, server, "the pods are answered", db, "db-0", "db-1")

	search, name := "."+db.Namespace+".svc.cluster.local.", serviceName(db)
	addresses := podAddresses(t, db, "db-0", "db-1")
	own := addressWant(name, addresses...)
	harness.Eventually(t, "the client is known as a pod", func() error {
		return checkFrom(autopathClient, server, found("db."+db.Namespace+search, own))
	})
	srv := service{name, []endpoint{{"db-0", addresses[0]}, {"db-1", addresses[1]}}}.wants()[2]
	wants := []harness.Want{
		own, // asked for as db
		addressWant("db-0."+name, addresses[0]),
		found("db."+db.Namespace+".svc"+search, own),
		found("db."+db.Namespace+".svc.cluster.local"+search, own),
		found("db-0.db."+db.Namespace+search, addressWant("db-0."+name, addresses[0])),
		found("_mysql._tcp.db."+db.Namespace+".svc.cluster.local"+search, srv),
		found("www.example.org"+search, addressWant("www.example.org.", "192.0.2.80")),
	}
	wants = append(wants, denied("none.db"+search+" A", "none"+search+" A", "none.example.net"+search+" A")...)
	if err := checkFrom(autopathClient, server, wants...); err != nil {
		t.Error(err)
	}
	// Nobody else has a search path.
	check(t, server, denied("db."+db.Namespace+search+" A", "www.example.org"+search+" A")...)
}

// startClientPod runs a pod that no service selects: no slice would take its address.
func startClientPod(t *testing.T, namespace string) {
	t.Helper()
	kubelet.Place(namespace, "client", harness.Place{Addresses: []string{autopathClient}})
	cluster.Create(t, harness.Pod(harness.HeadlessService(namespace, "client"), "client"))
}

func startAutopath(t *testing.T) *harness.CoreDNS {
	t.Helper()
	return startBlocks(t, block(".",
		"autopath @kubernetes",
		headlessFor("cluster.local in-addr.arpa", fromKubeconfig),
		"kubernetes cluster.local {\nkubeconfig "+adminKubeconfig(t)+"\nttl 30\nnoendpoints\npods verified\n}",
		`template IN A example.org {
			answer "{{ .Name }} 30 IN A 192.0.2.80"
		}`,
		// As the servers of the Internet do.
		"template ANY ANY none db net {\nrcode NXDOMAIN\n}"))
}

// adminKubeconfig is for the kubernetes plugin, which watches pods: those rights headless must do without.
func adminKubeconfig(t *testing.T) string {
	t.Helper()
	rest := cluster.Config()
	config := api.NewConfig()
	config.Clusters["e2e"] = &api.Cluster{Server: rest.Host, CertificateAuthority: rest.CAFile}
	config.AuthInfos["admin"] = &api.AuthInfo{Token: rest.BearerToken}
	config.Contexts["e2e"] = &api.Context{Cluster: "e2e", AuthInfo: "admin"}
	config.CurrentContext = "e2e"
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// found is what autopath makes of an answer: one to the name that was searched for, which points to the one found.
func found(searched string, want harness.Want) harness.Want {
	name, qtype, _ := strings.Cut(want.Question, " ")
	want.Question = searched + " " + qtype
	want.Answer = append([]string{searched + " 30 IN CNAME " + name}, want.Answer...)
	return want
}
