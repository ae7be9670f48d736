package manifests

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/source"
)

const (
	mariadbService = `apiVersion: v1
kind: Service
metadata:
  name: mariadb
spec:
  clusterIP: None
`
	mariadbSlice = `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: mariadb-1
  labels:
    kubernetes.io/service-name: mariadb
addressType: IPv4
ports:
- name: mysql
  port: 3306
endpoints:
- addresses: [172.16.44.32]
  hostname: maradb-0
  conditions: {ready: true}
`
)

// mariadb is a Service with one EndpointSlice of one endpoint.
const mariadb = mariadbService + "---\n" + mariadbSlice

// at returns the manifests of mariadb with another address of the endpoint.
func at(address string) string { return strings.ReplaceAll(mariadb, "172.16.44.32", address) }

// write writes files below the working directory, which is a new one for the test.
func write(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, content := range files {
		put(t, name, content)
	}
}

// put writes a file in place, and the folders above it. Its time is that of the test's clock, which may stand still
// while that of the file system goes on, and the other way round.
func put(t testing.TB, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(name, time.Now(), time.Now()); err != nil {
		t.Fatal(err)
	}
}

// decoder is one that takes everything. What it leaves out is of no concern to the test.
var decoder = source.Decoder{Report: func(source.Problem) {}}

// load reads the paths as they are.
func load(t *testing.T, paths ...string) reading {
	t.Helper()
	r, err := read(list(paths), decoder)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func names(r reading) (services, slices []string) {
	for _, s := range r.services {
		services = append(services, s.String())
	}
	for _, s := range r.slices {
		slices = append(slices, s.String())
	}
	return services, slices
}

func TestAServiceAndItsSliceAreReadFromOneFile(t *testing.T) {
	write(t, map[string]string{"mariadb.yaml": mariadb})
	r := load(t, "mariadb.yaml")
	if len(r.services) != 1 || len(r.slices) != 1 {
		t.Fatalf("Want one service and one slice, got %v and %v", r.services, r.slices)
	}
	if want := (types.NamespacedName{Namespace: "default", Name: "mariadb"}); r.services[0].NamespacedName != want {
		t.Errorf("Want service %v, got %v", want, r.services[0])
	}
	s := r.slices[0]
	if s.Namespace != "default" || s.Name != "mariadb-1" || s.Service != "mariadb" {
		t.Errorf("Want default/mariadb-1 of mariadb, got %v of %v", s.NamespacedName, s.Service)
	}
	if want := []source.Port{{Name: "mysql", Protocol: "tcp", Number: 3306}}; !reflect.DeepEqual(s.Endpoints[0].Ports(), want) {
		t.Errorf("Want ports %v, got %v", want, s.Endpoints[0].Ports())
	}
	e := s.Endpoints[0].Unpack()
	if e.Address.String() != "172.16.44.32" || e.Hostname != "maradb-0" || !e.Ready || !e.Serving || e.Terminating {
		t.Errorf("Want the ready endpoint maradb-0 at 172.16.44.32, got %+v", e)
	}
}

func TestOnlyManifestsDirectlyInsideAFolderAreRead(t *testing.T) {
	slice := func(name string) string { return strings.ReplaceAll(mariadbSlice, "mariadb-1", name) }
	write(t, map[string]string{
		"m/a.yaml":          slice("a"),
		"m/b.yml":           slice("b"),
		"m/c.json":          `{"kind":"Service","apiVersion":"v1","metadata":{"name":"c","namespace":"n"},"spec":{"clusterIP":"None"}}`,
		"m/README.md":       "not: [yaml",
		"m/.hidden.yaml":    "not: [yaml",
		"m/..data/a.yaml":   "not: [yaml",
		"m/below/d.yaml":    "not: [yaml",
		"m/folder.yaml/e":   "not: [yaml",
		"m/d.yaml~":         "not: [yaml",
		"single.properties": slice("single"),
	})
	services, slices := names(load(t, "m", "single.properties", "./m/a.yaml"))
	if want := []string{"n/c"}; !reflect.DeepEqual(services, want) {
		t.Errorf("Want services %v, got %v", want, services)
	}
	if want := []string{"default/a", "default/b", "default/single"}; !reflect.DeepEqual(slices, want) {
		t.Errorf("Want slices %v, got %v", want, slices)
	}
}

func TestListsAreReadAndOtherKindsAreNot(t *testing.T) {
	write(t, map[string]string{
		"list.yaml": `apiVersion: v1
kind: List
metadata: {resourceVersion: ""}
items:
- {apiVersion: v1, kind: Service, metadata: {name: a}, spec: {clusterIP: None}}
- {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {whatever: 1}}
- {apiVersion: apps/v1, kind: Deployment, unknown: field}
- {apiVersion: serving.knative.dev/v1, kind: Service, metadata: {name: a}, spec: {template: {}}}
---
# nothing here
---
kind: ServiceList
apiVersion: v1
items: [{metadata: {name: b, namespace: o}, spec: {clusterIP: None}}, {metadata: {name: vip}, spec: {clusterIP: 10.0.0.1}}]
---
{kind: EndpointSliceList, apiVersion: discovery.k8s.io/v1, items: null}
`,
		"slices.json": "\ufeff" + `{"kind": "EndpointSliceList", "apiVersion": "discovery.k8s.io/v1", "metadata": {}, "items": [
			{"metadata": {"name": "s", "labels": {"kubernetes.io/service-name": "a", "smile": "\ud83d\ude00"}}, "addressType": "IPv6",
			 "ports": null, "endpoints": [{"addresses": ["2001:db8::1"]}]}]}`,
	})
	services, slices := names(load(t, "."))
	if want := []string{"default/a", "o/b"}; !reflect.DeepEqual(services, want) {
		t.Errorf("Want services %v, got %v", want, services)
	}
	if want := []string{"default/s"}; !reflect.DeepEqual(slices, want) {
		t.Errorf("Want slices %v, got %v", want, slices)
	}
}

func TestTheDecoderDecidesWhatIsKept(t *testing.T) {
	write(t, map[string]string{"a.yaml": mariadb, "b.yaml": strings.ReplaceAll(mariadb, "metadata:", "metadata:\n  namespace: other")})
	r, err := read(list([]string{"."}), source.Decoder{Namespaces: []string{"other"}})
	if err != nil {
		t.Fatal(err)
	}
	services, slices := names(r)
	if want := []string{"other/mariadb"}; !reflect.DeepEqual(services, want) {
		t.Errorf("Want services %v, got %v", want, services)
	}
	if want := []string{"other/mariadb-1"}; !reflect.DeepEqual(slices, want) {
		t.Errorf("Want slices %v, got %v", want, slices)
	}
}
