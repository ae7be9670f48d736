package harness

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Proxy stands between one client and the API server, understands what they say, and can make trouble. It shows the
// certificate of the API server.
type Proxy struct {
	Address string

	mu       sync.Mutex
	trouble  Trouble
	cut      func() // ends the requests that run
	running  context.Context
	requests []time.Time
}

// Trouble is what becomes of requests. The zero value is none.
type Trouble struct {
	// Code is what all new requests are answered with.
	Code int
	// Delay is how long each part of an answer waits.
	Delay time.Duration
}

// OpenProxy opens a proxy for the time of a test.
func (c *ControlPlane) OpenProxy(t testing.TB) *Proxy {
	t.Helper()
	p := &Proxy{Address: FreeAddress(t)}
	p.running, p.cut = context.WithCancel(context.Background())
	authority, err := os.ReadFile(c.certificate())
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	forward := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "https", Host: c.Address})
	forward.Transport = &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13}, ForceAttemptHTTP2: true,
	}
	forward.FlushInterval = -1 // an event goes on at once
	forward.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	server := &http.Server{
		Addr: p.Address, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: Patience,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.serve(w, r, forward) }),
	}
	go func() { _ = server.ListenAndServeTLS(c.certificate(), c.path("certificates/apiserver.key")) }()
	t.Cleanup(func() { _ = server.Close() })
	return p
}

// Make makes trouble from now on, in the place of any other. Requests that run end, save where they only become slow.
func (p *Proxy) Make(trouble Trouble) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.trouble = trouble; trouble.Delay == 0 {
		p.cutLocked()
	}
}

// Cut ends the requests that run, in the middle of what they say.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cutLocked()
}

func (p *Proxy) cutLocked() {
	p.cut()
	p.running, p.cut = context.WithCancel(context.Background())
}

// Requests is how many have come since a time.
func (p *Proxy) Requests(since time.Time) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, at := range p.requests {
		if at.After(since) {
			n++
		}
	}
	return n
}

func (p *Proxy) serve(w http.ResponseWriter, r *http.Request, forward http.Handler) {
	p.mu.Lock()
	p.requests = append(p.requests, time.Now())
	trouble, running := p.trouble, p.running
	p.mu.Unlock()
	if trouble.Code != 0 {
		refuse(w, trouble.Code)
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(running, cancel)()
	forward.ServeHTTP(&slowWriter{ResponseWriter: w, proxy: p}, r.WithContext(ctx))
}

// refuse answers as an API server does.
func refuse(w http.ResponseWriter, code int) {
	reason := map[int]metav1.StatusReason{
		http.StatusTooManyRequests: metav1.StatusReasonTooManyRequests, http.StatusGone: metav1.StatusReasonExpired,
		http.StatusInternalServerError: metav1.StatusReasonInternalError,
	}[code]
	if code == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "1")
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure, Code: int32(code), Reason: reason, Message: "the test says so",
	})
}

// slowWriter delays what is written for as long as the proxy is to be slow.
type slowWriter struct {
	http.ResponseWriter
	proxy *Proxy
}

// Write implements http.ResponseWriter.
func (w *slowWriter) Write(b []byte) (int, error) {
	w.proxy.mu.Lock()
	delay := w.proxy.trouble.Delay
	w.proxy.mu.Unlock()
	<-time.After(delay)
	return w.ResponseWriter.Write(b)
}

// Unwrap lets what was written be flushed.
func (w *slowWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
