package manifests

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/headless-dns/headless/source"
)

func TestABrokenFileKeepsWhatWasServedUntilItIsMended(t *testing.T) {
	followed(t, func(t *testing.T, r *recorder) {
		put(t, "m/a.yaml", inMariadb("addresses", "adresses"))
		after(5)
		r.wantErrors(t, `m/a.yaml:19: unknown field "endpoints[0].adresses"`)
		r.wantAddresses(t, "172.16.44.32")
		put(t, "m/a.yaml", at("10.0.0.1"))
		after(2)
		r.wantAddresses(t, "10.0.0.1")
		r.wantCalls(t, append(first, first[:2]...)...)
		r.wantErrors(t, `m/a.yaml:19: unknown field "endpoints[0].adresses"`)
	})
}

func TestWhatSaysTheSameIsNotDeliveredAgain(t *testing.T) {
	t.Chdir(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		put(t, "m/a.yaml", mariadb)
		r := run(t, "m")
		put(t, "m/a.yaml", "# a remark\n"+mariadb)
		after(2)
		rename(t, "m/a.yaml", "m/b.yaml")
		after(2)
		r.wantCalls(t, first...)
	})
}

func TestTheSameErrorIsToldOnceInARow(t *testing.T) {
	followed(t, func(t *testing.T, r *recorder) {
		for _, content := range []string{"a: [", "# b\na: [", "a: [", "a: [ ", mariadb, "a: ["} {
			put(t, "m/a.yaml", content)
			after(2)
		}
		one, other := `m/a.yaml:2: did not find expected node content`, `m/a.yaml:3: did not find expected node content`
		r.wantErrors(t, one, other, one, one)
	})
}

func TestWhatIsLeftOutOfAFileIsReportedOnceWhenItIsServed(t *testing.T) {
	malformed := strings.Replace(mariadb, "[172.16.44.32]", "[172.16.44.32, x]", 1)
	write(t, map[string]string{"m/a.yaml": malformed})
	r := &recorder{}
	var values []string
	report := func(p source.Problem) { values = append(values, p.Value) }
	s, err := New([]string{"m"}, source.Decoder{Report: report}, r.failed)
	if err != nil {
		t.Fatal(err)
	}
	reread := func() { _ = s.reread(list(s.paths), r) }
	s.report(nil)
	put(t, "m/b.yaml", "a: [") // with this one nothing of the next is served
	put(t, "m/a.yaml", strings.Replace(malformed, "x]", "z]", 1))
	reread()
	if want := []string{"x"}; !slices.Equal(values, want) {
		t.Errorf("Want %q reported, got %q", want, values)
	}
	put(t, "m/b.yaml", "")
	reread()
	put(t, "m/b.yaml", strings.ReplaceAll(mariadbSlice, "mariadb-1", "mariadb-2"))
	reread()
	if want := []string{"x", "z"}; !slices.Equal(values, want) {
		t.Errorf("Want %q reported, got %q", want, values)
	}
}
