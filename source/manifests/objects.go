package manifests

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	kjson "sigs.k8s.io/json"

	"github.com/headless-dns/headless/source"
)

// reading is what all files say together. It is immutable.
type reading struct {
	services []*source.Service
	slices   []*source.Slice
	pods     []*source.Pod
	nodes    []*source.Node
	problems []source.Problem // what the decoder left out
}

// reader puts a reading together.
type reader struct {
	reading
	decoder source.Decoder
	// namespaces are those that were chosen by their labels.
	namespaces map[string]bool
	places     map[string]place // of the objects, by kind and name
}

// read reads all files, or fails.
func read(files []stamp, decoder source.Decoder) (reading, error) {
	r := reader{decoder: decoder, namespaces: map[string]bool{}, places: map[string]place{}}
	// A file with a mistake is read many times while it is being mended; problems are told of what is served.
	r.decoder.Report = func(p source.Problem) { r.problems = append(r.problems, p) }
	for _, file := range files {
		if err := readFile(file, func(d document) error { return r.take(d, typeMeta{}) }); err != nil {
			return reading{}, err
		}
	}
	if decoder.NamespaceLabels != nil {
		r.services = slices.DeleteFunc(r.services, func(s *source.Service) bool { return !r.namespaces[s.Namespace] })
	}
	return r.reading, nil
}

// equal tells whether the same would be delivered.
func (r reading) equal(other reading) bool {
	return reflect.DeepEqual(r.services, other.services) && reflect.DeepEqual(r.slices, other.slices) &&
		reflect.DeepEqual(r.pods, other.pods) && reflect.DeepEqual(r.nodes, other.nodes)
}

// typeMeta says what an object is. (That of the API has methods, and what it is embedded in is an object too.)
type typeMeta struct {
	Kind       string `json:"kind"`
	APIVersion string `json:"apiVersion"`
}

// apiVersions has the one version that is read of each kind.
var apiVersions = map[string]string{
	"Namespace":         "v1",
	"Service":           "v1",
	"EndpointSlice":     "discovery.k8s.io/v1",
	"Pod":               "v1",
	"Node":              "v1",
	"List":              "v1",
	"NamespaceList":     "v1",
	"ServiceList":       "v1",
	"EndpointSliceList": "discovery.k8s.io/v1",
	"PodList":           "v1",
	"NodeList":          "v1",
}

// take takes over the objects of a document. What the document leaves open of its type is as in assumed.
func (r *reader) take(d document, assumed typeMeta) error {
	t := assumed
	if err := kjson.UnmarshalCaseSensitivePreserveInts(d.text, &t); err != nil {
		return d.mistake(err)
	}
	version, ours := apiVersions[t.Kind]
	ours = ours && r.uses(strings.TrimSuffix(t.Kind, "List"))
	// Groups with a dot can have kinds of the same name, such as the Service of serving.knative.dev; the groups
	// without one are Kubernetes' own and have none.
	group, _, _ := strings.Cut(t.APIVersion, "/")
	switch {
	case t.Kind == "":
		return d.place().errorf("object without %q", "kind")
	case !ours || strings.Contains(group, ".") && !strings.HasPrefix(version, group+"/"):
		return nil
	case t.APIVersion != version:
		return d.placeOf("apiVersion").errorf("apiVersion %q of kind %q is not read, %q is", t.APIVersion, t.Kind, version)
	}
	return r.takeKind(d, t)
}

// uses says whether a kind is asked for. Where it is not, its mistakes are nobody's.
func (r *reader) uses(kind string) bool {
	switch kind {
	case "Namespace":
		return r.decoder.NamespaceLabels != nil
	case "Pod":
		return r.decoder.Uses.Pods()
	case "Node":
		return r.decoder.Uses.AnyNodes()
	}
	return true
}

// takeKind takes over an object of one of the kinds that are read.
func (r *reader) takeKind(d document, t typeMeta) error {
	switch t.Kind {
	case "Namespace":
		return r.takeNamespace(d)
	case "Service":
		return r.takeService(d)
	case "EndpointSlice":
		return r.takeSlice(d)
	case "Pod":
		return r.takePod(d)
	case "Node":
		return r.takeNode(d)
	}
	if d.inList {
		return d.place().errorf("kind %q inside a list", t.Kind)
	}
	return r.takeList(d, t)
}

func (r *reader) takeNamespace(d document) error {
	var object corev1.Namespace
	if err := r.decode(d, "Namespace", &object, &object.ObjectMeta, validation.IsDNS1123Label); err != nil {
		return err
	}
	if name := r.decoder.Namespace(&object); name != nil {
		r.namespaces[*name] = true
	}
	return nil
}

func (r *reader) takeService(d document) error {
	var object corev1.Service
	if err := r.decode(d, "Service", &object, &object.ObjectMeta, validation.IsDNS1123Label); err != nil {
		return err
	}
	if s := r.decoder.Service(&object); s != nil {
		r.services = append(r.services, s)
	}
	return nil
}

func (r *reader) takeSlice(d document) error {
	var object discoveryv1.EndpointSlice
	if err := r.decode(d, "EndpointSlice", &object, &object.ObjectMeta, validation.IsDNS1123Subdomain); err != nil {
		return err
	}
	if s := r.decoder.Slice(&object); s != nil {
		r.slices = append(r.slices, s)
	}
	return nil
}

func (r *reader) takePod(d document) error {
	var object corev1.Pod
	if err := r.decode(d, "Pod", &object, &object.ObjectMeta, validation.IsDNS1123Subdomain); err != nil {
		return err
	}
	p := r.decoder.Pod(&object.ObjectMeta)
	if r.decoder.Uses.ClientPods {
		p = r.decoder.ClientPod(&object)
	}
	if p != nil {
		r.pods = append(r.pods, p)
	}
	return nil
}

func (r *reader) takeNode(d document) error {
	var object corev1.Node
	if err := r.decode(d, "Node", &object, &object.ObjectMeta, validation.IsDNS1123Subdomain); err != nil {
		return err
	}
	r.nodes = append(r.nodes, r.decoder.Node(&object))
	return nil
}

func (r *reader) takeList(d document, t typeMeta) error {
	var list struct {
		typeMeta
		Metadata json.RawMessage   `json:"metadata"`
		Items    []json.RawMessage `json:"items"`
	}
	if err := d.decode(&list); err != nil {
		return err
	}
	assumed := typeMeta{Kind: strings.TrimSuffix(t.Kind, "List")}
	if assumed.Kind != "" {
		assumed.APIVersion = t.APIVersion
	}
	_, items := find(d.node, d.node, "items", func(n *yaml.Node) bool { return len(n.Content) == len(list.Items) })
	for i, text := range list.Items {
		item := document{file: d.file, text: text, node: &yaml.Node{}, inList: true}
		if items != nil {
			item.node = items.Content[i]
		}
		if err := r.take(item, assumed); err != nil {
			return err
		}
	}
	return nil
}

// decode decodes an object, gives it the namespace that it has by default, and refuses it where it is there already, or
// has a name that an API server would refuse: no question could ask for it.
func (r *reader) decode(
	d document, kind string, object any, meta *metav1.ObjectMeta, check func(string) []string,
) error {
	if err := d.decode(object); err != nil {
		return err
	}
	if meta.Name == "" {
		return d.place().errorf("%s without %q", kind, "metadata.name")
	}
	name := fmt.Sprintf("%s %q", kind, meta.Name)
	if kind != "Namespace" && kind != "Node" {
		meta.Namespace = cmp.Or(meta.Namespace, metav1.NamespaceDefault)
		name = fmt.Sprintf("%s %q", kind, meta.Namespace+"/"+meta.Name)
	}
	if len(check(meta.Name)) > 0 {
		return d.placeOf("metadata.name").errorf("%q is no name of a %s", meta.Name, kind)
	}
	if meta.Namespace != "" && len(validation.IsDNS1123Label(meta.Namespace)) > 0 {
		return d.placeOf("metadata.namespace").errorf("%q is no name of a namespace", meta.Namespace)
	}
	if other, ok := r.places[name]; ok {
		return d.place().errorf("%s is already at %v", name, other)
	}
	r.places[name] = d.place()
	return nil
}
