package harness

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// stopPatience is how long a process may take to end by itself before it is killed.
const stopPatience = 10 * time.Second

// Process is a program that a test can stop and start again with the same arguments.
type Process struct {
	Name string
	Path string
	Args []string
	Env  []string // added to the environment of the test

	output output

	// The following fields are those of the present run; they belong to whoever starts and stops the process.
	command *exec.Cmd
	ended   chan struct{}
}

// Start starts the process, which must not be running.
func (p *Process) Start() error {
	command := exec.Command(p.Path, p.Args...)
	command.Env = append(os.Environ(), p.Env...)
	command.Stdout, command.Stderr = &p.output, &p.output
	command.SysProcAttr = diesWithParent()
	if err := command.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", p.Name, err)
	}
	ended := make(chan struct{})
	p.command, p.ended = command, ended
	go func() {
		// How it ended is of no interest: it is told to, or else whoever waits for its work says what is missing.
		_ = command.Wait()
		close(ended)
	}()
	return nil
}

// Stop asks the process to end and waits until it has.
func (p *Process) Stop() {
	p.Signal(syscall.SIGTERM)
	select {
	case <-p.Ended():
	case <-time.After(stopPatience):
		p.Kill()
	}
}

// Kill ends the process at once, as the death of its machine would.
func (p *Process) Kill() {
	p.Signal(syscall.SIGKILL)
	<-p.Ended()
}

// Signal sends a signal, such as SIGSTOP; one to a process that does not run is lost.
func (p *Process) Signal(signal syscall.Signal) {
	if p.command != nil {
		_ = p.command.Process.Signal(signal)
	}
}

// Ended is closed once the process does not run.
func (p *Process) Ended() <-chan struct{} {
	if p.command == nil {
		ended := make(chan struct{})
		close(ended)
		return ended
	}
	return p.ended
}

// Running says whether the process was started and has not ended.
func (p *Process) Running() bool {
	select {
	case <-p.Ended():
		return false
	default:
		return true
	}
}

// PID is the number of the process that was started last.
func (p *Process) PID() int { return p.command.Process.Pid }

// exitCode is that of a process that was started and has ended.
func (p *Process) exitCode() int { return p.command.ProcessState.ExitCode() }

// Output is what the process has written so far, over all its runs.
func (p *Process) Output() string { return p.output.String() }

// LastLines is the end of the output, for the message of a test that failed.
func (p *Process) LastLines(n int) string {
	lines := strings.Split(strings.TrimSpace(p.Output()), "\n")
	return fmt.Sprintf("--- %s:\n%s", p.Name, strings.Join(lines[max(0, len(lines)-n):], "\n"))
}

// output collects what a process writes.
type output struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.String()
}
