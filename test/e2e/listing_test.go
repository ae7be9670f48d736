package e2e

import (
	"slices"
	"testing"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// client-go has two ways to learn what there is when it begins: one watch that streams it (WatchList, the default), or a
// list in pages before the watch. It does not run beside others, for the log of the API server does not tell one CoreDNS
// from another.
func TestBothWaysOfListingGiveTheSameAnswers(t *testing.T) {
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	cluster.Create(t, db, harness.StatefulSet(db, "db", 3))
	expectPods(t, shared, "the pods are answered", db, "db-0", "db-1", "db-2")
	questions := append(podNames(t, db, "db-0", "db-1", "db-2"),
		serviceName(db)+" A", serviceName(db)+" AAAA", "_mysql._tcp."+serviceName(db)+" SRV", "none."+serviceName(db)+" A")

	for _, way := range []struct{ name, env, verb, parameter string }{
		{"WatchList", "KUBE_FEATURE_WatchListClient=true", "watch", "sendInitialEvents"},
		{"LIST", "KUBE_FEATURE_WatchListClient=false", "list", "limit"},
	} {
		t.Run(way.name, func(t *testing.T) {
			if way.name == "WatchList" && kubernetesMinor(t) < streamsLists {
				t.Skip("This API server does not stream lists")
			}
			before := requests(t)
			server := cluster.StartCoreDNS(t, harness.CoreDNSOptions{
				// No other plugin asks the API server.
				Binary: corednsBinary, Corefile: alone("headless", fromKubeconfig), Env: []string{way.env},
			})
			harness.Eventually(t, "the server is ready", server.Ready)
			if err := sameAnswers(server, shared, questions...); err != nil {
				t.Error(err)
			}
			sent := requests(t)[len(before):]
			for _, resource := range []string{"services", "endpointslices"} {
				if !slices.ContainsFunc(sent, func(r harness.Request) bool {
					return r.Resource == resource && r.Verb == way.verb && r.Query.Has(way.parameter)
				}) {
					t.Errorf("No %s of %s with %s among the requests %v", way.verb, resource, way.parameter, sent)
				}
			}
			if way.verb == "watch" && slices.ContainsFunc(sent, func(r harness.Request) bool { return r.Verb == "list" }) {
				t.Errorf("Lists beside the WatchList: %v", sent)
			}
		})
	}
}

// requests are those of all CoreDNS processes so far, but for looks.
func requests(t *testing.T) []harness.Request {
	t.Helper()
	sent, err := cluster.CoreDNSRequests()
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(sent, isLook)
}
