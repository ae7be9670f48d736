package bench

import (
	"compress/gzip"
	"context"
	"net/http"
	"slices"
	"strconv"
)

// watcher is one watch that is open.
type watcher struct {
	query
	events chan event
	end    context.CancelFunc
	// synced says that the first state was sent.
	synced bool
}

// event is a change of an object, or, where done is there, the question to say when all before it was sent.
type event struct {
	what string
	of   object
	done chan<- struct{}
}

func (a *clusterAPI) watch(w http.ResponseWriter, r *http.Request, q query, streamed bool) {
	ctx, end := context.WithCancel(r.Context())
	defer end()
	self := &watcher{query: q, events: make(chan event), end: end, synced: !streamed}
	a.mu.Lock()
	a.watches[self] = true
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.watches, self)
	}()
	a.count(q.of, func(t *traffic) { t.watches++ })
	w.Header().Set("Content-Type", "application/vnd.kubernetes.protobuf;stream=watch")
	out := &stream{api: a, of: q.of, to: w}
	// Since Kubernetes 1.37 a watch that begins with the first state is compressed, to its end. That comes after five to
	// ten minutes, and those that go on from there are not compressed.
	if streamed && compresses(r) {
		w.Header().Set("Content-Encoding", "gzip")
		out.compressed = true
	}
	w.WriteHeader(http.StatusOK)
	out.flush()
	if streamed {
		a.firstState(ctx, out, self)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-self.events:
			if e.done != nil {
				e.done <- struct{}{}
				continue
			}
			out.write(q.encodeEvent(e.what, q.encode(e.of)))
			out.flush()
		}
	}
}

func (a *clusterAPI) firstState(ctx context.Context, out *stream, self *watcher) {
	for n := 0; n < self.of.count() && ctx.Err() == nil; n++ {
		if o := self.of.object(n); self.selects(o) {
			out.write(self.encodeEvent("ADDED", self.encode(o)))
		}
	}
	out.write(self.encodeBookmark(strconv.FormatUint(a.cluster.version.Load(), 10)))
	out.flush()
	a.mu.Lock()
	defer a.mu.Unlock()
	self.synced = true
}

// stream is the body of a watch. A real API server compresses what it sends at once on its own, and so do we.
type stream struct {
	api        *clusterAPI
	of         *kind
	to         http.ResponseWriter
	compressed bool
	gzip       *gzip.Writer
	raw        int64
	wire       counter
}

func (s *stream) write(b []byte) {
	s.raw += int64(len(b))
	s.wire.to = s.to
	if !s.compressed {
		_, _ = s.wire.Write(b)
		return
	}
	if s.gzip == nil {
		s.gzip = newGzip(&s.wire)
	}
	_, _ = s.gzip.Write(b)
}

func (s *stream) flush() {
	if s.gzip != nil && s.raw > 0 {
		_ = s.gzip.Flush()
		_ = s.gzip.Close()
		s.gzip.Reset(&s.wire)
	}
	s.to.(http.Flusher).Flush()
	s.api.count(s.of, func(t *traffic) { t.add(s.raw, s.wire.octets) })
	s.raw, s.wire.octets = 0, 0
}

// open returns the watches that are open, and whether all have had their first state.
func (a *clusterAPI) open() (all []*watcher, synced bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	synced = true
	for w := range a.watches {
		all = append(all, w)
		synced = synced && w.synced
	}
	return all, synced
}

// tell sends an event to the watches that ask for such objects, and waits until they have taken it.
func (a *clusterAPI) tell(ctx context.Context, resource, what string, o object) {
	all, _ := a.open()
	for _, w := range all {
		if w.of.resource == resource && w.selects(o) {
			select {
			case w.events <- event{what: what, of: o}:
			case <-ctx.Done():
			}
		}
	}
}

// drain waits until all that was told was sent.
func (a *clusterAPI) drain(ctx context.Context) {
	all, _ := a.open()
	done := make(chan struct{}, len(all))
	for _, w := range all {
		select {
		case w.events <- event{done: done}:
			<-done
		case <-ctx.Done():
		}
	}
}

// expire ends all watches, as a server does after some minutes, and says how many there were. The clients watch on from
// where they are.
func (a *clusterAPI) expire() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := len(a.watches)
	for w := range a.watches {
		w.end()
	}
	clear(a.watches)
	return n
}

// restart does so too, and then has the clients begin anew: versions from before are too old to go on with.
func (a *clusterAPI) restart() int {
	a.mu.Lock()
	a.oldest = a.cluster.version.Add(1)
	a.mu.Unlock()
	return a.expire()
}

// sum adds up the traffic of all resources, and names those that are watched.
func (a *clusterAPI) sum() (total traffic, watched []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for resource, t := range a.traffic {
		total.watches += t.watches
		total.add(t.raw, t.wire)
		watched = append(watched, resource)
	}
	slices.Sort(watched)
	return total, watched
}
