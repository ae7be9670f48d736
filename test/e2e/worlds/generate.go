package worlds

import (
	"fmt"
	"math/rand/v2"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Generator makes a world and its changes, all of them from one seed.
type Generator struct {
	*rand.Rand
	World *World

	seed    uint64
	names   int // that were given out
	address int
	// big worlds have hundreds of endpoints.
	big bool
	// odd worlds have what no sound cluster has, and where the two plugins differ on purpose.
	odd bool
}

// longest is as long as a label can be.
var longest = strings.Repeat("a-very-long-name-", 4)[:62] + "x"

// NewGenerator makes a world from a seed.
func NewGenerator(seed uint64) *Generator {
	g := &Generator{Rand: rand.New(rand.NewPCG(seed, 0)), World: &World{Zone: PlainZone}, seed: seed}
	if g.one(3) {
		g.World.Zone = PodNamesZone
	}
	g.big, g.odd = g.one(20), g.one(4)
	services := 1 + g.IntN(4)
	if g.big {
		services = 1
	}
	for range services {
		g.addService()
	}
	return g
}

// Namespace is where the world is to be. Some have a name as long as it can be.
func (g *Generator) Namespace() string {
	name := fmt.Sprintf("world-%d", g.seed)
	if g.seed%10 == 7 {
		name += "-" + longest
		name = name[:63]
	}
	return strings.TrimSuffix(name, "-")
}

// one is true once in n times.
func (g *Generator) one(n int) bool { return g.IntN(n) == 0 }

func pick[T any](g *Generator, of ...T) T { return of[g.IntN(len(of))] }

// serviceNames are what a parser of names could stumble over, and a few that are easy.
var serviceNames = []string{"db", "web", "0", "1-2-3-4", "7up", "svc", "pin", "prefer", "dns", "ns", "zone", "tcp", "a", longest}

// newName gives each service of the world another name; a number makes it so after a while.
func (g *Generator) newName() string {
	name := pick(g, serviceNames...)
	if g.World.Service(name) == nil {
		return name
	}
	g.names++
	return fmt.Sprintf("s%d", g.names)
}

// addService adds a service of any kind, with what stands behind it.
func (g *Generator) addService() {
	s := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: g.newName()}}
	switch {
	case g.one(9) && !g.big:
		g.makeExternal(s)
	case g.one(5) && !g.big:
		s.Spec.Ports = g.servicePorts(1)
	default:
		s.Spec.ClusterIP = corev1.ClusterIPNone
		s.Spec.Ports = g.servicePorts(0)
	}
	s.Spec.PublishNotReadyAddresses = g.one(5)
	g.World.Services = append(g.World.Services, s)
	g.addBackends(s)
}

// makeExternal gives the service an external name: outside of the cluster, or rarely another service.
func (g *Generator) makeExternal(s *corev1.Service) {
	s.Spec.Type, s.Spec.ExternalName = corev1.ServiceTypeExternalName, pick(g, "db.example.org", "x.y.example.net")
	if len(g.World.Services) > 0 && !g.one(3) {
		other := pick(g, g.World.Services...)
		s.Spec.ExternalName = strings.TrimSuffix(other.Name+"."+ThisNamespace+".svc."+g.World.Zone, ".")
	}
	s.Spec.ClusterIP, s.Spec.Ports = "", nil
}

// addBackends puts something behind a service: slices, an Endpoints object, pods, or nothing.
func (g *Generator) addBackends(s *corev1.Service) {
	switch {
	case g.big || s.Spec.Type == corev1.ServiceTypeExternalName:
		g.addSlices(s)
	case g.one(7):
		g.addEndpointsObject(s)
	case g.one(5):
		g.addSelector(s)
	case g.one(12):
		// Nothing stands behind it.
	default:
		g.addSlices(s)
	}
}

// protocols has TCP more often than the others.
var protocols = []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP}

var portNames = []string{"mysql", "http", "dns", "dns-tcp", "x", "p0", "metrics", "a-port-name-that-is-as-long-as-a-label-can-be"}

// servicePorts makes ports, at least as many as said: one may be without a name, several may not.
func (g *Generator) servicePorts(least int) []corev1.ServicePort {
	n := max(least, pick(g, 0, 1, 1, 1, 2, 2, 3))
	if g.big {
		n = 1
	}
	var ports []corev1.ServicePort
	taken := map[string]bool{}
	for i := range n {
		name := pick(g, portNames...)
		if n == 1 && g.one(4) {
			name = ""
		}
		if taken[name] {
			name = fmt.Sprintf("port-%d", i)
		}
		taken[name] = true
		number := int32(1000 + 10*i + g.IntN(10))
		ports = append(ports, corev1.ServicePort{
			Name: name, Port: number, Protocol: pick(g, protocols...), TargetPort: intstr.FromInt32(number),
		})
	}
	return ports
}

// addSelector has the endpointslice controller make the slices, of pods that come with it.
func (g *Generator) addSelector(s *corev1.Service) {
	s.Spec.Selector = map[string]string{"app": s.Name}
	switch g.IntN(3) {
	case 0:
		s.Spec.IPFamilyPolicy = new(corev1.IPFamilyPolicyRequireDualStack)
	case 1:
		s.Spec.IPFamilies = []corev1.IPFamily{corev1.IPv6Protocol}
	}
	for range 1 + g.IntN(5) {
		g.addPod(s)
	}
}
