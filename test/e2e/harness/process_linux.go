package harness

import "syscall"

// diesWithParent lets no process outlive a test binary that was killed or that panicked.
func diesWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
