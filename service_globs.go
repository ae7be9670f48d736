package headless

import (
	"fmt"
	"path"
	"strings"
)

// everyService are the globs that all services match.
var everyService = serviceGlobs{"*/*"}

// serviceGlobs are patterns of the form NAMESPACE/SERVICE, with * and ? and [...] as in file names. Without any, no
// service matches.
type serviceGlobs []string

// globOctets are those of the names of services and namespaces, and of patterns.
const globOctets = "abcdefghijklmnopqrstuvwxyz0123456789-*?[]^"

// parseServiceGlobs refuses what can match no service.
func parseServiceGlobs(args []string) (serviceGlobs, error) {
	for _, arg := range args {
		_, err := path.Match(arg, "")
		namespace, service, found := strings.Cut(arg, "/")
		if err != nil || !found || namespace == "" || service == "" || strings.Trim(namespace+service, globOctets) != "" {
			return nil, fmt.Errorf("'%s' is no pattern of services, such as default/db or */db-*", arg)
		}
	}
	return args, nil
}

// match says whether a service, given as SERVICE.NAMESPACE, is among them.
func (g serviceGlobs) match(key string) bool {
	if len(g) == 0 {
		return false
	}
	service, namespace, _ := strings.Cut(key, ".")
	for _, glob := range g {
		if ok, err := path.Match(glob, namespace+"/"+service); ok && err == nil {
			return true
		}
	}
	return false
}
