package chaos

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// process is one of the control plane.
func (r *Run) process(name string) (*harness.Process, error) {
	switch name {
	case "apiserver":
		return r.plane.APIServer, nil
	case "etcd":
		return r.plane.Etcd, nil
	}
	return nil, fmt.Errorf("there is no process %q", name)
}

// kill ends a process as the death of its machine would.
func (r *Run) kill(a []string) error {
	process, err := r.process(a[0])
	if err == nil {
		r.disturb()
		process.Kill()
	}
	if err == nil && process == r.plane.APIServer {
		r.frozen = false
		r.hushAll()
	}
	return err
}

// start starts a process that was killed, and waits until the API server serves.
func (r *Run) start(a []string) error {
	process, err := r.process(a[0])
	if err == nil && process == r.plane.APIServer {
		r.hearAll()
	}
	if err == nil && !process.Running() {
		err = process.Start()
	}
	if err == nil && r.plane.Etcd.Running() && r.plane.APIServer.Running() {
		err = r.plane.WaitServing()
	}
	return err
}

func (r *Run) freeze(a []string) error {
	process, err := r.process(a[0])
	if err == nil {
		r.disturb()
		process.Signal(syscall.SIGSTOP)
		r.frozen = r.frozen || process == r.plane.APIServer && process.Running()
	}
	return err
}

func (r *Run) thaw(a []string) error {
	process, err := r.process(a[0])
	if err == nil {
		if process == r.plane.APIServer {
			r.hearAll()
			r.frozen = false
		}
		process.Signal(syscall.SIGCONT)
	}
	return err
}

func (r *Run) cut(a []string) error { return errors.Join(r.shut(a), r.open(a)) }

func (r *Run) shut(a []string) error {
	number, err := r.numberOf(a[0])
	if err == nil {
		r.disturb()
		r.replicas[number].gate.Shut()
		r.replicas[number].shut = true
		r.hush(number)
	}
	return err
}

func (r *Run) open(a []string) error {
	number, err := r.numberOf(a[0])
	if err == nil {
		r.reopen(number)
	}
	return err
}

func (r *Run) reopen(number int) {
	r.hear(number)
	r.replicas[number].shut = false
	r.replicas[number].gate.Reopen(r)
}

// rights are what CoreDNS may have of what it needs.
var rights = map[string][]rbacv1.PolicyRule{
	"all":      {readRule("", "services", "namespaces", "nodes"), readRule("discovery.k8s.io", "endpointslices")},
	"none":     {},
	"services": {readRule("", "services", "namespaces", "nodes")},
	"slices":   {readRule("", "namespaces", "nodes"), readRule("discovery.k8s.io", "endpointslices")},
	"list": {
		{APIGroups: []string{""}, Resources: []string{"services", "namespaces", "nodes"}, Verbs: []string{"list"}},
		{APIGroups: []string{"discovery.k8s.io"}, Resources: []string{"endpointslices"}, Verbs: []string{"list"}},
	},
}

func readRule(group string, resources ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: resources, Verbs: []string{"list", "watch"}}
}

// setRights gives CoreDNS rights and takes all others away. A watch that runs goes on without them, so its connection is
// cut.
func (r *Run) setRights(ctx context.Context, which string) error {
	rules, ok := rights[which]
	if !ok {
		return fmt.Errorf("there are no rights %q", which)
	}
	r.disturb()
	if err := r.reader.ReplaceRights(ctx, rules...); err != nil {
		return err
	}
	for number, each := range r.replicas {
		each.gate.Shut()
		r.reopen(number)
	}
	return nil
}

// heal undoes all that was done to the processes and to the rights.
func (r *Run) heal() error {
	r.hearAll()
	r.frozen = false
	for _, process := range []*harness.Process{r.plane.Etcd, r.plane.APIServer, r.plane.ControllerManager} {
		process.Signal(syscall.SIGCONT)
		if !process.Running() {
			if err := process.Start(); err != nil {
				return err
			}
		}
	}
	if err := r.plane.WaitServing(); err != nil {
		return err
	}
	for number, each := range r.replicas {
		each.Signal(syscall.SIGCONT)
		r.reopen(number)
	}
	return harness.Poll(harness.Patience, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), requestPatience)
		defer cancel()
		return r.reader.ReplaceRights(ctx, rights["all"]...)
	})
}
