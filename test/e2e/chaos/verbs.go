package chaos

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// verb is what steps of a kind do.
type verb struct {
	arguments int // that there are at least
	// fault says that it takes the API from somebody, or gives it back.
	fault bool
	do    func(r *Run, arguments []string) error
}

// verbs are all that a schedule can say, but for [settle].
var verbs map[string]verb

func init() { // some of them are used by others
	verbs = map[string]verb{
		// SERVICE headless|clusterip|external
		"service": {arguments: 2, do: onAPI(func(ctx context.Context, r *Run, a []string) error { return r.makeService(ctx, a[0], a[1]) })},
		// SERVICE
		"delete": {arguments: 1, do: onAPI(func(ctx context.Context, r *Run, a []string) error { return r.deleteService(ctx, a[0]) })},
		// SERVICE KIND: another service of the same name
		"recreate": {arguments: 2, do: onAPI(func(ctx context.Context, r *Run, a []string) error {
			if err := r.deleteService(ctx, a[0]); err != nil && !apierrors.IsNotFound(err) {
				return err
			}
			return r.makeService(ctx, a[0], a[1])
		})},
		// SERVICE SLICE ENDPOINT...: "3" is ready, "3!" is not, "3-" is terminating. A slice without endpoints is deleted.
		"slice": {arguments: 2, do: onAPI(func(ctx context.Context, r *Run, a []string) error { return r.writeSlice(ctx, a[0], a[1], a[2:]) })},
		// SERVICE ENDPOINT FROM TO: it stands in both for a moment
		"move": {arguments: 4, do: onAPI(func(ctx context.Context, r *Run, a []string) error {
			return r.copyEndpoint(ctx, a[0], a[1], a[2], a[3], true)
		})},
		// SERVICE ENDPOINT FROM TO: it stays in both
		"duplicate": {arguments: 4, do: onAPI(func(ctx context.Context, r *Run, a []string) error {
			return r.copyEndpoint(ctx, a[0], a[1], a[2], a[3], false)
		})},
		// WORKLOAD REPLICAS
		"scale": {arguments: 2, do: onAPI(func(ctx context.Context, r *Run, a []string) error { return r.scale(ctx, a[0], a[1]) })},
		// WORKLOAD NUMBER: a restart of all its pods, one after the other
		"roll": {arguments: 2, do: onAPI(func(ctx context.Context, r *Run, a []string) error { return r.roll(ctx, a[0], a[1]) })},
		// POD true|false
		"ready": {arguments: 2, do: onAPI(func(ctx context.Context, r *Run, a []string) error { return r.setReady(ctx, a[0], a[1]) })},
		// POD
		"evict": {arguments: 1, do: onAPI(func(ctx context.Context, r *Run, a []string) error { return r.evict(ctx, a[0]) })},
		// NODE ZONE
		"zone": {arguments: 2, do: onAPI(func(ctx context.Context, r *Run, a []string) error { return r.moveNode(ctx, a[0], a[1]) })},
		// apiserver|etcd|REPLICA
		"kill":   {arguments: 1, fault: true, do: either((*Run).killReplica, (*Run).kill)},
		"start":  {arguments: 1, do: either((*Run).startReplica, (*Run).start)},
		"freeze": {arguments: 1, fault: true, do: either((*Run).freezeReplica, (*Run).freeze)},
		"thaw":   {arguments: 1, do: either((*Run).thawReplica, (*Run).thaw)},
		// REPLICA: its connections to the API server break, for a moment or until "open"
		"cut":  {arguments: 1, fault: true, do: (*Run).cut},
		"shut": {arguments: 1, fault: true, do: (*Run).shut},
		"open": {arguments: 1, do: (*Run).open},
		// all|none|services|slices|list: what CoreDNS may read
		"rights": {arguments: 1, fault: true, do: onAPI(func(ctx context.Context, r *Run, a []string) error { return r.setRights(ctx, a[0]) })},
		// REPLICA VARIANT: another Corefile
		"reload": {arguments: 2, do: (*Run).reload},
		// REPLICA SEED: packets that are no queries, and queries that make no sense
		"bad": {arguments: 2, do: (*Run).askNonsense},
		// MILLISECONDS
		"wait": {arguments: 1, do: func(r *Run, a []string) error {
			while, err := time.ParseDuration(a[0] + "ms")
			if err != nil {
				return err
			}
			return r.await(while)
		}},
	}
}

// either makes a verb of what is done to a replica and to a process of the control plane.
func either(replica func(*Run, int) error, plane func(*Run, []string) error) func(*Run, []string) error {
	return func(r *Run, arguments []string) error {
		if number, err := r.numberOf(arguments[0]); err == nil {
			return replica(r, number)
		}
		return plane(r, arguments)
	}
}

// onAPI makes a verb of one that asks the API server. Where that hangs it comes to nothing.
func onAPI(do func(ctx context.Context, r *Run, arguments []string) error) func(*Run, []string) error {
	return func(r *Run, arguments []string) error {
		ctx, cancel := context.WithTimeout(context.Background(), requestPatience)
		defer cancel()
		return do(ctx, r, arguments)
	}
}

// requestPatience is how long the API server may take for the requests of a step.
const requestPatience = 3 * time.Second
