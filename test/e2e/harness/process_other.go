//go:build !linux

package harness

import "syscall"

// diesWithParent does nothing where a process cannot be bound to its parent: a test binary that is killed leaves its
// processes behind.
func diesWithParent() *syscall.SysProcAttr { return nil }
