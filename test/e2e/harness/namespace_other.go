//go:build !linux

package harness

import (
	"errors"
	"os/exec"
	"syscall"
)

var errNoNamespaces = errors.New("only Linux has network namespaces")

func startInNamespace() (*exec.Cmd, error) { return nil, errNoNamespaces }

// SetUpNamespace fails: there is no namespace.
func SetUpNamespace() error { return errNoNamespaces }

func bindAny(string, string, syscall.RawConn) error { return nil }
