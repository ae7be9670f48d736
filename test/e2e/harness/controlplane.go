package harness

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// controllers are those the tests need. The garbage collector is among them because it is what deletes the slices of a
// deleted service.
var controllers = []string{
	"endpointslice-controller", "endpointslice-mirroring-controller", "statefulset-controller", "deployment-controller",
	"replicaset-controller", "namespace-controller", "garbage-collector-controller",
}

// ControlPlane is a Kubernetes control plane: three processes and one folder that survives their restarts.
type ControlPlane struct {
	Etcd, APIServer, ControllerManager *Process

	// Address is where the API server listens.
	Address string
	// Client may do everything, and as often as it likes.
	Client kubernetes.Interface

	dir string
}

// StartControlPlane starts a control plane in a new folder and returns once it serves and its controllers run. What is
// Kubernetes of it may be another binary than etcd.
func StartControlPlane(etcd, kubernetes string) (*ControlPlane, error) {
	begin := time.Now()
	dir, err := os.MkdirTemp("", "headless-e2e-")
	if err != nil {
		return nil, err
	}
	c := &ControlPlane{dir: dir}
	if err := c.start(etcd, kubernetes); err != nil {
		err = fmt.Errorf("starting the control plane: %w\n%s", err, c.output())
		c.Stop()
		return nil, err
	}
	Progress("control plane up in %.1f s", time.Since(begin).Seconds())
	return c, nil
}

func (c *ControlPlane) start(etcd, kubernetes string) error {
	if err := c.configure(etcd, kubernetes); err != nil {
		return err
	}
	if err := errors.Join(c.Etcd.Start(), c.APIServer.Start()); err != nil {
		return err
	}
	if err := c.connect(); err != nil {
		return err
	}
	if err := c.WaitServing(); err != nil {
		return err
	}
	if err := c.ControllerManager.Start(); err != nil {
		return err
	}
	return c.allowCoreDNS()
}

// configure chooses the ports and writes the files that the processes read.
func (c *ControlPlane) configure(etcd, kubernetes string) error {
	etcdPort, err := freePort()
	if err != nil {
		return err
	}
	apiPort, err := freePort()
	if err != nil {
		return err
	}
	if err := c.writeCredentials(); err != nil {
		return err
	}
	c.Address = loopback(apiPort)
	etcdURL := "http://" + loopback(etcdPort)
	kubeconfig, err := c.kubeconfig(adminUser, c.Address, "controllers.kubeconfig")
	if err != nil {
		return err
	}
	process := func(binary, name string, arguments ...string) *Process {
		return &Process{Name: name, Path: binary, Args: append([]string{name}, arguments...)}
	}
	c.Etcd = process(etcd, "etcd", "--data-dir="+c.path("etcd"), "--listen-client-url="+etcdURL)
	c.APIServer = process(kubernetes, "kube-apiserver", c.apiServerFlags(etcdURL, apiPort)...)
	c.ControllerManager = process(kubernetes, "kube-controller-manager",
		"--kubeconfig="+kubeconfig, "--controllers="+strings.Join(controllers, ","), "--leader-elect=false", "--secure-port=0",
		// The limits are for clusters of thousands of nodes; here they would only make tests wait.
		"--kube-api-qps=1000", "--kube-api-burst=1000")
	return nil
}

func (c *ControlPlane) apiServerFlags(etcdURL string, port int) []string {
	return []string{
		"--etcd-servers=" + etcdURL,
		"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", port),
		"--cert-dir=" + c.path("certificates"),
		"--service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112",
		"--token-auth-file=" + c.path(tokensFile), "--client-ca-file=" + c.path(authorityFile), "--authorization-mode=RBAC",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + c.path(signingKeyFile), "--service-account-signing-key-file=" + c.path(signingKeyFile),
		"--audit-policy-file=" + c.path(auditPolicyFile), "--audit-log-path=" + c.path(auditLogFile),
		// No pod has a service account, for no controller makes any.
		"--disable-admission-plugins=ServiceAccount",
		// A loopback address is refused as an endpoint of the service kubernetes.
		"--endpoint-reconciler-type=none",
		"--enable-priority-and-fairness=false",
	}
}

// connect makes the client as soon as the API server has written its certificate.
func (c *ControlPlane) connect() error {
	return Poll(Patience, func() error {
		var err error
		c.Client, err = kubernetes.NewForConfig(c.Config())
		return err
	})
}

// WaitServing waits until the API server is ready.
func (c *ControlPlane) WaitServing() error {
	return Poll(time.Minute, func() error {
		for _, p := range []*Process{c.Etcd, c.APIServer} {
			if !p.Running() {
				return fmt.Errorf("%s has ended", p.Name)
			}
		}
		_, err := c.Client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(context.Background())
		return err
	})
}

// Config is that of a client that may do everything.
func (c *ControlPlane) Config() *rest.Config {
	return &rest.Config{
		Host:            "https://" + c.Address,
		BearerToken:     token(adminUser),
		TLSClientConfig: rest.TLSClientConfig{CAFile: c.certificate()},
		QPS:             -1,
		WarningHandler:  rest.NoWarnings{}, // what is deprecated or odd is meant so here
	}
}

// BackUp copies what etcd has, which must not run, and returns a function that puts it back, likewise.
func (c *ControlPlane) BackUp() (restore func() error, err error) {
	data, backup := c.path("etcd"), c.path("etcd-backup")
	if err := os.CopyFS(backup, os.DirFS(data)); err != nil {
		return nil, err
	}
	return func() error {
		if err := os.RemoveAll(data); err != nil {
			return err
		}
		return os.CopyFS(data, os.DirFS(backup))
	}, nil
}

// Stop ends all processes, at once: nothing of them is needed any more.
func (c *ControlPlane) Stop() {
	for _, p := range []*Process{c.ControllerManager, c.APIServer, c.Etcd} {
		if p != nil {
			p.Kill()
		}
	}
	_ = os.RemoveAll(c.dir)
}

func (c *ControlPlane) output() string {
	var text strings.Builder
	for _, p := range []*Process{c.Etcd, c.APIServer, c.ControllerManager} {
		if p != nil {
			fmt.Fprintln(&text, p.LastLines(20))
		}
	}
	return text.String()
}

func (c *ControlPlane) path(name string) string { return filepath.Join(c.dir, name) }
