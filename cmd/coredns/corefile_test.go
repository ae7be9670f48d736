package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// startable returns a Corefile of the README as a test machine can start it: on free loopback ports, and with an
// unreachable cluster in the place of the reader's. All else is left as the reader sees it.
func startable(t *testing.T, corefile, kubeconfig string, ports portMap) string {
	t.Helper()
	root := parseStanzas(corefile)
	for _, server := range root.body {
		if strings.HasPrefix(server.line, "(") {
			continue // a snippet listens nowhere
		}
		server.line = portOfKey.ReplaceAllStringFunc(server.line, func(port string) string { return ":" + ports.of(t, port[1:]) })
		if server.find("bind") == nil {
			server.body = slices.Insert(server.body, 0, &stanza{line: "bind 127.0.0.1"})
		}
	}
	for _, server := range root.body {
		for _, directive := range server.body {
			directive.prepare(kubeconfig)
		}
	}
	// The folder of a snapshot is that of a volume.
	return strings.ReplaceAll(root.text(""), "/var/lib/coredns", t.TempDir())
}

// portOfKey is the port of a server block's key.
var portOfKey = regexp.MustCompile(`:\d+\b`)

// portMap has the free port for each port that a Corefile names.
type portMap map[string]string

func (m portMap) of(t *testing.T, port string) string {
	t.Helper()
	if m[port] == "" {
		m[port] = freePort(t)
	}
	return m[port]
}

// stanza is a line of a Corefile and, where it opens a block, the lines in it.
type stanza struct {
	line string
	body []*stanza
}

// prepare makes a directive fit for a machine without a cluster and with its well-known ports taken.
func (s *stanza) prepare(kubeconfig string) {
	switch name := strings.Fields(s.line)[0]; name {
	case "headless", "kubernetes":
		if s.find("manifests") != nil {
			return
		}
		if s.find("endpoint") == nil {
			s.set("kubeconfig", kubeconfig)
		}
		s.set("startup_timeout", "1ms")
	case "health", "ready", "prometheus", "pprof":
		s.line, s.body = name+" 127.0.0.1:0", nil // health would wait for its lameduck time when it ends
	case "forward":
		s.line = strings.ReplaceAll(s.line, "/etc/resolv.conf", "127.0.0.1:9")
	}
}

// set gives a property another value, or a first one.
func (s *stanza) set(name, value string) {
	property := s.find(name)
	if property == nil {
		property = &stanza{}
		s.body = append(s.body, property)
	}
	property.line = name + " " + value
}

func (s *stanza) find(name string) *stanza {
	for _, sub := range s.body {
		if strings.Fields(sub.line)[0] == name {
			return sub
		}
	}
	return nil
}

// parseStanzas reads a Corefile in which every block begins and ends as the README's do: with a brace at the end of a
// line, and with one on a line of its own. Comments and empty lines are dropped.
func parseStanzas(corefile string) *stanza {
	root := &stanza{}
	open := []*stanza{root}
	for line := range strings.Lines(corefile) {
		line = strings.TrimSpace(line)
		top := open[len(open)-1]
		header, opens := strings.CutSuffix(line, "{")
		switch {
		case line == "" || line[0] == '#':
		case line == "}" && len(open) > 1:
			open = open[:len(open)-1]
		default:
			sub := &stanza{line: strings.TrimSpace(header)}
			top.body = append(top.body, sub)
			if opens {
				open = append(open, sub)
			}
		}
	}
	return root
}

func (s *stanza) text(indent string) string {
	var b strings.Builder
	for _, sub := range s.body {
		b.WriteString(indent + sub.line)
		if len(sub.body) > 0 {
			b.WriteString(" {\n" + sub.text(indent+"    ") + indent + "}")
		}
		b.WriteString("\n")
	}
	return b.String()
}
