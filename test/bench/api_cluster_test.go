package bench

import (
	"net/http"
	"strconv"
	"strings"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
)

// clusterAPI serves a simulated cluster as an API server does, as far as it matters for what following it costs: as
// protobuf, whole or metadata alone, in pages or as a stream (WatchList), compressed where a real one would.
type clusterAPI struct {
	cluster *cluster
	kinds   []*kind
	// watchList says that first states are streamed. Kubernetes before 1.34 did not.
	watchList bool

	mu      sync.Mutex
	watches map[*watcher]bool
	traffic map[string]traffic
	oldest  uint64 // version that a watch can begin with
}

// traffic is what clients have asked for of a resource, and how much they got.
type traffic struct {
	watches int
	// raw is what was sent before compression, wire what went over the wire, both without the headers of HTTP.
	raw, wire int64
}

func (t *traffic) add(raw, wire int64) {
	t.raw += raw
	t.wire += wire
}

// kind is a kind of objects.
type kind struct {
	path, resource string
	version, name  string // as TypeMeta has them
	count          func() int
	object         func(n int) object
	// selectable are the fields that selectors may name.
	selectable func(o object) fields.Set
}

// object is what all kinds have in common.
type object interface {
	metav1.Object
	Marshal() ([]byte, error)
}

func newClusterAPI(c *cluster, watchList bool) *clusterAPI {
	return &clusterAPI{
		cluster: c, watchList: watchList, watches: map[*watcher]bool{}, traffic: map[string]traffic{}, kinds: kindsOf(c),
	}
}

func kindsOf(c *cluster) []*kind {
	none := func(object) fields.Set { return fields.Set{} }
	return []*kind{
		{"/api/v1/pods", "pods", "v1", "Pod", func() int { return c.pods }, func(n int) object { return c.pod(n) }, podSelectable},
		{"/api/v1/nodes", "nodes", "v1", "Node", func() int { return c.nodes }, func(n int) object { return c.node(n, 0) }, none},
		{"/api/v1/namespaces", "namespaces", "v1", "Namespace", c.namespaces, func(n int) object { return c.namespace(n) }, none},
		{"/api/v1/services", "services", "v1", "Service", c.services, func(n int) object { return c.service(n) }, serviceSelectable},
		{
			"/apis/discovery.k8s.io/v1/endpointslices", "endpointslices", "discovery.k8s.io/v1", "EndpointSlice", c.slices,
			func(n int) object { return c.slice(n) }, none,
		},
	}
}

// query is what a request asks for.
type query struct {
	of      *kind
	partial bool // metadata alone
	fields  fields.Selector
	labels  labels.Selector
}

// ServeHTTP implements http.Handler.
func (a *clusterAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q, problem := a.parse(r)
	streamed := r.FormValue("sendInitialEvents") == "true"
	from, _ := strconv.ParseUint(r.FormValue("resourceVersion"), 10, 64)
	switch {
	case problem != "":
		refuse(w, http.StatusBadRequest, metav1.StatusReasonBadRequest, problem)
	case streamed && !a.watchList:
		refuse(w, http.StatusUnprocessableEntity, metav1.StatusReasonInvalid, "sendInitialEvents is forbidden for watch")
	case r.FormValue("watch") == "":
		a.list(w, r, q)
	case !streamed && from < a.oldestVersion():
		refuse(w, http.StatusGone, metav1.StatusReasonExpired, "too old resource version")
	default:
		a.watch(w, r, q, streamed)
	}
}

func (a *clusterAPI) parse(r *http.Request) (q query, problem string) {
	accept := r.Header.Get("Accept")
	if !strings.HasPrefix(accept, "application/vnd.kubernetes.protobuf") {
		return q, "here is only protobuf, not " + accept
	}
	q.partial = strings.Contains(strings.Split(accept, ",")[0], "as=PartialObjectMetadata")
	for _, k := range a.kinds {
		if k.path == r.URL.Path {
			q.of = k
		}
	}
	if q.of == nil {
		return q, "nothing is known of " + r.URL.Path
	}
	var err error
	if q.fields, err = fields.ParseSelector(r.FormValue("fieldSelector")); err != nil {
		return q, err.Error()
	}
	if q.labels, err = labels.Parse(r.FormValue("labelSelector")); err != nil {
		return q, err.Error()
	}
	known := q.of.selectable(q.of.object(0))
	for _, requirement := range q.fields.Requirements() {
		if !known.Has(requirement.Field) {
			return q, "field label not supported: " + requirement.Field
		}
	}
	return q, ""
}

func (q *query) selects(o object) bool {
	return q.labels.Matches(labels.Set(o.GetLabels())) && (q.fields.Empty() || q.fields.Matches(q.of.selectable(o)))
}

// count adds to the traffic of a resource.
func (a *clusterAPI) count(of *kind, change func(*traffic)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.traffic[of.resource]
	change(&t)
	a.traffic[of.resource] = t
}

func (a *clusterAPI) oldestVersion() uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.oldest
}

// list answers with a page.
func (a *clusterAPI) list(w http.ResponseWriter, r *http.Request, q query) {
	limit, _ := strconv.Atoi(r.FormValue("limit"))
	n, _ := strconv.Atoi(r.FormValue("continue"))
	var items [][]byte
	for ; n < q.of.count() && (limit == 0 || len(items) < limit); n++ {
		if o := q.of.object(n); q.selects(o) {
			items = append(items, q.encode(o))
		}
	}
	about := metav1.ListMeta{ResourceVersion: strconv.FormatUint(a.cluster.version.Load(), 10)}
	if n < q.of.count() {
		about.Continue = strconv.Itoa(n)
	}
	body := q.encodeList(about, items)
	w.Header().Set("Content-Type", "application/vnd.kubernetes.protobuf")
	out := &counter{to: w}
	if len(body) > compressedFrom && compresses(r) {
		w.Header().Set("Content-Encoding", "gzip")
		zipped := newGzip(out)
		_, _ = zipped.Write(body)
		_ = zipped.Close()
	} else {
		_, _ = out.Write(body)
	}
	a.count(q.of, func(t *traffic) { t.add(int64(len(body)), out.octets) })
}
