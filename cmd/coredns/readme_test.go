package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
)

func TestEveryCorefileOfTheReadmeStarts(t *testing.T) {
	kubeconfig := unreachableCluster(t)
	fences := fencesOf(t, filepath.Join(root, "README.md"))
	if len(fences) == 0 {
		t.Fatal("The README has no corefile fence")
	}
	for _, fence := range fences {
		t.Run(fmt.Sprintf("line %d", fence.line), func(t *testing.T) {
			t.Parallel()
			ports := portMap{}
			corefile := startable(t, fence.text, kubeconfig, ports)
			// In a process of its own: two kubernetes plugins in one, even one after the other, are a data race of theirs.
			child := exec.Command(os.Args[0])
			child.Dir = root
			child.Env = append(os.Environ(), toStart+"="+corefile, defaultPort+"="+ports.of(t, "53"), "GORACE=atexit_sleep_ms=0")
			if out, err := child.CombinedOutput(); err != nil {
				t.Fatalf("Could not start: %v\n%s\nof the README:\n%s\nas it was started:\n%s", err, out, fence.text, corefile)
			}
		})
	}
}

// root is that of the repository, where a reader of the README stands: examples name files as seen from there.
var root = filepath.Join("..", "..")

// What tells this binary to start a Corefile in the place of its tests.
const toStart, defaultPort = "COREFILE_TO_START", "DEFAULT_PORT"

// startAndStop starts a Corefile and ends it.
func startAndStop(corefile, port string) error {
	dnsserver.Port = port
	instance, err := caddy.Start(caddy.CaddyfileInput{Filepath: "README.md", Contents: []byte(corefile), ServerTypeName: "dns"})
	if err != nil {
		return err
	}
	return errors.Join(append(instance.ShutdownCallbacks(), instance.Stop())...)
}

func TestTheReadmeHasTheSectionsOfAManPageInTheirOrder(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var sections []string
	for line := range strings.Lines(string(text)) {
		if title, ok := strings.CutPrefix(line, "## "); ok {
			sections = append(sections, strings.TrimSpace(title))
		}
	}
	if slices.Contains(sections, "Also See") {
		t.Errorf("Section %q must be called %q", "Also See", "See Also")
	}
	at := 0
	for _, want := range []string{"Name", "Description", "Syntax", "Examples"} {
		found := slices.Index(sections[at:], want)
		if found < 0 {
			t.Fatalf("Section %q is missing or stands before its place in %q", want, sections)
		}
		at += found + 1
	}
}

// fence is a piece of a Markdown file that is marked as a Corefile.
type fence struct {
	line int // where it begins in the file
	text string
}

// fencesOf returns the Corefiles between ~~~ corefile and ~~~, or between three backticks.
func fencesOf(t *testing.T, path string) []fence {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var fences []fence
	end := "" // of the fence that is being read
	scanner := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; scanner.Scan(); n++ {
		line := strings.TrimRight(scanner.Text(), " ")
		switch mark, language := line[:min(3, len(line))], line[min(3, len(line)):]; {
		case end != "" && line == end:
			end = ""
		case end != "":
			fences[len(fences)-1].text += line + "\n"
		case (mark == "~~~" || mark == "```") && strings.TrimSpace(language) == "corefile":
			fences, end = append(fences, fence{line: n + 1}), mark
		}
	}
	if end != "" {
		t.Fatalf("The fence of line %d in %q has no end", fences[len(fences)-1].line, path)
	}
	return fences
}

// unreachableCluster writes a kubeconfig whose API server is a loopback port where nothing listens.
func unreachableCluster(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	text := `apiVersion: v1
kind: Config
clusters: [{name: none, cluster: {server: "http://127.0.0.1:` + freePort(t) + `"}}]
users: [{name: none, user: {}}]
contexts: [{name: none, context: {cluster: none, user: none}}]
current-context: none
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// freePort returns a port that nothing uses on loopback, neither by UDP nor by TCP.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		tcp, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		udp, err := net.ListenPacket("udp", tcp.Addr().String())
		_ = tcp.Close()
		if err != nil {
			continue // taken by UDP: try another one
		}
		_ = udp.Close()
		_, port, err := net.SplitHostPort(tcp.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return port
	}
	t.Fatal("No port is free")
	return ""
}
