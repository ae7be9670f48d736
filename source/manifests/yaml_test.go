package manifests

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// text returns the documents of a YAML file as JSON.
func text(yaml string) (string, error) {
	var all []string
	err := readYAML("a.yaml", []byte(yaml), func(d document) error {
		all = append(all, string(d.text))
		return nil
	})
	return strings.Join(all, " "), err
}

func TestYAMLIsUnderstoodAsKubectlDoes(t *testing.T) {
	for _, c := range []struct{ name, yaml, want string }{
		{"NothingIsNoDocument", "# a remark\n---\n---\n~\n...\n", ``},
		{"ManyDocuments", "a: b\n--- # two\na: 2\n...\n---\n{}\n", `{"a":"b"} {"a":2} {}`},
		{"Scalars", `[yes, "yes", true, ~, null, 010, 0x10, 1_0, 1.5, 2020-01-01, 1e3, a b, !!str 1, 'it''s']`,
			`["yes","yes",true,null,null,8,16,10,1.5,"2020-01-01",1000,"a b","1","it's"]`},
		{"BlockScalars", "a: |\n  x\n  y\nb: >-\n  x\n  y\n", `{"a":"x\ny\n","b":"x y"}`},
		{"KeysAreStrings", "1: a\ntrue: b\n80: c\n", `{"1":"a","80":"c","true":"b"}`},
		{"AnAliasOfNothing", "a: &x [1]\nb: *x\n? *k\n: 1\n", `error`},
		{"AliasesOfValuesAndKeys", "a: &k key\nb: &x [1]\nc: *x\n? *k\n: 1\n", `{"a":"key","b":[1],"c":[1],"key":1}`},
		{"MergedMappings", "a: &x {b: 1, c: 2}\nd:\n  c: 3\n  <<: *x\n  e: 4\n", `{"a":{"b":1,"c":2},"d":{"b":1,"c":3,"e":4}}`},
		{"TheFirstOfMergedMappingsWins", "<<: [{a: 1, b: 1}, {b: 2, c: 2, <<: {c: 3, d: 3}}]\n", `{"a":1,"b":1,"c":2,"d":3}`},
		{"OnlyMappingsMerge", "<<: 1\n", `error`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := text(c.yaml)
			if err != nil {
				got = "error"
			}
			if got != c.want {
				t.Errorf("Want %s, got %s (%v)", c.want, got, err)
			}
		})
	}
}

// bombs are small files that stand for more than any memory holds.
func bombs() map[string]string {
	var laughs, merges strings.Builder
	laughs.WriteString("a0: &a0 [lol]\n")
	merges.WriteString("a0: &a0 {lol: lol}\n")
	for i := range 30 {
		alias := strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 10), ", ")
		fmt.Fprintf(&laughs, "a%d: &a%d [%s]\n", i+1, i+1, alias)
		fmt.Fprintf(&merges, "a%d: &a%d {<<: [%s]}\n", i+1, i+1, alias)
	}
	return map[string]string{
		"aliases of aliases":              laughs.String(),
		"merges of merges":                merges.String(),
		"one long value many times":       "a: &a " + strings.Repeat("x", 1<<16) + "\nb: [" + strings.Repeat("*a, ", 1<<14) + "]\n",
		"one long key many times":         "a: &a " + strings.Repeat("x", 1<<16) + "\nb: [" + strings.Repeat("{*a : 1}, ", 1<<14) + "]\n",
		"a value with its own alias":      "a: &a [*a]\n",
		"a mapping merged into itself":    "a: &a {<<: *a}\n",
		"more brackets than a stack has":  strings.Repeat("[", 1<<20),
		"more indents than a stack has":   strings.Repeat("- ", 1<<20),
		"many brackets that are all shut": strings.Repeat("[", 9000) + strings.Repeat("]", 9000),
	}
}

func TestAFewLinesOfYAMLNeverTakeMuchMemory(t *testing.T) {
	for name, bomb := range bombs() {
		t.Run(name, func(t *testing.T) {
			write(t, file(bomb))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := read(list([]string{"m"}), decoder)
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Error("Want an error")
			}
			// All that was ever allocated, so the heap was never larger.
			if took := after.TotalAlloc - before.TotalAlloc; took > 128<<20 {
				t.Errorf("Want at most 128 MiB allocated, got %d MiB", took>>20)
			}
		})
	}
}
