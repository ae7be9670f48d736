package chaos

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// replica is a CoreDNS behind a gate of its own.
type replica struct {
	*harness.CoreDNS
	gate    *harness.Gate
	metrics string // the address that tells them

	target  target
	variant string // of its Corefile, the last one that loads
	broken  bool   // and that is not the last one
	dead    bool   // it was killed
	shut    bool   // the gate is
	silent  *Silence
	disk    Disk
}

// corefile is headless alone, so that every answer is its own, with a policy for the services that are near.
const corefile = `. {
    bind 127.0.0.1
    errors
    RELOAD
    ready {$READY_ADDRESS}
    prometheus {$METRICS_ADDRESS}
    headless cluster.local in-addr.arpa ip6.arpa {
        kubeconfig {$KUBECONFIG_FILE}
        startup_timeout STARTUP_TIMEOUT
        stale STALE
        snapshot {$SNAPSHOT_FILE}
        clients {
            nodes
        }
        policy near {
            nearest zone
        }
        apply near */near*
        PROPERTIES
    }
}`

const (
	// StaleAfter is what the Corefile says. It is longer than a start waits, and that is told late.
	StaleAfter     = 3 * time.Second
	startupTimeout = 2 * time.Second
)

// variants are the Corefiles that a replica is reloaded with. Some read the same as others, and some do not; one does not
// load at all.
var variants = map[string]string{
	"plain": "", "ttl": "ttl 7", "all": "watch all", "namespace": "namespaces NAMESPACE default", "broken": "nonsense",
}

func (r *Run) corefile(number int, variant string) string {
	reload := ""
	if notices(number) {
		reload = "reload 2s 1s"
	}
	properties := strings.ReplaceAll(variants[variant], "NAMESPACE", r.namespace)
	return strings.NewReplacer("PROPERTIES", properties, "RELOAD", reload, "STARTUP_TIMEOUT", startupTimeout.String(),
		"STALE", StaleAfter.String()).Replace(corefile)
}

// readsOthers says whether a variant reads other services than the rest do, so that no snapshot is of both.
func readsOthers(variant string) bool { return variant == "namespace" }

// notices says whether a replica notices another Corefile by itself. The others are told by a signal: where both come at
// the same time, CoreDNS has a data race.
func notices(number int) bool { return number%2 == 0 }

func (r *Run) newReplica(number int, binary string) (*replica, error) {
	gate, metrics := r.plane.NewGate(r), harness.FreeAddress(r)
	gate.Open(r)
	server, err := r.plane.RunCoreDNS(harness.CoreDNSOptions{
		Binary: binary, Corefile: r.corefile(number, "plain"), As: r.reader, Through: gate,
		Env: []string{"METRICS_ADDRESS=" + metrics, "SNAPSHOT_FILE=" + filepath.Join(r.TempDir(), "snapshot")},
	})
	if err != nil {
		return nil, err
	}
	each := &replica{CoreDNS: server, gate: gate, metrics: metrics, target: target{address: server.Address}, variant: "plain"}
	return each, harness.Poll(harness.Patience, server.Ready)
}

// heard returns nil where the replica says that it hears of all changes.
func (r *replica) heard() error {
	const want = "coredns_headless_api_silence_seconds 0"
	client := http.Client{Timeout: harness.Patience}
	response, err := client.Get("http://" + r.metrics + "/metrics")
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err == nil && !strings.Contains(string(text), "\n"+want+"\n") {
		err = fmt.Errorf("a replica does not say %q", want)
	}
	return err
}

// reload gives a replica another Corefile.
func (r *Run) reload(a []string) error {
	number, err := r.numberOf(a[0])
	if err != nil {
		return err
	}
	r.judge.reloads = append(r.judge.reloads, reload{replica: number, at: time.Now()})
	each := r.replicas[number]
	each.ChangeCorefile(r, r.corefile(number, a[1]))
	if each.broken = a[1] == "broken"; !each.broken {
		if readsOthers(a[1]) != readsOthers(each.variant) {
			each.disk.Mix()
		}
		each.variant = a[1]
	}
	if !notices(number) {
		each.Signal(syscall.SIGUSR1)
	}
	return nil
}

// numberOf returns the number of a replica.
func (r *Run) numberOf(argument string) (int, error) {
	number, err := strconv.Atoi(argument)
	if err != nil || number < 0 || number >= len(r.replicas) {
		return 0, fmt.Errorf("there is no replica %q", argument)
	}
	return number, nil
}
