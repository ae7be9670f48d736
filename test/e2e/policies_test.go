package e2e

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// policyAnnotation is how a Service names its policy.
const policyAnnotation = "headless-dns/policy"

// clusterPolicies are those that the services of the tests below choose from by their annotations.
const clusterPolicies = `policy primary {
            keep labels['role'] == 'primary'
        }
        policy primary-preferred {
            prefer labels['role'] == 'primary'
        }
        policy first {
            order ordinal
            limit 1
        }
        policy last {
            rank ordinal == 2
            order ordinal
            limit 1
        }
        policy own-two {
            limit 2
        }
        policy two-zones {
            spread zone
            limit 2
        }
        policy weighted {
            weight number(labels['weight'], 10)
            order weighted
        }
        policy here {
            keep region == 'here'
        }
        policy sound {
            keep node_ready
        }
        policy serving {
            from serving
        }`

func TestPoliciesFollowTheCluster(t *testing.T) {
	t.Parallel()
	corefile := alone("headless", fromKubeconfig, clusterPolicies)
	server := cluster.StartCoreDNS(t, harness.CoreDNSOptions{Binary: corednsBinary, Corefile: corefile})
	for what, test := range map[string]func(*testing.T, *harness.CoreDNS){
		"a label that moves from pod to pod":             followsALabel,
		"the annotation of a Service":                    followsTheAnnotation,
		"the region of a node":                           followsTheRegionOfANode,
		"whether a node is ready":                        followsWhetherANodeIsReady,
		"what serves, where all addresses are published": givesClientsWhatServes,
		"replicas and restarts":                          givesTheSameClientTheSamePods,
		"zones taking turns":                             givesPodsOfDifferentZones,
		"weights":                                        drainsWhatWeighsNothing,
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			test(t, server)
		})
	}
}

// withPolicy names the policy of a service.
func withPolicy(s *corev1.Service, policy string) *corev1.Service {
	s.Annotations = map[string]string{policyAnnotation: policy}
	return s
}

// createDB creates a service with a policy and the pods db-0, db-1 and so on, waits until they are answered where no
// policy is, and returns the service and the pods' first addresses.
func createDB(t *testing.T, policy string, replicas int) (*corev1.Service, []string) {
	t.Helper()
	db := withPolicy(harness.HeadlessService(cluster.NewNamespace(t), "db"), policy)
	cluster.Create(t, db, harness.StatefulSet(db, "db", int32(replicas)))
	pods := numbered("db", replicas)
	expectPods(t, shared, "the pods are answered without a policy", db, pods...)
	return db, podAddresses(t, db, pods...)
}

func numbered(name string, n int) []string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("%s-%d", name, i))
	}
	return names
}

// setLabel gives a pod a label, or takes it away where the value is empty.
func setLabel(t *testing.T, s *corev1.Service, pod, key, value string) {
	t.Helper()
	cluster.ChangePod(t, s.Namespace, pod, func(p *corev1.Pod) {
		delete(p.Labels, key)
		if value != "" {
			p.Labels[key] = value
		}
	})
}

// expectSet waits until a service is answered with these addresses, over UDP and over TCP.
func expectSet(t *testing.T, server *harness.CoreDNS, what string, s *corev1.Service, want ...string) {
	t.Helper()
	harness.Eventually(t, what, func() error { return checkSet(server, s, want...) })
}

func checkSet(server *harness.CoreDNS, s *corev1.Service, want ...string) error {
	var errs []error
	for _, network := range harness.Transports {
		got, err := addressesFor(nil, network, server, serviceName(s)+" A")
		slices.Sort(got)
		if want := slices.Sorted(slices.Values(want)); err == nil && !slices.Equal(got, want) {
			err = fmt.Errorf("over %s the answer is %v, want %v", network, got, want)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// addressesFor asks from a client's address, and returns the addresses of the answer in their order. What is neither
// an answer nor a denial is an error, and so is an answer that is cut.
func addressesFor(client net.IP, network string, server *harness.CoreDNS, question string) ([]string, error) {
	reply, err := harness.AskFrom(client, network, server.AddressFor(client), question)
	if err != nil {
		return nil, err
	}
	if text := harness.Text(reply); text[0] != "NOERROR qr aa rd" && text[0] != "NXDOMAIN qr aa rd" {
		return nil, fmt.Errorf("%s over %s: %q", question, network, text)
	}
	return harness.Addresses(reply), nil
}

// localClients are n addresses of this machine that no server listens on.
func localClients(n int) []net.IP {
	var clients []net.IP
	for i := range n {
		clients = append(clients, net.IPv4(127, 0, 7, byte(i+1)))
	}
	return clients
}
