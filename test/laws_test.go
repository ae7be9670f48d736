package test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is the repository, as seen from here.
const root = ".."

// directDependencies are what whoever lists the plugin in plugin.cfg gets with it. A new one is a decision: it stands
// in ARCHITECTURE.md, with the reason for it.
var directDependencies = []string{
	"github.com/coredns/caddy",
	"github.com/coredns/coredns",
	"github.com/expr-lang/expr",
	"github.com/gaissmai/bart",
	"github.com/miekg/dns",
	"github.com/prometheus/client_golang",
	"go.yaml.in/yaml/v3",
	"golang.org/x/tools",
	"k8s.io/api",
	"k8s.io/apimachinery",
	"k8s.io/client-go",
	"k8s.io/klog/v2",
	"k8s.io/utils",
	"sigs.k8s.io/json",
}

func TestTheModuleHasTheDirectDependenciesThatTheArchitectureGivesReasonsFor(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json", filepath.Join(root, "go.mod")).Output()
	if err != nil {
		t.Fatal(err)
	}
	var module struct {
		Require []struct {
			Path     string
			Indirect bool
		}
		Replace []any
	}
	if err := json.Unmarshal(out, &module); err != nil {
		t.Fatal(err)
	}
	// A replace directive acts in the main module only, so a build that lists the plugin would be another one than
	// ours.
	if len(module.Replace) > 0 {
		t.Errorf("The root module replaces %v", module.Replace)
	}
	var direct []string
	for _, require := range module.Require {
		if !require.Indirect {
			direct = append(direct, require.Path)
		}
	}
	slices.Sort(direct)
	if !slices.Equal(direct, directDependencies) {
		t.Errorf("Direct dependencies are\n%q, want\n%q", direct, directDependencies)
	}
	architecture := read(t, "ARCHITECTURE.md")
	for _, path := range direct {
		if !strings.Contains(architecture, path) {
			t.Errorf("ARCHITECTURE.md does not say why %q is needed", path)
		}
	}
}

func TestOnlyTheKubernetesSourceImportsClientGo(t *testing.T) {
	for path, file := range goFiles(t, parser.ImportsOnly) {
		dir := filepath.ToSlash(filepath.Dir(path))
		if strings.HasSuffix(path, "_test.go") || dir == "source/kubernetes" || strings.HasPrefix(dir, "test/") {
			continue
		}
		for _, spec := range file.Imports {
			if strings.HasPrefix(spec.Path.Value, `"k8s.io/client-go`) {
				t.Errorf("%s imports %s", path, spec.Path.Value)
			}
		}
	}
}

func TestEveryPackageHasOnePackageComment(t *testing.T) {
	comments := map[string][]string{}
	onlyTests := map[string]bool{}
	files := goFiles(t, parser.PackageClauseOnly|parser.ParseComments)
	for path := range files {
		dir := filepath.Dir(path)
		if _, seen := onlyTests[dir]; !seen {
			onlyTests[dir] = true
		}
		onlyTests[dir] = onlyTests[dir] && strings.HasSuffix(path, "_test.go")
	}
	for path, file := range files {
		dir := filepath.Dir(path)
		if file.Doc != nil && (onlyTests[dir] || !strings.HasSuffix(path, "_test.go")) {
			comments[dir] = append(comments[dir], path)
		}
	}
	for dir := range onlyTests {
		if len(comments[dir]) != 1 {
			t.Errorf("Package %q has its comment in %q, want it in one file", dir, comments[dir])
		}
	}
}

func TestNoGoFileIsLong(t *testing.T) {
	const most = 350
	for path := range goFiles(t, parser.PackageClauseOnly) {
		if n := strings.Count(read(t, path), "\n"); n > most {
			t.Errorf("%s has %d lines, want %d at most: would it still be one idea?", path, n, most)
		}
	}
}

// ofSomeMachine finds paths of a machine and hosts of a registry that somebody worked with; neither says anything to a
// reader, who has others.
var ofSomeMachine = regexp.MustCompile(`(?:^|[^A-Za-z0-9_.-])/(?:work|root|farm|home|Users|tmp)/|proxy\.golang\.org|deb\.debian\.org|registry\.npmjs`)

func TestNoFileNamesAPathOfSomeMachine(t *testing.T) {
	for _, path := range files(t) {
		if filepath.Base(path) == "go.sum" {
			continue
		}
		for i, line := range strings.Split(read(t, path), "\n") {
			if found := ofSomeMachine.FindString(line); found != "" {
				t.Errorf("%s:%d has %q", path, i+1, found)
			}
		}
	}
}

// files returns the repository's files: what git tracks, and what it would.
func files(t *testing.T) []string {
	t.Helper()
	// The repository may belong to another user than the one who tests it, as it does in a container.
	git := exec.CommandContext(t.Context(), "git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	git.Dir = root
	out, err := git.Output()
	if err != nil {
		t.Fatalf("Could not list the repository's files: %v", err)
	}
	paths := strings.Split(strings.TrimRight(string(out), "\x00"), "\x00")
	return slices.DeleteFunc(paths, func(path string) bool {
		info, err := os.Stat(filepath.Join(root, path))
		return err != nil || !info.Mode().IsRegular() // deleted and not committed yet, or a link
	})
}

// goFiles parses the repository's Go files, those of the nested modules included.
func goFiles(t *testing.T, mode parser.Mode) map[string]*ast.File {
	t.Helper()
	parsed := map[string]*ast.File{}
	for _, path := range files(t) {
		if filepath.Ext(path) != ".go" {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, path), nil, mode)
		if err != nil {
			t.Fatal(err)
		}
		parsed[path] = file
	}
	return parsed
}

// read returns the text of one of the repository's files.
func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
