package main

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

const (
	// entrypoint is the one file of the image.
	entrypoint = "/coredns"
	// user is the one that deploy/deployment.yaml says, called nonroot in other images.
	user = "65532:65532"
)

// architectures are those of ELF files, as images call them.
var architectures = map[elf.Machine]string{
	elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64", elf.EM_PPC64: "ppc64le", elf.EM_RISCV: "riscv64", elf.EM_S390: "s390x",
}

// imageOf makes the image. Of one binary it is always the same, to the octet.
func imageOf(path string) (v1.Image, error) {
	architecture, err := architectureOf(path)
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	files, err := archive(content)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files)), nil })
	if err != nil {
		return nil, err
	}
	made, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, err
	}
	about, err := made.ConfigFile()
	if err != nil {
		return nil, err
	}
	about.OS, about.Architecture = "linux", architecture
	about.Config = v1.Config{
		Entrypoint: []string{entrypoint}, User: user, WorkingDir: "/",
		ExposedPorts: map[string]struct{}{"53/udp": {}, "53/tcp": {}},
		Labels: map[string]string{
			"org.opencontainers.image.title":    "CoreDNS with headless",
			"org.opencontainers.image.licenses": "Apache-2.0",
		},
	}
	return mutate.ConfigFile(made, about)
}

// architectureOf refuses what would not start where there is no other file, such as a loader or a libc.
func architectureOf(path string) (string, error) {
	file, err := elf.Open(path)
	if err != nil {
		return "", fmt.Errorf("'%s' is not built for Linux: %w", path, err)
	}
	defer func() { _ = file.Close() }()
	architecture, known := architectures[file.Machine]
	if !known {
		return "", fmt.Errorf("'%s' is built for %s, and not for amd64, arm64, ppc64le, riscv64 or s390x", path, file.Machine)
	}
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP {
			return "", fmt.Errorf("'%s' is not static: build it with CGO_ENABLED=0", path)
		}
	}
	return architecture, nil
}

// archive is the content of the image. The file has the capability to bind port 53: one that is given to a container
// reaches a user other than root by the file alone (capabilities(7)).
func archive(binary []byte) ([]byte, error) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	err := w.WriteHeader(&tar.Header{
		Name: entrypoint[1:], Mode: 0o755, Size: int64(len(binary)), ModTime: time.Unix(0, 0), Format: tar.FormatPAX,
		PAXRecords: map[string]string{"SCHILY.xattr.security.capability": string(bindService())},
	})
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(binary); err != nil {
		return nil, err
	}
	err = w.Close()
	return archive.Bytes(), err
}

// bindService is CAP_NET_BIND_SERVICE, permitted and effective, as the kernel keeps it with a file: struct vfs_cap_data
// of linux/capability.h, in its second version.
func bindService() []byte {
	const revision, effective, netBindService = 0x02000000, 1, 10
	var data []byte
	for _, word := range []uint32{revision | effective, 1 << netBindService, 0, 0, 0} {
		data = binary.LittleEndian.AppendUint32(data, word)
	}
	return data
}
