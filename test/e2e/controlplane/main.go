// Command controlplane runs one component of a Kubernetes control plane: the real one, built from its Go module.
//
//	controlplane etcd FLAGS...
//	controlplane kube-apiserver FLAGS...
//	controlplane kube-controller-manager FLAGS...
//
// One binary holds all three because they share most of their code and linking it once is what takes the time. Each
// runs as a process of its own, so that a test can stop, kill and restart one without the others.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

// components are built only when they are asked for: two of them in one process would register their feature gates twice.
var components = map[string]func() *cobra.Command{
	"etcd":                    newEtcdCommand,
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllers.NewControllerManagerCommand,
}

func main() {
	if len(os.Args) < 2 || components[os.Args[1]] == nil {
		fmt.Fprintf(os.Stderr, "usage: %s etcd|kube-apiserver|kube-controller-manager FLAGS...\n", os.Args[0])
		os.Exit(2)
	}
	command := components[os.Args[1]]()
	command.SetArgs(os.Args[2:])
	os.Exit(cli.Run(command))
}
