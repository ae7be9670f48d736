package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// The tests of the chain show headless among the other plugins of the build. Most need no API server: their endpoints
// are manifests.

// chainDB is what most of them ask for.
var chainDB = service{name: "db.default.svc.cluster.local.", endpoints: []endpoint{
	{"db-0", "10.1.0.1"}, {"db-1", "10.2.0.1"}, {"db-2", "10.3.0.1"},
}}

// manyEndpoints is a service whose addresses take several times what fits a UDP answer.
func manyEndpoints() service {
	many := service{name: "many.default.svc.cluster.local."}
	for i := range 200 {
		many.endpoints = append(many.endpoints, endpoint{fmt.Sprintf("many-%d", i), fmt.Sprintf("10.4.0.%d", i+1)})
	}
	return many
}

// startBlocks starts a CoreDNS with these server blocks.
func startBlocks(t *testing.T, blocks ...string) *harness.CoreDNS {
	t.Helper()
	return cluster.StartCoreDNS(t, harness.CoreDNSOptions{Binary: corednsBinary, Corefile: strings.Join(blocks, "\n")})
}

// block is a server block. The order of its plugins is that of the build.
func block(zones string, plugins ...string) string {
	return zones + " {\nbind 127.0.0.1\nerrors\nready {$READY_ADDRESS}\n" + strings.Join(plugins, "\n") + "\n}"
}

// headlessOn is headless with its source; its zones are those of the server block.
func headlessOn(source string, properties ...string) string {
	return headlessFor("", source, properties...)
}

// headlessFor is headless for these zones.
func headlessFor(zones, source string, properties ...string) string {
	return "headless " + zones + " {\nttl 30\n" + source + "\n" + strings.Join(properties, "\n") + "\n}"
}

// onManifests is the source that has these services.
func onManifests(t *testing.T, services ...service) string {
	t.Helper()
	folder := t.TempDir()
	for _, s := range services {
		for i, object := range s.objects() {
			writeManifest(t, folder, fmt.Sprintf("%s%d", s.name, i), object)
		}
	}
	return "manifests " + folder
}

// objects are the service and its slices, of each family one. Those that go to the cluster need addresses that no
// other test has, for the reverse names are asked for too.
func (s service) objects() []runtime.Object {
	labels := dns.SplitDomainName(s.name)
	object := harness.WithoutSelector(harness.HeadlessService(labels[1], labels[0]))
	object.TypeMeta = metav1.TypeMeta{APIVersion: corev1.SchemeGroupVersion.String(), Kind: "Service"}
	objects := []runtime.Object{object}
	for _, family := range []discoveryv1.AddressType{discoveryv1.AddressTypeIPv4, discoveryv1.AddressTypeIPv6} {
		slice := harness.Slice(object, object.Name+"-"+strings.ToLower(string(family)), family)
		slice.TypeMeta = metav1.TypeMeta{APIVersion: discoveryv1.SchemeGroupVersion.String(), Kind: "EndpointSlice"}
		for _, e := range s.endpoints {
			if e.is4() == (family == discoveryv1.AddressTypeIPv4) {
				slice.Endpoints = append(slice.Endpoints, harness.Endpoint(e.address, e.host))
			}
		}
		objects = append(objects, slice)
	}
	return objects
}

// check compares answers over UDP and TCP.
func check(t *testing.T, server *harness.CoreDNS, wants ...harness.Want) {
	t.Helper()
	if err := harness.Check(server.Address, wants...); err != nil {
		t.Error(err)
	}
}
