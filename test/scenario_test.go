// Package test proves, from outside, what the plugin says it does: a CoreDNS in this process, its Corefile and its
// manifests are asked over real sockets, and each scenario is a text file in testdata.
//
// A scenario is a txtar archive. The text before its first file is one sentence: what it proves. Then come files, in
// the order of what happens:
//
//	-- Corefile --         with bind and port left out: loopback and a free port are chosen
//	-- manifests/x.yaml -- any other file is written to the scenario's directory, which CoreDNS runs in
//	-- queries --          the first one starts CoreDNS
//	-- manifests/x.yaml -- from then on a file is a change that CoreDNS has to notice
//	-- remove manifests/x.yaml --
//	-- queries --
//
// An archive that begins with -- example NAME -- plays in a directory with examples/NAME of the repository, and with its
// Corefile.
//
// Numbers in braces, as in 10.0.0.{1..200}, repeat their line for each of them.
//
// Queries are written as for dig, and under each stands its reply as [reply] describes it. They are asked over UDP and
// over TCP, save those with +udp or +tcp, and from 127.0.0.1, save those with +from=ADDRESS of loopback. A record that
// a section has and the reply has not is an error, and so is one the other way round. Always checked, and never
// written: the reply's question is the query's, case included; it has an OPT record if and only if the query had one;
// over UDP it fits what the client takes.
//
//	dig mariadb.default.svc.test.com A +bufsize=1232
//	NOERROR qr aa rd
//	answer:
//	    mariadb.default.svc.test.com. 30 IN A 172.16.44.32
//
// The first query after a change is repeated until it is answered as written, for two seconds at most; a line
// "log: TEXT" waits in the same way for a line of the log that holds TEXT. All others must be right at once.
package test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	_ "github.com/coredns/coredns/plugin/acl"
	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/file"
	_ "github.com/coredns/coredns/plugin/header"
	_ "github.com/coredns/coredns/plugin/hosts"
	_ "github.com/coredns/coredns/plugin/loadbalance"
	_ "github.com/coredns/coredns/plugin/log"
	_ "github.com/coredns/coredns/plugin/metadata"
	_ "github.com/coredns/coredns/plugin/minimal"
	_ "github.com/coredns/coredns/plugin/rewrite"
	_ "github.com/coredns/coredns/plugin/template"
	_ "github.com/coredns/coredns/plugin/transfer"
	_ "github.com/coredns/coredns/plugin/whoami"

	_ "github.com/headless-dns/headless"
)

// patience is how long a change may take until it is seen. The plugin promises one second; the other is for a
// machine that is busy.
const patience = 2 * time.Second

func TestMain(m *testing.M) {
	caddy.Quiet, dnsserver.Quiet, dnsserver.Port = true, true, "0"
	// Assigned, as CoreDNS before 1.15 has no SetDirectives.
	dnsserver.Directives = []string{
		"metadata", "bind", "errors", "log", "rewrite", "acl",
		"headless",
		"loadbalance", "cache", "header", "minimal", "template", "transfer", "hosts", "file", "whoami",
	}
	os.Exit(m.Run())
}

func TestScenarios(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("testdata", "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("No scenarios found: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			scenario, err := readScenario(path)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("Proves: %s", scenario.proves)
			scenario.play(t)
		})
	}
}

// play makes the steps in a directory of their own.
func (s *scenario) play(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	var server *server
	changed := false
	for _, step := range s.steps {
		switch {
		case step.queries == nil:
			step.change(t)
			changed = true
			continue
		case server == nil:
			server = start(t, s.corefile)
			changed = false
		}
		for _, q := range step.queries {
			server.check(t, q, changed || q.logged != "")
			changed = false
		}
	}
}

// change makes the change in the scenario's directory.
func (s step) change(t *testing.T) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(s.file), 0o700)
	switch {
	case err != nil:
	case s.example != "":
		err = os.CopyFS(s.file, os.DirFS(s.example))
	case s.remove:
		err = os.Remove(s.file)
	default:
		err = os.WriteFile(s.file, s.content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
