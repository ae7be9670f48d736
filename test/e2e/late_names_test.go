package e2e

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

const (
	// warmUp is how long the pods take to be ready, as with a readiness probe that begins late.
	warmUp = 3 * time.Second
	// retryPeriod is how often a member asks for another one that it has not found.
	retryPeriod = 50 * time.Millisecond
)

// kubernetesAsKubeadmHasIt is its block in the Corefile of kubeadm v1.37.
const kubernetesAsKubeadmHasIt = `kubernetes cluster.local in-addr.arpa ip6.arpa {
        kubeconfig {$KUBECONFIG_FILE}
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }`

// cacheAsKubeadmHasIt keeps no names of the cluster.
const cacheAsKubeadmHasIt = `cache 30 {
        disable success cluster.local
        disable denial cluster.local
    }`

// serverBlock is one that listens on loopback.
func serverBlock(plugins ...string) string {
	return ". {\n    bind 127.0.0.1\n    errors\n    ready {$READY_ADDRESS}\n    " + strings.Join(plugins, "\n    ") + "\n}"
}

// The members of a StatefulSet ask for each other from their first moment on, and find each other as soon as they have
// addresses: long before they are ready, and whatever was denied before.
func TestMembersOfAStatefulSetFindEachOtherBeforeTheyAreReady(t *testing.T) {
	t.Parallel()
	db := harness.HeadlessService(cluster.NewNamespace(t), "db")
	start := func(corefile string) *harness.CoreDNS {
		return cluster.StartCoreDNS(t, harness.CoreDNSOptions{Binary: corednsBinary, Corefile: corefile})
	}
	headless := start(serverBlock(`headless cluster.local in-addr.arpa ip6.arpa {
        kubeconfig {$KUBECONFIG_FILE}
        ttl 30
        negative_ttl 0
        unready_names `+db.Namespace+`/*
    }`, kubernetesAsKubeadmHasIt, "cache 30", "loadbalance"))
	servers := []*late{
		{what: "headless, cache 30", server: headless},
		// A cache of the node that believes what the answer says of its time to live, the shortest included.
		{what: "headless behind another cache", server: start(serverBlock("cache {\n        success 9984 30 0\n        denial 9984 30 0\n    }",
			"forward . "+headless.Address))},
		{what: "kubernetes, kubeadm's Corefile", server: start(serverBlock(kubernetesAsKubeadmHasIt, cacheAsKubeadmHasIt, "loadbalance"))},
		{what: "kubernetes, cache 30", server: start(serverBlock(kubernetesAsKubeadmHasIt, "cache 30", "loadbalance"))},
	}
	for _, s := range servers {
		harness.Eventually(t, s.what+" is ready", s.server.Ready)
	}

	// The service is there before its members, and denied for want of them: by headless, not by the plugin behind it.
	cluster.Create(t, db)
	harness.Eventually(t, "headless knows the service", func() error {
		reply, err := harness.Ask("udp", headless.Address, serviceName(db)+" A")
		if err == nil && (len(reply.Ns) != 1 || reply.Ns[0].Header().Ttl != 0) {
			err = fmt.Errorf("the authority section is %v", reply.Ns)
		}
		return err
	})

	set := harness.StatefulSet(db, "db", 3)
	set.Spec.PodManagementPolicy = appsv1.ParallelPodManagement
	set.Spec.Template.Annotations = map[string]string{harness.ReadyAnnotation: "false"}
	begin := time.Now()
	var asking sync.WaitGroup
	for _, s := range servers {
		asking.Go(func() { s.ask(begin, db, "db-0", "db-1", "db-2") })
	}
	cluster.Create(t, set)
	harness.Eventually(t, "the pods have warmed up", func() error {
		if left := warmUp - time.Since(begin); left > 0 {
			return fmt.Errorf("they need %s more", left)
		}
		return nil
	})
	ready := time.Since(begin)
	for _, pod := range []string{"db-0", "db-1", "db-2"} {
		setReady(t, db, pod, "true")
	}
	asking.Wait()

	for i, s := range servers {
		switch ours := i < 2; {
		case s.err != nil:
			t.Errorf("With %s: %v", s.what, s.err)
		case ours && s.took >= ready:
			t.Errorf("With %s every name resolves after %s only; the pods were ready after %s", s.what, s.took, ready)
		case !ours && s.took < ready:
			t.Errorf("With %s every name resolves after %s, before a pod is ready: the comparison is void", s.what, s.took)
		}
		t.Logf("With %s every name resolves after %s", s.what, s.took.Round(time.Millisecond))
	}
	t.Logf("The pods were ready after %s", ready.Round(time.Millisecond))
}

// late is a server, and how long it took until every member was found in it.
type late struct {
	what   string
	server *harness.CoreDNS
	took   time.Duration
	err    error
}

// ask asks for all members again and again, for each until it is found.
func (l *late) ask(begin time.Time, s *corev1.Service, members ...string) {
	ticker := time.NewTicker(retryPeriod)
	defer ticker.Stop()
	for ; len(members) > 0; <-ticker.C {
		var missing []string
		for _, member := range members {
			reply, err := harness.Ask("udp", l.server.Address, member+"."+serviceName(s)+" A")
			if err != nil {
				l.err = err
				return
			}
			if len(reply.Answer) == 0 {
				missing = append(missing, member)
			}
		}
		if members = missing; time.Since(begin) > time.Minute {
			l.err = fmt.Errorf("after a minute %v are missing", members)
			return
		}
	}
	l.took = time.Since(begin)
}
