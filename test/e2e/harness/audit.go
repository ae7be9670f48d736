package harness

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"strings"
)

const (
	auditPolicyFile = "audit-policy.yaml"
	auditLogFile    = "audit.log"
)

// auditPolicy records what CoreDNS asks the API server, once for each request: a watch when it begins to answer, all
// else when it was answered.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  users: [` + corednsUser + `]
- level: Metadata
  userGroups: [` + readersGroup + `]
- level: None
`

// Request is one that CoreDNS sent to the API server.
type Request struct {
	Resource string     // such as endpointslices
	Verb     string     // list or watch
	Query    url.Values // of its URL
	Code     int        // that the API server answered with, such as 200
}

// CoreDNSRequests returns all requests of CoreDNS processes so far, in their order, but for those of a [Reader].
func (c *ControlPlane) CoreDNSRequests() ([]Request, error) { return c.requestsOf(corednsUser) }

// Requests returns all requests of the user so far, in their order.
func (r *Reader) Requests() ([]Request, error) { return r.plane.requestsOf(r.name) }

func (c *ControlPlane) requestsOf(user string) ([]Request, error) {
	text, err := os.ReadFile(c.path(auditLogFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil // nobody has asked yet
	}
	if err != nil {
		return nil, err
	}
	var requests []Request
	for line := range strings.Lines(string(text)) {
		if !strings.HasSuffix(line, "\n") {
			break // it is being written
		}
		var event struct {
			Stage, Verb, RequestURI string
			User                    struct{ Username string }
			ObjectRef               struct{ Resource string }
			ResponseStatus          struct{ Code int }
		}
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			return nil, err
		}
		if event.User.Username != user {
			continue
		}
		// The end of a watch is recorded too; one that is refused has nothing else.
		if event.Verb == "watch" && event.Stage != "ResponseStarted" && event.ResponseStatus.Code < http.StatusBadRequest {
			continue
		}
		uri, err := url.Parse(event.RequestURI)
		if err != nil {
			return nil, err
		}
		requests = append(requests, Request{
			Resource: event.ObjectRef.Resource, Verb: event.Verb, Query: uri.Query(), Code: event.ResponseStatus.Code,
		})
	}
	return requests, nil
}
