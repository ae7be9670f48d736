package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// placementPolicies are those that the tests of places name.
const placementPolicies = `policy as-hinted {
            hints
        }
        policy near {
            nearest node zone
        }
        policy two-near {
            nearest node zone
            min 2
        }
        policy three-near {
            nearest node zone
            min 3
        }
        policy three-hinted {
            hints
            min 3
        }`

// clientSource is a way to know where clients are, with exactly the rights that it needs.
type clientSource struct {
	lines  []string
	rights []rbacv1.PolicyRule
	// pods and nodes are what has told where the clients with addresses of Pods and of nodes are.
	pods, nodes string
}

var clientSources = map[string]clientSource{
	"nodes":     {[]string{"nodes"}, []rbacv1.PolicyRule{harness.Right("nodes", "list", "watch")}, "pod_cidrs", "nodes"},
	"pods":      {[]string{"pods"}, []rbacv1.PolicyRule{harness.Right("pods", "list", "watch")}, "pods", "nodes"},
	"endpoints": {[]string{"endpoints"}, nil, "endpoints", "none"},
	"subnet":    {subnetsOfNodes(), nil, "subnet", "subnet"},
}

// subnetsOfNodes are lines that say where the addresses of nodes and of their pods are.
func subnetsOfNodes() []string {
	var lines []string
	for _, node := range harness.Nodes {
		for _, network := range append(node.PodNetworks(), node.Addresses()...) {
			lines = append(lines, fmt.Sprintf("subnet %s node %s zone %s", network, node.Name, node.Zone))
		}
	}
	return lines
}

// Each source runs with no other rights than it needs, and says nothing of failures.
func TestEachClientGetsThePodsOfItsNodeOrZoneAsKubeProxyDoes(t *testing.T) {
	needsTrafficDistribution(t)
	t.Parallel()
	p := newPlacement(t)
	for name, source := range clientSources {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			metrics := harness.FreeAddress(t)
			server := p.start(t, harness.CoreDNSOptions{As: cluster.NewReader(t, source.rights...)}, metrics, source.lines...)
			asked := 0
			harness.Eventually(t, "each client gets what kube-proxy would choose for it", func() error {
				asked = 0
				return p.check(t, server, &source, &asked)
			})
			t.Logf("%d answers are what kube-proxy would choose, or the pods of the client's node or zone", asked)
			for _, told := range []string{source.pods, source.nodes} {
				if metric(t, metrics, "coredns_headless_clients_total", fmt.Sprintf("source=%q", told)) == 0 {
					t.Errorf("No client was found by %q", told)
				}
			}
			if strings.Contains(server.Output(), "Could not") {
				t.Errorf("Something could not be read:\n%s", server.LastLines(20))
			}
			if err := server.Ready(); err != nil {
				t.Error(err)
			}
		})
	}
}

// placement is a namespace with two services whose Pods prefer to be asked from near, and with clients on each node.
type placement struct {
	// zonal is of a StatefulSet with a Pod on each node, nodal of a Deployment whose Pods are anywhere. Both have both
	// families.
	zonal, nodal *corev1.Service
	clients      []placedClient
	pods         map[string]placedPod // by address
}

// placedPod is a Pod of one of the services.
type placedPod struct {
	name string
	node harness.Node
}

// placedClient is somebody who asks: a Pod, or a node, from its addresses of both families.
type placedClient struct {
	name      string
	node      harness.Node
	addresses []string
	isNode    bool
}

// needsTrafficDistribution skips a test where the controllers give no hints for nodes.
func needsTrafficDistribution(t *testing.T) {
	t.Helper()
	if kubernetesMinor(t) < 35 {
		t.Skip("This Kubernetes does not know trafficDistribution: PreferSameNode")
	}
}

func newPlacement(t *testing.T) *placement {
	t.Helper()
	namespace := cluster.NewNamespace(t)
	near := func(name, distribution string) *corev1.Service {
		s := harness.HeadlessService(namespace, name)
		s.Spec.IPFamilyPolicy = new(corev1.IPFamilyPolicyRequireDualStack)
		if s.Spec.TrafficDistribution = &distribution; distribution == "" {
			s.Spec.TrafficDistribution = nil
		}
		return s
	}
	p := &placement{
		zonal: near("zonal", corev1.ServiceTrafficDistributionPreferSameZone),
		nodal: near("nodal", corev1.ServiceTrafficDistributionPreferSameNode),
		pods:  map[string]placedPod{},
	}
	clients := near("client", "")
	cluster.Create(t, p.zonal, p.nodal, clients,
		harness.StatefulSet(p.zonal, "zonal", 6), harness.Deployment(p.nodal, "nodal", 10), harness.StatefulSet(clients, "client", 6))
	harness.Eventually(t, "all pods run", func() error { return p.find(t, 22) })
	for _, node := range harness.Nodes {
		p.clients = append(p.clients, placedClient{name: node.Name, node: node, addresses: node.Addresses(), isNode: true})
	}
	return p
}

// find takes note of the Pods, once so many are ready.
func (p *placement) find(t *testing.T, want int) error {
	t.Helper()
	clear(p.pods)
	p.clients = nil
	pods, err := readyPods(t, p.zonal.Namespace)
	if err == nil && len(pods) != want {
		err = fmt.Errorf("there are %d, want %d", len(pods), want)
	}
	for _, pod := range pods {
		node, _ := harness.NodeNamed(pod.Spec.NodeName)
		var addresses []string
		for _, ip := range pod.Status.PodIPs {
			addresses = append(addresses, ip.IP)
			if !strings.HasPrefix(pod.Name, "client-") {
				p.pods[ip.IP] = placedPod{pod.Name, node}
			}
		}
		if strings.HasPrefix(pod.Name, "client-") {
			p.clients = append(p.clients, placedClient{name: pod.Name, node: node, addresses: addresses})
		}
	}
	return err
}

// start starts a CoreDNS that knows clients by some lines of a block 'clients', for both families.
func (p *placement) start(t *testing.T, options harness.CoreDNSOptions, metrics string, clients ...string) *harness.CoreDNS {
	t.Helper()
	return startPlaced(t, options, p.zonal.Namespace, metrics, clients, placementPolicies)
}

// startPlaced starts a CoreDNS that answers for a namespace and knows clients by some lines of a block 'clients'.
func startPlaced(t *testing.T, options harness.CoreDNSOptions, namespace, metrics string, clients []string, properties ...string) *harness.CoreDNS {
	t.Helper()
	options.Binary = corednsBinary
	options.Corefile = `. {
    bind 127.0.0.1 ::1
    errors
    ready {$READY_ADDRESS}
    prometheus ` + metrics + `
    headless cluster.local in-addr.arpa ip6.arpa {
        ttl 30
        ` + fromKubeconfig + `
        namespaces ` + namespace + `
        clients {
            ` + strings.Join(clients, "\n            ") + `
        }
        ` + strings.Join(properties, "\n        ") + `
    }
}`
	server := cluster.StartCoreDNS(t, options)
	harness.Eventually(t, "the server is ready", server.Ready)
	return server
}

// check asks as each client, from its addresses of both families, over both transports, for all types.
func (p *placement) check(t *testing.T, server *harness.CoreDNS, source *clientSource, asked *int) error {
	t.Helper()
	for _, s := range []*corev1.Service{p.zonal, p.nodal} {
		slices, err := slicesOf(t, s)
		if err != nil {
			return err
		}
		for _, client := range p.clients {
			node := client.node
			if client.isNode && source.nodes == "none" {
				node = harness.Node{}
			}
			wants, err := p.wants(s, slices, node)
			if err != nil {
				return err
			}
			for policy, want := range wants {
				if err := checkChoice(server, s, policy, client, want, asked); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// wants are the addresses of both families that each policy is to give clients on a node, or unknown ones where the
// node has no name.
func (p *placement) wants(s *corev1.Service, slices []*discoveryv1.EndpointSlice, node harness.Node) (map[string][]string, error) {
	all := p.of(s, func(harness.Node) bool { return true })
	sameNode := p.of(s, func(n harness.Node) bool { return n.Name == node.Name })
	sameZone := p.of(s, func(n harness.Node) bool { return n.Zone == node.Zone })
	firstOf := func(least int, groups ...[]string) []string {
		for _, group := range groups {
			if len(group) >= 2*least { // of two families
				return group
			}
		}
		return all
	}
	wants := map[string][]string{
		"as-hinted":  kubeProxyChooses(node, slices),
		"near":       firstOf(1, sameNode, sameZone),
		"two-near":   firstOf(2, sameNode, sameZone),
		"three-near": firstOf(3, sameNode, sameZone),
	}
	wants["three-hinted"] = firstOf(3, wants["as-hinted"])
	// What the controllers mean and what kube-proxy makes of it must be what the service asks for.
	if meant := firstOf(1, sameZone); s == p.zonal && !slicesEqual(wants["as-hinted"], meant) {
		return nil, fmt.Errorf("on %q kube-proxy chooses %v of %s, want %v", node.Name, wants["as-hinted"], s.Name, meant)
	}
	if meant := firstOf(1, sameNode, sameZone); s == p.nodal && !slicesEqual(wants["as-hinted"], meant) {
		return nil, fmt.Errorf("on %q kube-proxy chooses %v of %s, want %v", node.Name, wants["as-hinted"], s.Name, meant)
	}
	return wants, nil
}

// of are the addresses of a service's Pods on some nodes, of both families.
func (p *placement) of(s *corev1.Service, where func(harness.Node) bool) []string {
	var addresses []string
	for address, pod := range p.pods {
		if strings.HasPrefix(pod.name, s.Name+"-") && where(pod.node) {
			addresses = append(addresses, address)
		}
	}
	slices.Sort(addresses)
	return addresses
}
