package bench

import (
	"context"
	"time"
)

const (
	// lived is how much of the cluster's life is played: what is told then is told as fast as it is taken.
	lived = time.Minute
	// replacedPerSecond is how many pods are replaced. Of 150,000 that live for two hours it is 21.
	replacedPerSecond = 20
	// heartbeat is how often a kubelet writes the status of a node of which nothing else changes.
	heartbeat = 5 * time.Minute
)

// live plays a minute of the cluster.
func (a *clusterAPI) live(ctx context.Context) {
	c := a.cluster
	beats := int(lived) * c.nodes / int(heartbeat)
	replaced := int(lived/time.Second) * replacedPerSecond
	for i := range replaced {
		for n := i * beats / replaced; n < (i+1)*beats/replaced; n++ {
			c.version.Add(1)
			a.tell(ctx, "nodes", "MODIFIED", c.node(n%c.nodes, 1))
		}
		a.replace(ctx, daemons*c.nodes+int(noise(uint64(i))%uint64(c.services()*members)))
	}
	a.drain(ctx)
}

// replace ends a pod and begins one in its place, with what the watches of a real cluster see of it.
func (a *clusterAPI) replace(ctx context.Context, pod int) {
	c := a.cluster
	for _, s := range []stage{terminating, stopped} {
		a.move(ctx, pod, s)
	}
	c.version.Add(1)
	a.tell(ctx, "pods", "DELETED", c.pod(pod))
	c.generations[pod].Add(1)
	for s := created; s <= running; s++ {
		a.move(ctx, pod, s)
	}
}

// move brings a pod to another stage, and tells the watches of pods and of slices.
func (a *clusterAPI) move(ctx context.Context, pod int, s stage) {
	c := a.cluster
	c.stages[pod].Store(uint32(s))
	c.version.Add(1)
	what := "MODIFIED"
	if s == created {
		what = "ADDED"
	}
	a.tell(ctx, "pods", what, c.pod(pod))
	if s >= unready {
		service, _ := c.serviceOf(pod)
		for n := service; n < c.slices(); n += c.services() {
			a.tell(ctx, "endpointslices", "MODIFIED", c.slice(n))
		}
	}
}
