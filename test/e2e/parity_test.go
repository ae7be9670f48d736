package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// Without a policy nobody should notice that it is headless who answers.
func TestHeadlessAnswersAsTheKubernetesPluginDoes(t *testing.T) {
	t.Parallel()
	questions, zonal := parityQuestions(t), "zonal"
	if corednsBefore(t, 1, 14, 7) { // its kubernetes plugin has no names of zones
		questions = slices.DeleteFunc(questions, func(q string) bool { return strings.Contains(q, "._zone.") })
		zonal = ""
	}
	for name, option := range map[string]string{"by default": "", "with endpoint_pod_names": "endpoint_pod_names"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kubernetes, headless := startPlugin(t, "kubernetes", option+"\n"+zonal), startPlugin(t, "headless", option)
			harness.Eventually(t, "both give the same", func() error { return sameAnswers(headless, kubernetes, questions...) })
		})
	}
}

// startPlugin starts a CoreDNS that serves the cluster with one plugin alone.
func startPlugin(t *testing.T, name, option string) *harness.CoreDNS {
	t.Helper()
	server := cluster.StartCoreDNS(t, harness.CoreDNSOptions{Binary: corednsBinary, Corefile: alone(name, fromKubeconfig, option)})
	harness.Eventually(t, name+" is ready", server.Ready)
	return server
}

// parityQuestions makes headless services of several kinds over the same pods, and returns what can be asked of them.
// Left out are two kinds of question that the kubernetes plugin answers against the standards: SOA of a name that does
// not exist (it answers NODATA), and names that exist only because of those below, as _tcp does (it answers NXDOMAIN).
func parityQuestions(t *testing.T) []string {
	t.Helper()
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	db.Spec.IPFamilyPolicy = new(corev1.IPFamilyPolicyRequireDualStack)
	set := harness.StatefulSet(db, "db", 3)
	set.Spec.PodManagementPolicy = appsv1.ParallelPodManagement
	cluster.Create(t, db, set)
	var questions []string
	var pods []string
	for _, want := range expectDualStack(t, db, 3) {
		questions = append(questions, want.Question)
	}
	for i := range 3 {
		name := fmt.Sprintf("db-%d", i)
		address, err := podAddress(t.Context(), db.Namespace, name)
		if err != nil {
			t.Fatal(err)
		}
		pods = append(pods, name, strings.ReplaceAll(address, ".", "-"))
	}
	for _, s := range append(paritySiblings(db), db) {
		if s != db {
			cluster.Create(t, s)
		}
		questions = append(questions, questionsOf(s, pods)...)
	}
	return questions
}

// paritySiblings are services of the same pods, which have their hostnames in db alone.
func paritySiblings(db *corev1.Service) []*corev1.Service {
	sibling := func(name string, ports ...corev1.ServicePort) *corev1.Service {
		s := harness.HeadlessService(db.Namespace, name)
		s.Spec.Selector, s.Spec.Ports = db.Spec.Selector, ports
		return s
	}
	ports := sibling("ports",
		corev1.ServicePort{Name: "mysql", Port: 3306},
		corev1.ServicePort{Name: "dns", Port: 53, Protocol: corev1.ProtocolUDP},
		corev1.ServicePort{Name: "dns-tcp", Port: 53},
		corev1.ServicePort{Name: "metrics", Port: 80, TargetPort: intstr.FromInt32(9153)})
	six := sibling("six", corev1.ServicePort{Name: "mysql", Port: 3306})
	six.Spec.IPFamilies = []corev1.IPFamily{corev1.IPv6Protocol}
	empty := harness.HeadlessService(db.Namespace, "empty")
	return []*corev1.Service{ports, six, empty, sibling("portless"), sibling("unnamed", corev1.ServicePort{Port: 3306})}
}

func questionsOf(s *corev1.Service, labels []string) []string {
	var questions []string
	for _, qtype := range []string{"A", "AAAA", "SRV", "TXT", "CNAME", "MX", "PTR", "NS"} {
		questions = append(questions, serviceName(s)+" "+qtype)
		for _, label := range labels {
			questions = append(questions, label+"."+serviceName(s)+" "+qtype)
		}
	}
	for _, zone := range []string{harness.Nodes[0].Zone, strings.ToUpper(harness.Nodes[2].Zone), "no.where"} {
		for _, qtype := range []string{"A", "AAAA", "SRV", "TXT"} {
			for _, directive := range []string{"pin", "prefer", "nope"} {
				questions = append(questions, zone+"."+directive+"._zone."+serviceName(s)+" "+qtype)
			}
		}
	}
	for _, port := range []string{"_mysql._tcp", "_mysql._udp", "_dns._udp", "_dns-tcp._tcp", "_metrics._tcp", "_none._tcp", "mysql.tcp"} {
		questions = append(questions, port+"."+serviceName(s)+" SRV", port+"."+serviceName(s)+" A")
	}
	return questions
}
