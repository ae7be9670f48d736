package bench

import (
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// cluster is a large cluster that is only simulated: each object is made from its number whenever it is asked for, so
// that it takes hardly any memory. What tells objects apart (names, UIDs, addresses, times) is as different as in a real
// one, for that decides how well they are compressed on the wire.
type cluster struct {
	nodes, pods int
	dualStack   bool
	// generations counts how often each pod was replaced, stages says how far it has come since.
	generations, stages []atomic.Uint32
	version             atomic.Uint64 // of the newest object
}

const (
	// daemons is how many pods of a node are on its network, and so have no address of their own.
	daemons = 2
	// members is how many pods a service has, and headlessOf how many services there are for each headless one.
	members    = 20
	headlessOf = 10
	// serviceSpread is how many services are in a namespace.
	serviceSpread = 10
)

// epoch is when everything was made, more or less.
var epoch = time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)

func newCluster(nodes, pods int, dualStack bool) *cluster {
	c := &cluster{
		nodes: nodes, pods: pods, dualStack: dualStack,
		generations: make([]atomic.Uint32, pods), stages: make([]atomic.Uint32, pods),
	}
	for i := range c.stages {
		c.stages[i].Store(uint32(running))
	}
	c.version.Store(1_000_000)
	return c
}

func (c *cluster) onHostNetwork(pod int) bool { return pod < daemons*c.nodes }

// addressed is how many pods have an address of their own.
func (c *cluster) addressed() int { return c.pods - daemons*c.nodes }

func (c *cluster) services() int { return c.addressed() / members }

// serviceOf returns which service a pod is of, and which of its members it is.
func (c *cluster) serviceOf(pod int) (service, member int) {
	pod -= daemons * c.nodes
	return min(pod/members, c.services()-1), pod - min(pod/members, c.services()-1)*members
}

// headlessEndpoints is how many addresses headless services have.
func (c *cluster) headlessEndpoints() int {
	return (c.services() + headlessOf - 1) / headlessOf * members * len(c.families("", ""))
}

func (c *cluster) nodeOf(pod int) int { return pod % c.nodes }

func headless(service int) bool { return service%headlessOf == 0 }

func namespace(service int) string { return fmt.Sprintf("team-%d-production", service/serviceSpread) }

func serviceName(service int) string {
	if headless(service) {
		return fmt.Sprintf("database-%d", service)
	}
	return fmt.Sprintf("backend-%d", service)
}

func nodeName(node int) string {
	return fmt.Sprintf("worker-%05d.eu-central-1.compute.example.net", node)
}

func zone(node int) string { return "eu-central-1" + string(rune('a'+node%3)) }

const region = "eu-central-1"

// nodeAddresses are those of a node, the IPv4 one first.
func (c *cluster) nodeAddresses(node int) []string {
	v4 := netip.AddrFrom4([4]byte{172, 16, byte(node >> 8), byte(node)}).String()
	return c.families(v4, fmt.Sprintf("fd00:172::%x", node+1))
}

func (c *cluster) podCIDRs(node int) []string {
	v4 := fmt.Sprintf("10.%d.%d.0/24", 64+node>>8, node&255)
	return c.families(v4, fmt.Sprintf("fd00:10:0:%x::/64", node))
}

// podAddresses are those of a pod, which changes them each time it is replaced, and has old ones again in the end.
func (c *cluster) podAddresses(pod int, generation uint32) []string {
	node := c.nodeOf(pod)
	if c.onHostNetwork(pod) {
		return c.nodeAddresses(node)
	}
	place := 2 + pod/c.nodes + int(generation%4)*60
	return c.families(fmt.Sprintf("10.%d.%d.%d", 64+node>>8, node&255, place), fmt.Sprintf("fd00:10:0:%x::%x", node, place))
}

func (c *cluster) families(v4, v6 string) []string {
	if c.dualStack {
		return []string{v4, v6}
	}
	return []string{v4}
}

// meta is what all objects have: each has its own UID and times.
func (c *cluster) meta(namespace, name string, seed uint64) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: namespace, Name: name, UID: uid(seed),
		ResourceVersion:   fmt.Sprint(c.version.Load() - noise(seed)%900_000),
		CreationTimestamp: at(seed),
	}
}

func at(seed uint64) metav1.Time {
	return metav1.NewTime(epoch.Add(time.Duration(noise(seed)%(30*24*3600)) * time.Second))
}

func uid(seed uint64) types.UID {
	h := digits(seed, 32)
	return types.UID(h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:])
}

// digits returns n hexadecimal digits that look like chance and are the same for the same seed.
func digits(seed uint64, n int) string {
	b := make([]byte, 0, n+16)
	for i := uint64(0); len(b) < n; i++ {
		b = fmt.Appendf(b, "%016x", noise(seed^noise(i)))
	}
	return string(b[:n])
}

// noise is the finalizer of splitmix64.
func noise(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func topology(node int) map[string]string {
	return map[string]string{corev1.LabelTopologyZone: zone(node), corev1.LabelTopologyRegion: region}
}
