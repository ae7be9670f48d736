package harness

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// asContainer runs CoreDNS as the container of the folder deploy does: from files that a pod has, on a root file system
// that is read-only, by a user who is nobody else, with one capability, which the file has too. The folder of what the
// pod has is $0, and that of the volume that it may write to is $1, if it has one.
//
// A container's init process has the capability before it executes CoreDNS, as an ambient one has it here; Linux clears
// these where the file has capabilities.
const asContainer = `mount -t tmpfs -o mode=755 tmpfs /var/run && mount -t tmpfs -o mode=755 tmpfs /var/lib &&
mkdir -p /var/run/secrets/kubernetes.io /var/run/container ` + ContainerData + ` &&
cp -r "$0/serviceaccount" /var/run/secrets/kubernetes.io/serviceaccount &&
cp "$0/Corefile" "$0/coredns" /var/run/container &&
chmod -R a+rX /var/run && setcap cap_net_bind_service=+ep /var/run/container/coredns &&
for point in $(cut -d ' ' -f 2 /proc/mounts | sort -u); do
	case $point in /proc*|/sys*|/dev*) ;; *) mount -o remount,bind,ro "$point" 2>/dev/null;; esac
done
if [ "$1" ]; then mount --bind "$1" ` + ContainerData + ` && mount -o remount,bind,rw ` + ContainerData + `; fi &&
cd / && exec setpriv --reuid=65532 --regid=65532 --clear-groups --no-new-privs --bounding-set=-all,+net_bind_service \
	--inh-caps=-all,+net_bind_service --ambient-caps=-all,+net_bind_service /var/run/container/coredns -conf /var/run/container/Corefile`

// ContainerData is where a CoreDNS that runs as in a container has its volume.
const ContainerData = "/var/lib/coredns"

// ContainerOptions say how to start a CoreDNS as in a container.
type ContainerOptions struct {
	Binary, Corefile string
	// Account is a service account of kube-system.
	Account string
	// Volume is a folder that it may write to, empty for none.
	Volume string
	// Through is the gate between it and the API server, if there is to be one.
	Through *Gate
}

// NeedsContainers skips a test where processes cannot be run as a container runs them: only root can do that.
func NeedsContainers(t testing.TB) {
	t.Helper()
	for _, tool := range []string{"unshare", "setpriv", "setcap"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	try := exec.CommandContext(t.Context(), "unshare", "--mount", "setpriv", "--reuid=65532", "--clear-groups", "--bounding-set=-all", "true")
	if out, err := try.CombinedOutput(); err != nil {
		t.Skipf("No process can be run as in a container here: %v: %s", err, out)
	}
}

// StartContained starts CoreDNS as a pod does, for the time of a test. It has the ports of a pod: 53, and 8181 for ready.
func (c *ControlPlane) StartContained(t testing.TB, options ContainerOptions) *CoreDNS {
	t.Helper()
	request, err := c.Client.CoreV1().ServiceAccounts("kube-system").CreateToken(t.Context(), options.Account,
		&authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	address := c.Address
	if options.Through != nil {
		address = options.Through.Address
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	server := &CoreDNS{Address: loopback(53), ready: loopback(8181), dir: dir}
	server.Process = &Process{
		Name: "coredns", Path: "unshare", Args: []string{"--mount", "sh", "-c", asContainer, dir, options.Volume},
		Env: []string{"KUBERNETES_SERVICE_HOST=" + host, "KUBERNETES_SERVICE_PORT=" + port},
	}
	authority, err := os.ReadFile(c.certificate())
	files := filepath.Join(dir, "serviceaccount")
	if err := errors.Join(err,
		os.Mkdir(files, 0o700),
		os.WriteFile(filepath.Join(files, "ca.crt"), authority, 0o600),
		os.WriteFile(filepath.Join(files, "token"), []byte(request.Status.Token), 0o600),
		os.WriteFile(filepath.Join(files, "namespace"), []byte("kube-system"), 0o600),
		os.WriteFile(filepath.Join(dir, "Corefile"), []byte(options.Corefile), 0o600),
		os.Symlink(options.Binary, filepath.Join(dir, "coredns")),
		server.Start(),
	); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := server.WaitListening(); err != nil {
		t.Fatal(err)
	}
	return server
}

// Proc reads a file of the process in /proc.
func (p *Process) Proc(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.command.Process.Pid), name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
