package manifests

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/headless-dns/headless/source"
)

// FuzzRead puts arbitrary bytes into a file that is being served. A reading that fails delivers nothing, one that
// does not fail can be read once more with the same result.
func FuzzRead(f *testing.F) {
	for _, m := range mistakes {
		for name, content := range m.files {
			f.Add(filepath.Ext(name) == ".json", content)
		}
	}
	for _, bomb := range bombs() {
		if len(bomb) < 1<<8 { // the others are slow
			f.Add(false, bomb)
		}
	}
	f.Add(false, mariadb)
	f.Add(false, "&a kind: Service\n*a : List\n? [a]\n: !!binary aGk=\n<<: [{apiVersion: v1}]\n...\n%YAML 1.1\n---\n- !x |2+\n   y\n")
	f.Add(true, `{"kind":"List","apiVersion":"v1","items":[{"kind":"Service","apiVersion":"v1","metadata":{"name":"a"}}]} {"kind":"Node"}`)
	folder := f.TempDir()
	f.Fuzz(func(t *testing.T, isJSON bool, content string) {
		name := filepath.Join(folder, "a.yaml")
		if isJSON {
			name = filepath.Join(folder, "a.json")
		}
		put(t, name, mariadb)
		if isJSON {
			put(t, name, "{\"kind\":\"Node\",\"apiVersion\":\"v1\"}")
		}
		t.Cleanup(func() { _ = os.Remove(name) })
		r := &recorder{}
		report := func(p source.Problem) {
			if p.Reason == "" {
				t.Errorf("Want a reason of %+v", p)
			}
		}
		s, err := New([]string{folder}, source.Decoder{Report: report}, r.failed)
		if err != nil {
			t.Fatal(err)
		}
		before := s.served
		put(t, name, content)
		_ = s.reread(list(s.paths), r)
		failed := len(r.errors) > 0
		if failed && (len(r.calls) > 0 || !s.served.equal(before)) {
			t.Errorf("Want nothing delivered after %q, got %v", r.errors, r.calls)
		}
		again, err := New([]string{folder}, s.decoder, r.failed)
		if (err != nil) != failed {
			t.Errorf("Want the same result once more, got %v after %q", err, r.errors)
		}
		if err == nil && !again.served.equal(s.served) {
			t.Errorf("Want %v once more, got %v", s.served, again.served)
		}
	})
}
