package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// A shape is a cluster in which memory is measured, with what serves it.
type shape struct {
	name     string
	services []service
	variants []variant
}

// lists are the two ways in which client-go reads everything.
var lists = []struct {
	name string
	env  []string
}{
	{"WatchList", nil},
	{"LIST", []string{"KUBE_FEATURE_WatchListClient=false"}},
}

// restarts is how often the API server is started anew, so that everything is listed again.
const restarts = 2

// footprint is what one server takes.
type footprint struct {
	shape, list, name string

	first     time.Duration // from the start of the process to the first answer
	heap, rss int64         // at rest
	peaks     [1 + restarts]int64
	received  int64 // for the first state

	changeCPU, changeReceived float64 // for a slice that changes: microseconds, octets
}

// shapes are the clusters, with so many endpoints.
func shapes(endpoints int) []shape {
	all, tenth := []service{}, []service{}
	for i := range endpoints / perSlice {
		all = append(all, service{name: crowdName(i), endpoints: perSlice, headless: true})
	}
	const members = 20
	for i := range endpoints / members {
		tenth = append(tenth, service{name: crowdName(i), endpoints: members, headless: i%10 == 0})
	}
	both := headlessWith("headless, kubernetes { noendpoints }", "")
	both.block += "\n" + plugin(kubernetes, "noendpoints\n")
	return []shape{
		{
			fmt.Sprintf("%d headless services of %d endpoints", len(all), perSlice), numbered(all),
			[]variant{headlessWith(headless, ""), kubernetesWith(kubernetes, "")},
		},
		{
			fmt.Sprintf("%d services of %d endpoints, every tenth headless", len(tenth), members), numbered(tenth),
			[]variant{both, kubernetesWith(kubernetes, "")},
		},
	}
}

// memory measures what is held, and what it takes to read everything.
func (b *bench) memory(ctx context.Context) error {
	var all []footprint
	var alone int64
	for _, sh := range shapes(b.size.endpoints) {
		err := b.inCluster(ctx, sh.services, func(ctx context.Context) (err error) {
			if alone, err = b.heapAlone(ctx); err != nil {
				return err
			}
			for _, list := range lists {
				for _, v := range sh.variants {
					f := footprint{shape: sh.name, list: list.name, name: v.name}
					if err := b.footprint(ctx, &f, v, sh, list.env); err != nil {
						return fmt.Errorf("%s, %s, %s: %w", f.shape, f.list, f.name, err)
					}
					all = append(all, f)
					progress("memory: %s, %s, %s: heap %s", f.shape, f.list, f.name, megabytes(float64(f.heap)))
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return b.writeMemory(all, alone)
}

// heapAlone is what CoreDNS needs itself.
func (b *bench) heapAlone(ctx context.Context) (int64, error) {
	s, err := b.start(variant{whoami, whoami}, harness.CoreDNSOptions{})
	if err != nil {
		return 0, err
	}
	defer s.Kill()
	return s.heap(ctx)
}

// footprint measures one server, which is the only one that runs.
func (b *bench) footprint(ctx context.Context, f *footprint, v variant, sh shape, env []string) error {
	gate, meter, err := b.cluster.OpenMeteredGate()
	if err != nil {
		return err
	}
	defer gate.Shut()
	begin := time.Now()
	s, err := b.start(v, harness.CoreDNSOptions{Through: gate, Env: env})
	if err != nil {
		return err
	}
	defer s.Kill()
	q := question{kindA, sh.services[0].endpoints, tcp}
	reply, err := exchange(s.Address, tcp, q.message(sh.services[0], clusterZone))
	if err != nil {
		return err
	}
	if f.first = time.Since(begin); len(reply.Answer) != q.endpoints || reply.Rcode != dns.RcodeSuccess {
		return fmt.Errorf("the first answer has %d addresses", len(reply.Answer))
	}
	if err := s.settle(ctx); err != nil {
		return err
	}
	f.received = meter.Received()
	if f.peaks[0], err = s.resident("VmHWM"); err != nil {
		return err
	}
	if f.heap, err = s.heap(ctx); err != nil {
		return err
	}
	if err := b.churnAll(ctx, f, s, meter, sh); err != nil {
		return err
	}
	// By now the runtime has given back what it needed only to read everything.
	if f.rss, err = s.resident("VmRSS"); err != nil {
		return err
	}
	for i := range restarts {
		if f.peaks[1+i], err = b.again(ctx, s, meter, f.received); err != nil {
			return err
		}
	}
	return nil
}

// churnAll changes slices of the whole cluster for a while.
func (b *bench) churnAll(ctx context.Context, f *footprint, s *server, meter *harness.Meter, sh shape) error {
	const some = 200 // services
	w, err := newWriter(ctx, b.client, sh.services[:min(some, len(sh.services))]...)
	if err != nil {
		return err
	}
	received := meter.Received()
	before, err := s.cpu()
	if err != nil {
		return err
	}
	if err := errors.Join(w.churn(ctx, b.size.changing), s.settle(ctx)); err != nil {
		return err
	}
	after, err := s.cpu()
	changed := float64(w.changed.Load())
	f.changeCPU, f.changeReceived = microseconds(after-before)/changed, float64(meter.Received()-received)/changed
	return err
}

// again starts the API server anew, and returns the most memory that the server takes meanwhile. What was written since
// its last event is too old for the new API server, so that everything is listed.
func (b *bench) again(ctx context.Context, s *server, meter *harness.Meter, first int64) (int64, error) {
	marker := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "marker-"}}
	if _, err := b.client.CoreV1().ConfigMaps(namespace).Create(ctx, marker, metav1.CreateOptions{}); err != nil {
		return 0, err
	}
	before := meter.Received()
	if err := s.forgetPeak(); err != nil {
		return 0, err
	}
	b.cluster.APIServer.Kill()
	if err := errors.Join(b.cluster.APIServer.Start(), b.cluster.WaitServing()); err != nil {
		return 0, err
	}
	err := harness.Poll(time.Minute, func() error {
		if got := meter.Received() - before; got < first*3/4 {
			return fmt.Errorf("only %d octets of %d are read again", got, first)
		}
		return nil
	})
	if err := errors.Join(err, s.settle(ctx)); err != nil {
		return 0, err
	}
	return s.resident("VmHWM")
}
