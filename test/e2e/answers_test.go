package e2e

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// service is a headless service as DNS shows it.
type service struct {
	name      string // fully qualified
	endpoints []endpoint
}

// endpoint is one address of an endpoint and the label that it has under the service.
type endpoint struct{ host, address string }

func (e endpoint) is4() bool { return netip.MustParseAddr(e.address).Is4() }

// wants are all the answers that a service has: its own addresses, SRV records, each endpoint's name and the way back.
// It needs at least one endpoint.
func (s service) wants() []harness.Want {
	a, aaaa := harness.Want{Question: s.name + " A"}, harness.Want{Question: s.name + " AAAA"}
	srv := harness.Want{Question: "_mysql._tcp." + s.name + " SRV"}
	wants := []harness.Want{{}, {}, {}, {}}
	for _, e := range s.endpoints {
		family := &aaaa
		if e.is4() {
			family = &a
		}
		family.Answer = append(family.Answer, addressRecord(s.name, e.address))
		srv.Extra = append(srv.Extra, addressRecord(e.host+"."+s.name, e.address))
		reverse, _ := dns.ReverseAddr(e.address)
		wants = append(wants, s.endpoint(e), harness.Want{
			Question: reverse + " PTR",
			Answer:   []string{fmt.Sprintf("%s 30 IN PTR %s.%s", reverse, e.host, s.name)},
		})
	}
	for _, host := range s.hosts() {
		srv.Answer = append(srv.Answer, fmt.Sprintf("%s 30 IN SRV 0 %d 3306 %s.%s",
			"_mysql._tcp."+s.name, max(100/len(s.endpoints), 1), host, s.name))
	}
	wants[0], wants[1], wants[2], wants[3] = a, aaaa, srv, bareSRV(srv, s.name)
	return wants
}

// bareSRV is the answer to a question for SRV records at the service's own name: those of all its ports.
func bareSRV(srv harness.Want, name string) harness.Want {
	bare := harness.Want{Question: name + " SRV", Extra: srv.Extra}
	for _, record := range srv.Answer {
		bare.Answer = append(bare.Answer, strings.TrimPrefix(record, "_mysql._tcp."))
	}
	return bare
}

// endpoint is the answer to an endpoint's own name, in the family of one of its addresses.
func (s service) endpoint(of endpoint) harness.Want {
	name, qtype := of.host+"."+s.name, "AAAA"
	if of.is4() {
		qtype = "A"
	}
	want := harness.Want{Question: name + " " + qtype}
	for _, e := range s.endpoints {
		if e.host == of.host && e.is4() == of.is4() {
			want.Answer = append(want.Answer, addressRecord(name, e.address))
		}
	}
	return want
}

// hosts are the labels of the endpoints, each once.
func (s service) hosts() []string {
	var hosts []string
	for _, e := range s.endpoints {
		if !slices.Contains(hosts, e.host) {
			hosts = append(hosts, e.host)
		}
	}
	return hosts
}

func addressRecord(name, address string) string {
	if netip.MustParseAddr(address).Is4() {
		return fmt.Sprintf("%s 30 IN A %s", name, address)
	}
	return fmt.Sprintf("%s 30 IN AAAA %s", name, address)
}

// denied is the answer to names that do not exist.
func denied(questions ...string) []harness.Want {
	var wants []harness.Want
	for _, question := range questions {
		wants = append(wants, harness.Want{Question: question, Rcode: "NXDOMAIN"})
	}
	return wants
}

// serviceName is a service's name in the zone of the shared CoreDNS.
func serviceName(s *corev1.Service) string {
	return fmt.Sprintf("%s.%s.svc.cluster.local.", s.Name, s.Namespace)
}

// expectPods waits until a service is answered with the first addresses of the given pods, which have their names as
// hostnames in it, and with nothing else.
func expectPods(t *testing.T, server *harness.CoreDNS, what string, s *corev1.Service, pods ...string) {
	t.Helper()
	if len(pods) == 0 {
		expectDenied(t, server, what, serviceName(s)+" A", serviceName(s)+" AAAA", "_mysql._tcp."+serviceName(s)+" SRV")
		return
	}
	harness.Eventually(t, what, func() error {
		view := service{name: serviceName(s)}
		for _, pod := range pods {
			address, err := podAddress(t.Context(), s.Namespace, pod)
			if err != nil {
				return err
			}
			view.endpoints = append(view.endpoints, endpoint{pod, address})
		}
		return harness.Check(server.Address, view.wants()...)
	})
}

// expectForeignPod waits until a service is answered with one pod that has its hostname in another service, so that its
// name in this one is made of its address.
func expectForeignPod(t *testing.T, server *harness.CoreDNS, what string, s *corev1.Service, pod string) {
	t.Helper()
	harness.Eventually(t, what, func() error {
		address, err := podAddress(t.Context(), s.Namespace, pod)
		if err != nil {
			return err
		}
		view := service{serviceName(s), []endpoint{{strings.ReplaceAll(address, ".", "-"), address}}}
		for _, want := range view.wants() {
			if strings.HasSuffix(want.Question, " PTR") {
				continue // it has a name in each service
			}
			if err := harness.Check(server.Address, want); err != nil {
				return err
			}
		}
		return nil
	})
}

// podAddress is the first address of a pod.
func podAddress(ctx context.Context, namespace, name string) (string, error) {
	pod, err := cluster.Client.CoreV1().Pods(namespace).Get(ctx, name, metav1.GetOptions{})
	if err == nil && pod.Status.PodIP == "" {
		err = fmt.Errorf("pod %q has no address yet", name)
	}
	if err != nil {
		return "", err
	}
	return pod.Status.PodIP, nil
}

// podAddresses are the first addresses of pods.
func podAddresses(t *testing.T, s *corev1.Service, pods ...string) []string {
	t.Helper()
	var addresses []string
	for _, pod := range pods {
		address, err := podAddress(t.Context(), s.Namespace, pod)
		if err != nil {
			t.Fatal(err)
		}
		addresses = append(addresses, address)
	}
	return addresses
}

// podNames are questions for all that belongs to single pods: their names and the way back from their addresses.
func podNames(t *testing.T, s *corev1.Service, pods ...string) []string {
	t.Helper()
	var questions []string
	for _, name := range pods {
		address, err := podAddress(t.Context(), s.Namespace, name)
		if err != nil {
			t.Fatal(err)
		}
		reverse, err := dns.ReverseAddr(address)
		if err != nil {
			t.Fatal(err)
		}
		questions = append(questions, name+"."+serviceName(s)+" A", reverse+" PTR")
	}
	return questions
}

func expectDenied(t *testing.T, server *harness.CoreDNS, what string, questions ...string) {
	t.Helper()
	harness.Eventually(t, what, func() error { return harness.Check(server.Address, denied(questions...)...) })
}
