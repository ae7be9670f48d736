package e2e

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
	"github.com/headless-dns/headless/test/e2e/kubeproxy"
)

// readyPods are the Pods of a namespace that are ready and not deleted.
func readyPods(t *testing.T, namespace string) ([]corev1.Pod, error) {
	t.Helper()
	list, err := cluster.Client.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list.Items, func(pod corev1.Pod) bool {
		return !harness.IsReady(&pod) || pod.DeletionTimestamp != nil
	}), nil
}

// slicesOf are the EndpointSlices of a service.
func slicesOf(t *testing.T, s *corev1.Service) ([]*discoveryv1.EndpointSlice, error) {
	t.Helper()
	list, err := cluster.Client.DiscoveryV1().EndpointSlices(s.Namespace).List(t.Context(), metav1.ListOptions{
		LabelSelector: discoveryv1.LabelServiceName + "=" + s.Name,
	})
	if err != nil {
		return nil, err
	}
	var all []*discoveryv1.EndpointSlice
	for i := range list.Items {
		all = append(all, &list.Items[i])
	}
	return all, nil
}

// kubeProxyChooses are the addresses of both families that the kube-proxy of a node chooses.
func kubeProxyChooses(node harness.Node, all []*discoveryv1.EndpointSlice) []string {
	var addresses []string
	for _, family := range []discoveryv1.AddressType{discoveryv1.AddressTypeIPv4, discoveryv1.AddressTypeIPv6} {
		of := slices.DeleteFunc(slices.Clone(all), func(s *discoveryv1.EndpointSlice) bool { return s.AddressType != family })
		addresses = append(addresses, kubeproxy.Of(node.Name, node.Zone, of...).Chosen()...)
	}
	slices.Sort(addresses)
	return addresses
}

func slicesEqual(got, want []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want)))
}

// mostSRV is how many SRV records and their addresses surely fit over UDP.
const mostSRV = 8

// checkChoice asks for a service by a policy, as a client: from its addresses of both families, over both transports,
// for addresses and for ports. want has addresses of both families.
func checkChoice(server *harness.CoreDNS, s *corev1.Service, policy string, client placedClient, want []string, asked *int) error {
	is4 := func(address string) bool { return strings.Contains(address, ".") }
	var errs []error
	for _, from := range client.addresses {
		for _, network := range harness.Transports {
			name := policy + "._policy." + serviceName(s)
			for question, of := range map[string]func(string) bool{
				name + " A":                    is4,
				name + " AAAA":                 func(address string) bool { return !is4(address) },
				"_mysql._tcp." + name + " SRV": func(string) bool { return true },
			} {
				if network == "udp" && strings.HasSuffix(question, " SRV") && len(want) > mostSRV {
					continue
				}
				wanted := slices.DeleteFunc(slices.Clone(want), func(address string) bool { return !of(address) })
				got, err := addressesAskedBy(server, from, network, question)
				if err == nil && !slicesEqual(got, wanted) {
					err = fmt.Errorf("the answer is %v, want %v", got, wanted)
				}
				if err != nil {
					errs = append(errs, fmt.Errorf("client %s asks from %s over %s for %s: %w", client.name, from, network, question, err))
				}
				*asked++
			}
		}
	}
	return errors.Join(errs...)
}

// addressesAskedBy asks from an address. Those of an SRV answer are in its additional section, which must have some for
// each target.
func addressesAskedBy(server *harness.CoreDNS, from, network, question string) ([]string, error) {
	client := net.ParseIP(from)
	reply, err := harness.AskFrom(client, network, server.AddressFor(client), question)
	if err != nil {
		return nil, err
	}
	if text := harness.Text(reply)[0]; text != "NOERROR qr aa rd" {
		return nil, fmt.Errorf("the answer is %s", text)
	}
	if !strings.HasSuffix(question, " SRV") {
		return harness.Addresses(reply), nil
	}
	extra := &dns.Msg{Answer: reply.Extra}
	for _, rr := range reply.Answer {
		target := rr.(*dns.SRV).Target
		if !slices.ContainsFunc(reply.Extra, func(rr dns.RR) bool { return rr.Header().Name == target }) {
			return nil, fmt.Errorf("the target %s has no address", target)
		}
	}
	return harness.Addresses(extra), nil
}
