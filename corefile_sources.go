package headless

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

// checkSources refuses more than one source of endpoints, and properties that contradict each other.
func checkSources(seen map[string]bool) error {
	var given []string
	for _, name := range []string{"kubeconfig", "endpoint", "manifests"} {
		if seen[name] {
			given = append(given, "'"+name+"'")
		}
	}
	if len(given) > 1 {
		return fmt.Errorf("%s are different sources of endpoints: only one of them can be given", strings.Join(given, " and "))
	}
	if seen["tls"] && !seen["endpoint"] {
		return errors.New("'tls' needs an 'endpoint'")
	}
	for _, name := range []string{"watch", "stale", "snapshot"} {
		if seen[name] && seen["manifests"] {
			return fmt.Errorf("'%s' is about an API server, and has no meaning with 'manifests'", name)
		}
	}
	if seen["namespaces"] && seen["namespace_labels"] {
		return errors.New("'namespaces' and 'namespace_labels' are two ways to choose namespaces: only one of them can be given")
	}
	return nil
}

func (c *config) setKubeconfig(args []string) error {
	if len(args) != 1 && len(args) != 2 {
		return wrongCount(args, "FILE [CONTEXT]")
	}
	c.api.Kubeconfig = c.path(args[0])
	if len(args) == 2 {
		c.api.Context = args[1]
	}
	return nil
}

func (c *config) setEndpoint(args []string) error {
	if len(args) != 1 {
		return wrongCount(args, "URL")
	}
	server, err := url.Parse(args[0])
	if err != nil || server.Scheme != "http" && server.Scheme != "https" || server.Host == "" {
		return fmt.Errorf("'%s' is no URL of an API server, such as https://127.0.0.1:6443", args[0])
	}
	c.api.Endpoint = args[0]
	return nil
}

func (c *config) setTLS(args []string) error {
	if len(args) != 3 {
		return wrongCount(args, "CERT KEY CACERT")
	}
	c.api.Cert, c.api.Key, c.api.CA = c.path(args[0]), c.path(args[1]), c.path(args[2])
	return nil
}

func (c *config) setManifests(args []string) error {
	if len(args) == 0 {
		return wrongCount(args, "PATH...")
	}
	for _, arg := range args {
		c.manifests = append(c.manifests, c.path(arg))
	}
	return nil
}

// setWatch says which EndpointSlices to watch.
func (c *config) setWatch(args []string) error {
	if len(args) != 1 {
		return wrongCount(args, "headless|all")
	}
	switch args[0] {
	case "headless", "all":
		c.api.WatchAll = args[0] == "all"
		return nil
	}
	return fmt.Errorf("'%s' is neither headless nor all", args[0])
}

// path returns where a file of the Corefile is.
func (c *config) path(arg string) string {
	if filepath.IsAbs(arg) || c.root == "" {
		return arg
	}
	return filepath.Join(c.root, arg)
}
