package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// e2e is the module of the control plane, from the folder of this one. The harness builds it only there.
const e2e = "../e2e"

// buildControlPlane builds what a cluster is made of. Paths are absolute before, for it changes the folder.
func (b *bench) buildControlPlane() error {
	for _, path := range []*string{&b.coredns, &b.results, &b.profiles} {
		if *path == "" {
			continue
		}
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return err
		}
		*path = absolute
	}
	return errors.Join(os.Chdir(e2e), harness.BuildControlPlane())
}

// progress writes a line about what takes long.
func progress(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", arguments...)
}

// machine says on what it was measured, with nothing that names one machine.
func machine() string {
	return fmt.Sprintf("%s, %d cores, %s of memory, %s, %s", find("/proc/cpuinfo", "model name"), runtime.NumCPU(),
		memory(), strings.Trim(find("/etc/os-release", "PRETTY_NAME"), `"`), runtime.Version())
}

func memory() string {
	var kilobytes float64
	if _, err := fmt.Sscanf(find("/proc/meminfo", "MemTotal"), "%f kB", &kilobytes); err != nil {
		return "?"
	}
	return fmt.Sprintf("%.0f GiB", kilobytes/(1<<20))
}

// find returns what a file says behind a word and a colon or an equals sign.
func find(path, word string) string {
	f, err := os.Open(path)
	if err != nil {
		return "?"
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if text, found := strings.CutPrefix(lines.Text(), word); found {
			return strings.TrimLeft(text, " \t:=")
		}
	}
	return "?"
}

// heading is how each file of the results begins.
func (b *bench) heading(title, part string) string {
	command := "make bench-beside"
	if b.quick {
		command += " QUICK=1"
	}
	return fmt.Sprintf("# %s\n\n%s. %s, `%s` (the part `%s`).\n", title, machine(), time.Now().UTC().Format(time.DateOnly), command, part)
}

// write writes a file of the results.
func (b *bench) write(name, text string) error {
	if err := os.MkdirAll(b.results, 0o755); err != nil {
		return err
	}
	path := filepath.Join(b.results, name)
	progress("writing %s", path)
	return os.WriteFile(path, []byte(text), 0o600)
}
