package harness

import (
	"errors"
	"net"
	"os"
	"path/filepath"
)

// asInPod runs a command that sees a service account where a pod sees its own: in a mount namespace of its own, so that
// nothing of the machine changes. The folder of the service account is $0.
const asInPod = `mount -t tmpfs tmpfs /var/run &&
mkdir -p /var/run/secrets/kubernetes.io &&
cp -r "$0" /var/run/secrets/kubernetes.io/serviceaccount &&
exec "$@"`

// intoCluster changes the process to one that finds the API server as a pod does.
func (s *CoreDNS) intoCluster(address, certificate string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	authority, err := os.ReadFile(certificate)
	if err != nil {
		return err
	}
	account := filepath.Join(s.dir, "serviceaccount")
	err = errors.Join(
		os.Mkdir(account, 0o700),
		os.WriteFile(filepath.Join(account, "ca.crt"), authority, 0o600),
		os.WriteFile(filepath.Join(account, "token"), []byte(token(corednsUser)), 0o600),
		os.WriteFile(filepath.Join(account, "namespace"), []byte("kube-system"), 0o600),
	)
	s.Env = append(s.Env, "KUBERNETES_SERVICE_HOST="+host, "KUBERNETES_SERVICE_PORT="+port)
	s.Args = append([]string{"--mount", "sh", "-c", asInPod, account, s.Path}, s.Args...)
	s.Path = "unshare"
	return err
}
