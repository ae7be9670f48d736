package headless

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/coredns/caddy"
)

// keepingAt is a block that keeps a namespace in a file.
func keepingAt(t *testing.T, path, root, namespace string) *config {
	t.Helper()
	block := "headless cluster.local {\nendpoint http://127.0.0.1:1\nnamespaces " + namespace + "\nsnapshot " + path + "\n}"
	conf, err := parse(caddy.NewTestController("dns", block), root)
	if err != nil {
		t.Fatal(err)
	}
	return conf
}

func TestTwoBlocksThatReadOthersDoNotShareAFileWhateverTheyCallIt(t *testing.T) {
	folder := t.TempDir()
	there, link := filepath.Join(folder, "there"), filepath.Join(folder, "link")
	if err := errors.Join(os.Mkdir(there, 0o700), os.Mkdir(filepath.Join(folder, "other"), 0o700), os.Symlink("there", link)); err != nil {
		t.Fatal(err)
	}
	t.Chdir(link)
	in := caddy.NewTestController("dns", "")
	if err := keepingAt(t, there+"/file", "", "a").claimSnapshot(in); err != nil {
		t.Fatal(err)
	}
	for _, at := range []struct{ path, root string }{
		{"file", ""}, {"./file", ""}, {"../there/file", ""}, {"../link/file", ""}, {link + "/file", ""},
		{folder + "/other/..//there/file", ""}, {"link/file", folder}, {"../link/file", there}, {"file", link},
	} {
		if err := keepingAt(t, at.path, at.root, "b").claimSnapshot(in); err == nil {
			t.Errorf("'%s' in '%s' is taken for another file", at.path, at.root)
		}
		if err := keepingAt(t, at.path, at.root, "a").claimSnapshot(in); err != nil {
			t.Errorf("A block that reads the same may not share '%s' in '%s': %v", at.path, at.root, err)
		}
	}
	if err := keepingAt(t, "../other/file", "", "b").claimSnapshot(in); err != nil {
		t.Errorf("A file in another folder is taken for the same: %v", err)
	}
}

// The system goes up from where a link leads to, and not from the link.
func TestASnapshotIsKeptWhereTheSystemFindsItsPath(t *testing.T) {
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	link, want := filepath.Join(folder, "link"), filepath.Join(folder, "deep", "file")
	if err := errors.Join(os.MkdirAll(filepath.Join(folder, "deep", "there"), 0o700), os.Symlink("deep/there", link)); err != nil {
		t.Fatal(err)
	}
	t.Chdir(link)
	for _, path := range []string{"../file", link + "/../file", "../there/../file"} {
		if got := keepingAt(t, path, "", "a").snapshot; got != want {
			t.Errorf("'%s' is kept in '%s', want '%s'", path, got, want)
		}
	}
}
