package bench

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
)

// compressedFrom is the size from which an API server compresses the answer to a request that is no watch.
const compressedFrom = 128 << 10

func compresses(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept-Encoding"), "gzip")
}

// newGzip compresses at the level that API servers do.
func newGzip(to io.Writer) *gzip.Writer {
	w, err := gzip.NewWriterLevel(to, gzip.BestSpeed)
	if err != nil {
		panic(err)
	}
	return w
}

// counter counts what passes through.
type counter struct {
	to     io.Writer
	octets int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.to.Write(b)
	c.octets += int64(n)
	return n, err
}

// encode returns an object as a message of protobuf, or its metadata where these were asked for.
func (q *query) encode(o object) []byte {
	if q.partial {
		o = metadataOf(o)
	}
	return must(o.Marshal())
}

func metadataOf(o object) *metav1.PartialObjectMetadata {
	p := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
		Namespace: o.GetNamespace(), Name: o.GetName(), GenerateName: o.GetGenerateName(), UID: o.GetUID(),
		ResourceVersion: o.GetResourceVersion(), CreationTimestamp: o.GetCreationTimestamp(), DeletionTimestamp: o.GetDeletionTimestamp(),
		Labels: o.GetLabels(), Annotations: o.GetAnnotations(), OwnerReferences: o.GetOwnerReferences(), ManagedFields: o.GetManagedFields(),
	}}
	return p
}

func (q *query) typeMeta(suffix string) runtime.TypeMeta {
	if q.partial {
		return runtime.TypeMeta{APIVersion: "meta.k8s.io/v1", Kind: "PartialObjectMetadata" + suffix}
	}
	return runtime.TypeMeta{APIVersion: q.of.version, Kind: q.of.name + suffix}
}

// enveloped is how the API sends protobuf: with the kind, so that the reader knows what it is.
func (q *query) enveloped(suffix string, message []byte) []byte {
	envelope := runtime.Unknown{TypeMeta: q.typeMeta(suffix), Raw: message}
	return append([]byte("k8s\x00"), must(envelope.Marshal())...)
}

// encodeList puts objects into a list. In all lists of the API field 1 is the metadata and field 2 the items.
func (q *query) encodeList(about metav1.ListMeta, items [][]byte) []byte {
	var list []byte
	field := func(tag byte, content []byte) {
		list = append(binary.AppendUvarint(append(list, tag), uint64(len(content))), content...)
	}
	field(1<<3|2, must(about.Marshal()))
	for _, item := range items {
		field(2<<3|2, item)
	}
	return q.enveloped("List", list)
}

// encodeEvent frames an event of a watch.
func (q *query) encodeEvent(event string, message []byte) []byte {
	e := metav1.WatchEvent{Type: event, Object: runtime.RawExtension{Raw: q.enveloped("", message)}}
	encoded := must(e.Marshal())
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(encoded))), encoded...)
}

// encodeBookmark says that the first state is over.
func (q *query) encodeBookmark(version string) []byte {
	end := metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
		ResourceVersion: version, Annotations: map[string]string{metav1.InitialEventsAnnotationKey: "true"},
	}}
	// Field 1 of each kind is its metadata, so one message does for all of them.
	return q.encodeEvent("BOOKMARK", must(end.Marshal()))
}

func refuse(w http.ResponseWriter, code int32, reason metav1.StatusReason, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(int(code))
	_, _ = io.Copy(w, bytes.NewReader(must(json.Marshal(metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure, Code: code, Reason: reason, Message: message,
	}))))
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// podSelectable are fields of Pods that selectors may name.
func podSelectable(o object) fields.Set {
	p := o.(*corev1.Pod)
	network := "false"
	if p.Spec.HostNetwork {
		network = "true"
	}
	return fields.Set{
		"spec.nodeName": p.Spec.NodeName, "spec.hostNetwork": network,
		"status.phase": string(p.Status.Phase), "status.podIP": p.Status.PodIP,
	}
}

func serviceSelectable(o object) fields.Set {
	return fields.Set{"spec.clusterIP": o.(*corev1.Service).Spec.ClusterIP}
}
