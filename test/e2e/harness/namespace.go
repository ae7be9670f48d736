package harness

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
)

// insideVariable tells a process that it is the one that runs in the namespace.
const insideVariable = "HEADLESS_E2E_NAMESPACE"

// localNetworks are those of the nodes' own addresses, of the pods that a test gives a [Place], and of the others.
func localNetworks() []string {
	networks := []string{"10.100.0.0/16", "fd00:10:100::/48", "10.110.0.0/16", "fd00:10:110::/48"}
	for _, node := range Nodes {
		networks = append(networks, node.PodNetworks()...)
	}
	return networks
}

// InNamespace says whether this process runs in the network namespace that [RunInNamespace] made.
func InNamespace() bool { return os.Getenv(insideVariable) != "" }

// RunInNamespace runs this program again, with the same arguments, in a network namespace of its own, and returns its
// exit code. There every address of a pod and of a node is one of the machine, so that a test can ask from it: nothing
// outside notices, and no rights are needed but those to make a namespace.
func RunInNamespace() (int, error) {
	// A process that dies with its parent dies with the thread that started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	command, err := startInNamespace()
	if err != nil {
		return 1, fmt.Errorf("making a network namespace, which takes root or a kernel that lets users make them: %w", err)
	}
	// Whoever tells the parent to end means the child, which ends in its own way.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM)
	go func() {
		for s := range signals {
			_ = command.Process.Signal(s)
		}
	}()
	_ = command.Wait() // how it ended is in its state
	signal.Stop(signals)
	close(signals)
	if code := command.ProcessState.ExitCode(); code >= 0 {
		return code, nil
	}
	return 1, fmt.Errorf("the tests in the namespace: %s", command.ProcessState)
}

// again is this program, to be started in one of the ways that a system has to make namespaces.
func again(attributes *syscall.SysProcAttr) (*exec.Cmd, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.Command(path, os.Args[1:]...)
	command.Env = append(os.Environ(), insideVariable+"=1")
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.SysProcAttr = attributes
	return command, command.Start()
}
