package headless

import (
	"context"
	"strings"

	"github.com/coredns/coredns/plugin/metadata"
	"github.com/coredns/coredns/request"
)

var _ metadata.Provider = (*Headless)(nil)

// Metadata implements metadata.Provider. It is called for every query before any plugin is asked, so it looks at the
// name alone, and has nothing to say of names that are not those of a headless service.
func (h *Headless) Metadata(ctx context.Context, state request.Request) context.Context {
	lower := state.Name()
	zone := h.zoneOf(lower)
	if zone == "" {
		return ctx
	}
	a := asking{Headless: h, lower: lower, zone: zone}
	if a.know(); !a.cache.synced.Load() {
		return ctx
	}
	a.parse()
	if a.name.suffix == 0 {
		return ctx
	}
	e, ok := a.cache.lookup(a.name.service)
	if !ok {
		return ctx
	}
	service, namespace, _ := strings.Cut(a.name.service, ".")
	set := func(label, value string) {
		if value != "" {
			metadata.SetValueFunc(ctx, label, func() string { return value })
		}
	}
	set("headless/service", service)
	set("headless/namespace", namespace)
	set("headless/endpoint", a.name.endpoint)
	set("headless/port-name", a.name.port)
	set("headless/protocol", a.name.protocol)
	switch a.name.place.kind {
	case placeZone:
		set("headless/topology-zone", a.name.place.name)
	case placeNode:
		set("headless/node", a.name.place.name)
	}
	if a.finder != nil {
		metadata.SetValueFunc(ctx, "headless/client-node", func() string { return printable(a.clientPlace(&state).Node) })
		metadata.SetValueFunc(ctx, "headless/client-zone", func() string { return printable(a.clientPlace(&state).Zone) })
	}
	if a.name.kind == nameService || a.name.kind == namePort {
		metadata.SetValueFunc(ctx, "headless/policy", func() string { return a.policyName(e) })
	}
	return ctx
}

// policyName is the name of the policy that is meant for the question.
func (a *asking) policyName(e *endpoints) string {
	if a.policies != nil {
		if meant := a.meant(a.policies.setsFor(e, a.name.service)); meant.policy != nil {
			return meant.policy.Name
		}
	}
	return noPolicy
}
