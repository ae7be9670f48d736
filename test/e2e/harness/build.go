package harness

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// binaries is where what was built is kept, so that the next run only links what has changed. It is relative to the
// folder of the tests, as are the packages below.
const binaries = "bin"

// Progress writes a line about a step that takes long. It goes to standard error, which go test does not hold back
// when it is run in the folder of the tests without naming packages.
func Progress(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "e2e: "+format+"\n", arguments...)
}

// What the functions below build.
const (
	ControlPlaneBinary = "controlplane"
	CoreDNSBinary      = "coredns"
	ChooserBinary      = "choose"
)

// Built is the path of what was built.
func Built(name string) string {
	path, err := filepath.Abs(filepath.Join(binaries, name))
	if err != nil {
		panic(err) // the working directory is gone
	}
	return path
}

// BuildControlPlane builds the control plane.
func BuildControlPlane() error {
	// Without symbols it links in half the time.
	return build(ControlPlaneBinary, ".", "-ldflags=-s -w", "./controlplane")
}

// BuildCoreDNS builds the ready-made CoreDNS with the race detector.
func BuildCoreDNS() error {
	return build(CoreDNSBinary, filepath.Join("..", "..", "cmd", "coredns"), "-race", ".")
}

// BuildChooser builds the command of testdata/choose in the root module.
func BuildChooser() error {
	source, err := filepath.Abs(filepath.Join("testdata", "choose", "choose.go"))
	if err != nil {
		return err
	}
	return build(ChooserBinary, filepath.Join("..", ".."), source)
}

// BuildReorderedCoreDNS builds the same with the order of plugins that the environment variable HEADLESS_PLACE says. Only
// a test has such a choice: the file that makes it stands beside the tests, and takes the place of the real one.
func BuildReorderedCoreDNS() (string, error) {
	main, err := filepath.Abs(filepath.Join("..", "..", "cmd", "coredns"))
	if err != nil {
		return "", err
	}
	order, err := filepath.Abs(filepath.Join("testdata", "order", "order.go"))
	if err != nil {
		return "", err
	}
	overlay, err := filepath.Abs(filepath.Join(binaries, "reordered.json"))
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(main, "order.go"): order}})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(overlay, text, 0o600); err != nil {
		return "", err
	}
	const name = "reordered"
	return Built(name), build(name, main, "-race", "-overlay="+overlay, ".")
}

// build runs go build in a folder, for that is where the module is. The last of the arguments is the package.
func build(name, folder string, arguments ...string) error {
	compiled := &lineCounter{}
	command := exec.Command("go", append([]string{"build", "-v", "-o", Built(name)}, arguments...)...)
	command.Dir, command.Stdout, command.Stderr = folder, compiled, compiled

	begin := time.Now()
	Progress("building %s (minutes where nothing is cached)", name)
	if err := command.Start(); err != nil {
		return fmt.Errorf("building %s: %w", name, err)
	}
	done := make(chan error, 1)
	go func() { done <- command.Wait() }()
	ticker := time.NewTicker(10 * time.Second)
	defer ticker.Stop()
	for {
		select {
		case err := <-done:
			if err != nil {
				return fmt.Errorf("building %s: %w\n%s", name, err, compiled.String())
			}
			Progress("built %s in %.1f s", name, time.Since(begin).Seconds())
			return nil
		case <-ticker.C:
			Progress("building %s: %d packages compiled after %.0f s", name, compiled.lines(), time.Since(begin).Seconds())
		}
	}
}

// lineCounter counts what go build -v writes: a line for each package that it compiles.
type lineCounter struct{ output }

func (c *lineCounter) lines() int {
	return bytes.Count([]byte(c.String()), []byte("\n"))
}
