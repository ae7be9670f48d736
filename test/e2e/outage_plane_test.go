package e2e

import (
	"errors"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// touch changes what no answer depends on.
func touch(s *corev1.Service) {
	if s.Annotations == nil {
		s.Annotations = map[string]string{}
	}
	s.Annotations["e2e/touched"] += "x"
}

// silentAfter is how long a hung API server is not noticed: the client asks after half a minute whether the connection
// lives, and waits a quarter for the answer.
const silentAfter = 45 * time.Second

func TestAnAPIServerThatDiesOrHangsIsNotNoticedInTheAnswers(t *testing.T) {
	t.Parallel()
	plane := startOwnPlane(t)
	r := startRemembering(t, plane, nil)

	plane.APIServer.Kill()
	r.expectSilence(t, 5, harness.Patience)
	r.expectRemembered(t)
	if err := errors.Join(plane.APIServer.Start(), plane.WaitServing()); err != nil {
		t.Fatal(err)
	}
	r.change(t)
	r.expectTruth(t, "what changes after its restart is answered", backAgain)

	r.expectSilence(t, 0, harness.Patience)
	r.remember(t)
	plane.APIServer.Signal(syscall.SIGSTOP)
	r.expectSilence(t, 5, silentAfter+harness.Patience)
	r.expectRemembered(t)
	plane.APIServer.Signal(syscall.SIGCONT)
	r.expectSilence(t, 0, harness.Patience)
	r.expectTruth(t, "what it says afterwards is answered", backAgain)
}

// Versions of resources go back then: whoever goes on from the one that he has seen last misses everything until they
// have caught up.
func TestAnEtcdThatIsRestoredFromAnOlderBackupIsFollowedBack(t *testing.T) {
	t.Parallel()
	plane := startOwnPlane(t)
	r := startRemembering(t, plane, nil)

	stop := func() {
		plane.APIServer.Kill()
		plane.Etcd.Stop()
	}
	start := func() {
		t.Helper()
		if err := errors.Join(plane.Etcd.Start(), plane.APIServer.Start(), plane.WaitServing()); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	restore, err := plane.BackUp()
	if err != nil {
		t.Fatal(err)
	}
	start()
	r.expectSilence(t, 0, harness.Patience)
	r.change(t)
	for range 200 { // so that what is restored does not catch up by itself
		plane.ChangeService(t, r.namespace, "hand", touch)
	}
	r.expectTruth(t, "what changes after the backup is answered", backAgain)
	r.remember(t)

	stop()
	if err := restore(); err != nil {
		t.Fatal(err)
	}
	r.expectRemembered(t)
	start()
	r.expectTruth(t, "what the backup has is answered", backAgain)
	r.expectSilence(t, 0, harness.Patience)
	r.change(t)
	r.expectTruth(t, "what changes afterwards is answered", backAgain)
}
