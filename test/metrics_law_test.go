package test

import (
	"fmt"
	"go/ast"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

// metric is one that the plugin defines.
type metric struct {
	name, help, kind string
}

// text is the metric as a scrape shows it.
func (m metric) text() string {
	sample := m.name
	if m.kind == "histogram" || m.kind == "summary" {
		sample += "_count"
	}
	return fmt.Sprintf("# HELP %s %s\n# TYPE %s %s\n%s 0\n", m.name, m.help, m.name, m.kind, sample)
}

func TestMetricsAreNamedAsPrometheusAsksAndStandInTheReadme(t *testing.T) {
	metrics := metricsOfThePlugin(t)
	if len(metrics) == 0 {
		t.Fatal("No metrics found")
	}
	readme := read(t, "README.md")
	for _, m := range metrics {
		problems, err := promlint.New(strings.NewReader(m.text())).Lint()
		if err != nil || len(problems) > 0 {
			t.Errorf("Metric %q: %v %v", m.name, problems, err)
		}
		if !strings.Contains(readme, m.name) {
			t.Errorf("README.md does not mention metric %q", m.name)
		}
	}
}

// metricsOfThePlugin finds every call of promauto.NewX in the plugin's package; the names are to be read there, so that
// whoever searches for one finds it.
func metricsOfThePlugin(t *testing.T) []metric {
	t.Helper()
	var found []metric
	for path, file := range goFiles(t, 0) {
		if filepath.Dir(path) != "." || strings.HasSuffix(path, "_test.go") {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && len(call.Args) > 0 {
				if kind, ok := promautoKind(call); ok {
					found = append(found, metricOf(t, path, kind, call.Args[0]))
				}
			}
			return true
		})
	}
	return found
}

// promautoKind says what kind of metric a call defines, if it is one of promauto.
func promautoKind(call *ast.CallExpr) (string, bool) {
	function, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	if from, ok := function.X.(*ast.Ident); !ok || from.Name != "promauto" {
		return "", false
	}
	kind := strings.ToLower(strings.TrimPrefix(function.Sel.Name, "New"))
	return strings.TrimSuffix(strings.TrimSuffix(kind, "vec"), "func"), true
}

// metricOf reads the options of a metric.
func metricOf(t *testing.T, path string, kind string, options ast.Expr) metric {
	t.Helper()
	literal, ok := options.(*ast.CompositeLit)
	if !ok {
		t.Fatalf("%s: a metric's options are no literal", path)
	}
	fields := map[string]string{}
	for _, element := range literal.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		switch value := pair.Value.(type) {
		case *ast.BasicLit:
			fields[pair.Key.(*ast.Ident).Name], _ = strconv.Unquote(value.Value)
		case *ast.Ident: // pluginName
			fields[pair.Key.(*ast.Ident).Name] = "headless"
		case *ast.SelectorExpr: // plugin.Namespace
			fields[pair.Key.(*ast.Ident).Name] = "coredns"
		}
	}
	if fields["Namespace"] != "coredns" || fields["Subsystem"] != "headless" || fields["Name"] == "" {
		t.Fatalf("%s: metric has options %q, want its name in namespace %q and subsystem %q", path, fields, "coredns", "headless")
	}
	return metric{name: "coredns_headless_" + fields["Name"], help: fields["Help"], kind: kind}
}
