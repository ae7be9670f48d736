package headless

import (
	"errors"
	"net/url"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/headless-dns/headless/source"
)

// maxLogged bounds how many problems are remembered as logged. Beyond it they are only counted: the log of a cluster
// with that many malformed objects has said what there is to say.
const maxLogged = 1000

// problems counts what a source leaves out, and logs it once for each object and reason.
type problems struct {
	mu     sync.Mutex
	logged map[source.Problem]struct{}
}

// report takes note of a malformed object or part of one.
func (p *problems) report(problem source.Problem) {
	malformedCount.WithLabelValues(problem.Kind, problem.Reason).Inc()
	if p.first(problem) {
		log.Warningf("%s %s: left out what is malformed (%s): %.200q", problem.Kind, printable(problem.Object.String()), problem.Reason, problem.Value)
	}
}

// first says whether the problem is to be logged.
func (p *problems) first(problem source.Problem) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	problem.Value = "" // an object with a thousand bad addresses is one line
	if _, ok := p.logged[problem]; ok || len(p.logged) >= maxLogged {
		return false
	}
	if p.logged == nil {
		p.logged = make(map[source.Problem]struct{})
	}
	p.logged[problem] = struct{}{}
	return true
}

// repeatAfter is how long a failure that goes on is not logged again.
const repeatAfter = time.Minute

// failures counts the failures of a source, and logs each that is new.
type failures struct {
	mu   sync.Mutex
	last map[string]failure // by operation, of which there are few
}

type failure struct {
	text string
	at   time.Time
}

// report takes note of a failed operation, such as "list services". It is tried again, and what was served stays
// served.
func (f *failures) report(operation string, err error) {
	sourceErrorCount.WithLabelValues(operation).Inc()
	if request, ok := errors.AsType[*url.Error](err); ok {
		err = request.Err // the URL holds a timeout that is another one each time
	}
	if f.first(operation, kindOf(err), time.Now()) {
		log.Warningf("Could not %s, will try again, what was served stays served: %s", operation, printable(err.Error()))
	}
}

// kindOf returns what failures have in common that are the same to who reads the log. Several watches of a resource are
// refused with texts that name their namespaces, in turns.
func kindOf(err error) string {
	if reason := apierrors.ReasonForError(err); reason != metav1.StatusReasonUnknown {
		return string(reason)
	}
	return err.Error()
}

// first says whether the failure is to be logged.
func (f *failures) first(operation, text string, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if last := f.last[operation]; last.text == text && now.Sub(last.at) < repeatAfter {
		return false
	}
	if f.last == nil {
		f.last = make(map[string]failure)
	}
	f.last[operation] = failure{text: text, at: now}
	return true
}
