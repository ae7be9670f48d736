package kubernetes

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"runtime"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Config says which API server to ask. The zero value means the cluster that CoreDNS runs in.
type Config struct {
	// Kubeconfig is the path of a kubeconfig file; Context is one of its contexts, its current one where it is empty.
	Kubeconfig, Context string
	// Endpoint is the URL of an API server; Cert, Key and CA are the paths of its certificates, all or none.
	Endpoint, Cert, Key, CA string
	// WatchAll says to watch all EndpointSlices, not only those that may belong to headless services.
	WatchAll bool
}

// Identity tells configurations apart, also by what is in the files that they name: a kubeconfig that was changed means
// another cluster, or other rights.
func (c Config) Identity() string {
	identity := sha256.New()
	fmt.Fprintf(identity, "%#v", c)
	for _, file := range []string{c.Kubeconfig, c.Cert, c.Key, c.CA} {
		if file != "" {
			content, err := os.ReadFile(file) // one that cannot be read was refused before
			fmt.Fprintf(identity, "%q %v", content, err)
		}
	}
	return hex.EncodeToString(identity.Sum(nil))
}

// Cluster tells clusters apart, without a secret: by the URL of the API server, which is the same for all Pods of most
// clusters, and by the certificates that it is known by.
func (c Config) Cluster() (string, error) {
	config, err := c.rest()
	if err != nil {
		return "", err
	}
	ca := config.CAData
	if len(ca) == 0 && config.CAFile != "" {
		if ca, err = os.ReadFile(config.CAFile); err != nil {
			return "", err
		}
	}
	where := config.Host
	if server, err := url.Parse(where); err == nil { // else it is a host alone
		where = server.Redacted()
	}
	return fmt.Sprintf("%s %x", where, sha256.Sum256(ca)), nil
}

// clients connect to the API server, the second one for objects of which the metadata are enough. They ask nothing
// yet.
func (c Config) clients() (kubernetes.Interface, metadata.Interface, error) {
	config, err := c.rest()
	if err != nil {
		return nil, nil, err
	}
	config.UserAgent = fmt.Sprintf("headless (%s/%s)", runtime.GOOS, runtime.GOARCH)
	config.ContentType = "application/vnd.kubernetes.protobuf"
	// The client's own limit of 5 requests a second would draw out a list of many pages, which are asked for one
	// after the other. The API server has limits of its own.
	config.QPS = -1
	full, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, nil, err
	}
	partial, err := metadata.NewForConfig(config)
	return full, partial, err
}

func (c Config) rest() (*rest.Config, error) {
	switch {
	case c.Kubeconfig != "":
		rules := &clientcmd.ClientConfigLoadingRules{ExplicitPath: c.Kubeconfig}
		config, err := load(rules, &clientcmd.ConfigOverrides{CurrentContext: c.Context})
		if err != nil {
			return nil, fmt.Errorf("kubeconfig '%s': %w", c.Kubeconfig, err)
		}
		return config, nil
	case c.Endpoint != "":
		config, err := load(&clientcmd.ClientConfigLoadingRules{}, &clientcmd.ConfigOverrides{
			ClusterInfo: clientcmdapi.Cluster{Server: c.Endpoint, CertificateAuthority: c.CA},
			AuthInfo:    clientcmdapi.AuthInfo{ClientCertificate: c.Cert, ClientKey: c.Key},
		})
		if err != nil {
			return nil, fmt.Errorf("endpoint '%s': %w", c.Endpoint, err)
		}
		return config, nil
	}
	config, err := rest.InClusterConfig()
	if err != nil {
		return nil, fmt.Errorf("no 'kubeconfig', 'endpoint' or 'manifests' is given, "+
			"and CoreDNS does not run in a cluster: %w", err)
	}
	return config, nil
}

func load(rules clientcmd.ClientConfigLoader, overrides *clientcmd.ConfigOverrides) (*rest.Config, error) {
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides).ClientConfig()
}
