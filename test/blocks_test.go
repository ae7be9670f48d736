package test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"testing"
)

// apiServers are API servers without objects, none of which answers before all were asked.
func apiServers(t *testing.T, n int) (urls []string) {
	t.Helper()
	var asked sync.WaitGroup
	asked.Add(n)
	all := make(chan struct{})
	go func() {
		asked.Wait()
		close(all)
	}()
	kinds := map[string]string{"services": `"ServiceList", "apiVersion": "v1"`, "endpointslices": `"EndpointSliceList", "apiVersion": "discovery.k8s.io/v1"`}
	for range n {
		first := sync.OnceFunc(asked.Done)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			first()
			select {
			case <-all:
			case <-r.Context().Done():
				return
			}
			switch q := r.URL.Query(); {
			case q.Get("sendInitialEvents") != "": // as an API server does that does not know it
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusUnprocessableEntity)
				fmt.Fprint(w, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Invalid", "code": 422}`)
			case q.Get("watch") != "":
				w.WriteHeader(http.StatusOK)
				_ = http.NewResponseController(w).Flush()
				<-r.Context().Done()
			default:
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprintf(w, `{"kind": %s, "metadata": {"resourceVersion": "1"}, "items": []}`, kinds[path.Base(r.URL.Path)])
			}
		}))
		t.Cleanup(server.Close)
		urls = append(urls, server.URL)
	}
	return urls
}

func TestBlocksOfACorefileWaitForTheirAPIServersTogether(t *testing.T) {
	var corefile strings.Builder
	for i, url := range apiServers(t, 3) {
		fmt.Fprintf(&corefile, "zone%d.test {\n    headless {\n        endpoint %s\n        startup_timeout 20s\n    }\n}\n", i, url)
	}
	s := start(t, corefile.String())
	if strings.Contains(s.log.String(), "not synced") {
		t.Error("One has waited for its API server before another one was asked")
	}
}
