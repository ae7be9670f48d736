package manifests

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxFile is the size of the largest file that is read. The manifests of 100,000 endpoints are about half of it.
const maxFile = 64 << 20

// stamp says what can be known of a file without reading it.
type stamp struct {
	name string
	info fs.FileInfo // of what a link leads to; nil where there is an error
	err  error
}

// same tells whether two looks have found the same. The identity of a file matters too, for a store of files may give
// all of them one time.
func same(a, b []stamp) bool {
	return slices.EqualFunc(a, b, func(a, b stamp) bool {
		if a.err != nil || b.err != nil {
			return fmt.Sprint(a.err) == fmt.Sprint(b.err)
		}
		return a.name == b.name && os.SameFile(a.info, b.info) && a.info.Size() == b.info.Size() &&
			a.info.ModTime().Equal(b.info.ModTime())
	})
}

// list returns the files behind the paths, each once: a path itself, or what a folder directly holds of manifests.
func list(paths []string) []stamp {
	files := []stamp{}
	listed := map[string]bool{}
	for _, path := range paths {
		found := []stamp{stat(path)}
		if info := found[0].info; info != nil && info.IsDir() {
			found = listFolder(path)
		}
		for _, file := range found {
			if name := filepath.Clean(file.name); !listed[name] {
				listed[name] = true
				files = append(files, file)
			}
		}
	}
	return files
}

// listFolder leaves out names with a dot in front: they are what editors and volumes keep for themselves.
func listFolder(path string) []stamp {
	entries, err := os.ReadDir(path)
	if err != nil {
		return []stamp{{name: path, err: err}}
	}
	var files []stamp
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, ".") || !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(name)) {
			continue
		}
		// In the volume of a ConfigMap every file is a link, so the entry's own type says nothing.
		if file := stat(filepath.Join(path, name)); file.info == nil || !file.info.IsDir() {
			files = append(files, file)
		}
	}
	return files
}

func stat(path string) stamp {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = fmt.Errorf("path %q does not exist", path)
	case err == nil && !info.Mode().IsRegular() && !info.IsDir(): // a pipe would block, a device never end
		info, err = nil, fmt.Errorf("path %q is neither a file nor a folder", path)
	}
	return stamp{path, info, err}
}

// readFile calls each for the objects of a file that is not too large.
func readFile(file stamp, each func(document) error) error {
	if file.err != nil {
		return file.err
	}
	if file.info.Size() > maxFile {
		return fmt.Errorf("path %q is larger than %d MiB", file.name, maxFile>>20)
	}
	content, err := os.ReadFile(file.name)
	if err != nil {
		return err
	}
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	// The rules of JSON and of YAML differ where they seem the same, in strings with surrogate pairs for one.
	if filepath.Ext(file.name) == ".json" {
		return readJSON(file.name, content, each)
	}
	return readYAML(file.name, content, each)
}
