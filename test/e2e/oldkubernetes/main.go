// Command oldkubernetes is the API server and the controllers of an old Kubernetes, as ../controlplane is of a new
// one: the oldest that builds from its Go modules, for those of the releases before it lack a generated file. It is a
// module of its own because a module holds one Kubernetes only.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

var components = map[string]func() *cobra.Command{
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllers.NewControllerManagerCommand,
}

func main() {
	if len(os.Args) < 2 || components[os.Args[1]] == nil {
		fmt.Fprintf(os.Stderr, "usage: %s kube-apiserver|kube-controller-manager FLAGS...\n", os.Args[0])
		os.Exit(2)
	}
	command := components[os.Args[1]]()
	command.SetArgs(withOldNames(os.Args[2:]))
	os.Exit(cli.Run(command))
}

// withOldNames gives the controllers the names that they had before Kubernetes 1.28: the garbage-collector-controller
// was garbagecollector.
func withOldNames(flags []string) []string {
	for i, flag := range flags {
		if names, ok := strings.CutPrefix(flag, "--controllers="); ok {
			flags[i] = "--controllers=" + strings.NewReplacer("-controller", "", "-", "").Replace(names)
		}
	}
	return flags
}
