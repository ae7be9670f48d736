package main

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// program builds a static program for an architecture.
func program(t *testing.T, architecture string) string {
	t.Helper()
	source, built := filepath.Join(t.TempDir(), "main.go"), filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() { println(\"started\") }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", built, source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+architecture)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return built
}

func TestAnImageHasTheProgramWithTheRightToBindPort53AndAUserWhoIsNotRoot(t *testing.T) {
	built, output := program(t, runtime.GOARCH), filepath.Join(t.TempDir(), "image.tar")
	if err := write(built, "headless-dns:test", output); err != nil {
		t.Fatal(err)
	}
	tag := name.MustParseReference("headless-dns:test").(name.Tag)
	loaded, err := tarball.ImageFromPath(output, &tag)
	if err != nil {
		t.Fatal(err)
	}
	about, err := loaded.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config := about.Config
	if about.OS != "linux" || about.Architecture != runtime.GOARCH || config.User != "65532:65532" || strings.Join(config.Entrypoint, " ") != "/coredns" {
		t.Errorf("The image is for %s/%s, and user %q starts %q", about.OS, about.Architecture, config.User, config.Entrypoint)
	}
	content := mutate.Extract(loaded)
	defer func() { _ = content.Close() }()
	files := tar.NewReader(content)
	file, err := files.Next()
	if err != nil {
		t.Fatal(err)
	}
	// As getcap has it: cap_net_bind_service=ep.
	const bindService = "\x01\x00\x00\x02" + "\x00\x04\x00\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"
	if file.Name != "coredns" || file.Mode != 0o755 || file.Uid != 0 || file.PAXRecords["SCHILY.xattr.security.capability"] != bindService {
		t.Errorf("The file of the image is %+v", file)
	}
	got, err := io.ReadAll(files)
	want, wantErr := os.ReadFile(built)
	if errors.Join(err, wantErr) != nil || !bytes.Equal(got, want) {
		t.Errorf("The file of the image is another one: %v", errors.Join(err, wantErr))
	}
	if _, err := files.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("There is another file: %v", err)
	}
}

func TestTheImageOfAProgramIsAlwaysTheSame(t *testing.T) {
	built, output := program(t, runtime.GOARCH), t.TempDir()
	var images [2][]byte
	for i, name := range []string{"first.tar", "second.tar"} {
		path := filepath.Join(output, name)
		err := write(built, "headless-dns:test", path)
		if err == nil {
			images[i], err = os.ReadFile(path)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(images[0], images[1]) {
		t.Error("Two images of one program differ")
	}
}

func TestWhatWouldNotStartInAnImageIsRefused(t *testing.T) {
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	output, small := filepath.Join(t.TempDir(), "image.tar"), program(t, runtime.GOARCH)
	content, err := os.ReadFile(small)
	if err != nil {
		t.Fatal(err)
	}
	content[18] = byte(elf.EM_ARM) // where an ELF file has its machine
	if err := os.WriteFile(small, content, 0o700); err != nil {
		t.Fatal(err)
	}
	for what, test := range map[string]struct{ binary, tag, says string }{
		"a script":            {script, "headless-dns:test", "'" + script + "' is not built for Linux"},
		"a dynamic program":   {shell, "headless-dns:test", "'" + shell + "' is not static: build it with CGO_ENABLED=0"},
		"another machine":     {small, "headless-dns:test", "'" + small + "' is built for EM_ARM, and not for amd64, arm64, ppc64le, riscv64 or s390x"},
		"no name of an image": {shell, "Headless DNS", "'Headless DNS' is no name of an image"},
	} {
		if err := write(test.binary, test.tag, output); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("Of %s it says %q, want %q", what, err, test.says)
		}
	}
	if _, err := os.Stat(output); err == nil {
		t.Error("There is an image all the same")
	}
}
