package chaos

import (
	"fmt"
	"io"
	"net/http"
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
	return strings.NewReplacer("PROPERTIES", properties, "RELOAD", reload).Replace(corefile)
}

// notices says whether a replica notices another Corefile by itself. The others are told by a signal: where both come at
// the same time, CoreDNS has a data race.
func notices(number int) bool { return number%2 == 0 }

func (r *Run) startReplica(number int, binary string) (*replica, error) {
	gate, metrics := r.plane.NewGate(r), harness.FreeAddress(r)
	gate.Open(r)
	server, err := r.plane.RunCoreDNS(harness.CoreDNSOptions{
		Binary: binary, Corefile: r.corefile(number, "plain"), As: r.reader, Through: gate, Env: []string{"METRICS_ADDRESS=" + metrics},
	})
	if err != nil {
		return nil, err
	}
	return &replica{CoreDNS: server, gate: gate, metrics: metrics}, harness.Poll(harness.Patience, server.Ready)
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
	r.replicas[number].ChangeCorefile(r, r.corefile(number, a[1]))
	if !notices(number) {
		r.replicas[number].Signal(syscall.SIGUSR1)
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
