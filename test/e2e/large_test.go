package e2e

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// manyPods fill 25 slices of a hundred endpoints each, and one more.
const manyPods = 2550

// It does not run beside others: it takes all of the machine, and they measure times.
func TestAServiceOfManyPodsIsCutOverUDPAndWholeOverTCP(t *testing.T) {
	web := harness.HeadlessService(cluster.NewNamespace(t), "web")
	cluster.Create(t, web)
	var addresses []string
	for i := range manyPods {
		addresses = append(addresses, fmt.Sprintf("10.200.%d.%d", i/250, i%250+1))
	}
	createManyPods(t, web, addresses[:manyPods/2])
	harness.Eventually(t, "half of the pods are answered", func() error { return checkWhole(web, addresses[:manyPods/2]) })
	createManyPods(t, web, addresses[manyPods/2:])
	harness.Eventually(t, "all pods are answered", func() error { return checkWhole(web, addresses) })
	if err := checkCut(web, addresses); err != nil {
		t.Error(err)
	}
	if err := checkPort(web, len(addresses)); err != nil {
		t.Error(err)
	}
	all, err := cluster.Client.DiscoveryV1().EndpointSlices(web.Namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(all.Items) <= 25 {
		t.Errorf("The service has %d slices, want more than 25", len(all.Items))
	}

	if err := cluster.Client.CoreV1().Services(web.Namespace).Delete(t.Context(), web.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	expectPods(t, shared, "the deleted service has no names", web)
}

// createManyPods makes running pods of a service with the given addresses. The kubelet stays away.
func createManyPods(t *testing.T, s *corev1.Service, addresses []string) {
	t.Helper()
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(16)
	for i, address := range addresses {
		group.Go(func() error { return createRunningPod(ctx, s, i, address) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

func createRunningPod(ctx context.Context, s *corev1.Service, i int, address string) error {
	pod := harness.Pod(s, "web-"+strings.ReplaceAll(address, ".", "-"))
	pod.Labels = maps.Clone(s.Spec.Selector)
	pod.Labels[harness.NoKubeletLabel] = ""
	pod.Spec.NodeName = harness.Nodes[i%len(harness.Nodes)].Name
	pod, err := cluster.Client.CoreV1().Pods(pod.Namespace).Create(ctx, pod, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	return harness.PatchStatus(ctx, cluster.Client, pod, true, []string{address})
}

// checkWhole asks over TCP, where every address must come, once.
func checkWhole(s *corev1.Service, want []string) error {
	reply, err := harness.Ask("tcp", shared.Address, serviceName(s)+" A")
	if err != nil {
		return err
	}
	got := harness.Addresses(reply)
	slices.Sort(got)
	want = slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) || reply.Truncated {
		return fmt.Errorf("%d addresses (%d different), truncated: %t; want %d", len(got), len(slices.Compact(got)), reply.Truncated, len(want))
	}
	return nil
}

// checkCut asks over UDP, where as many addresses must come as the message holds, and TC says that there are more.
func checkCut(s *corev1.Service, addresses []string) error {
	reply, err := harness.Ask("udp", shared.Address, serviceName(s)+" A")
	if err != nil {
		return err
	}
	got := harness.Addresses(reply)
	slices.Sort(got)
	reply.Compress = true
	const record = 16 // bytes of an A record with a compressed name
	size := reply.Len()
	if !reply.Truncated || size > harness.UDPSize || size+record <= harness.UDPSize-record {
		return fmt.Errorf("%d bytes, truncated: %t; want what fits %d", size, reply.Truncated, harness.UDPSize)
	}
	if len(slices.Compact(got)) != len(reply.Answer) {
		return fmt.Errorf("an address is twice in %v", got)
	}
	for _, address := range got {
		if !slices.Contains(addresses, address) {
			return fmt.Errorf("%s is no pod's", address)
		}
	}
	return nil
}

// checkPort asks for SRV records over TCP: they do not fit 64 KiB, so as many come as do, and TC says so.
func checkPort(s *corev1.Service, endpoints int) error {
	reply, err := harness.Ask("tcp", shared.Address, "_mysql._tcp."+serviceName(s)+" SRV")
	if err != nil {
		return err
	}
	var targets []string
	for _, rr := range reply.Answer {
		targets = append(targets, rr.(*dns.SRV).Target)
	}
	slices.Sort(targets)
	if n := len(slices.Compact(targets)); n != len(reply.Answer) || n == 0 || (n < endpoints) != reply.Truncated {
		return fmt.Errorf("%d records for %d of %d targets, truncated: %t", len(reply.Answer), n, endpoints, reply.Truncated)
	}
	return nil
}
