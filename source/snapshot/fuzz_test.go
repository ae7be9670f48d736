package snapshot

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"testing"

	"github.com/headless-dns/headless/source"
)

// Whatever stands in the file, also behind a checksum that is right: it is read or refused, and what is read can be
// written, and is then the same.
func FuzzSnapshot(f *testing.F) {
	_, data := written(f)
	f.Add(data[:len(data)-sha256.Size])
	f.Add([]byte(magic + version + "{}\n."))
	f.Add([]byte(magic + version + "{}\nS\x00E\x00P\x00N\x00."))
	f.Fuzz(func(t *testing.T, data []byte) {
		whole := source.Decoder{Uses: everything, Report: func(source.Problem) {}}
		any := func(Header) error { return nil }
		var torn kept
		if _, err := decode(bytes.NewReader(data), any, whole, &torn); err == nil {
			t.Error("It is read without its checksum")
		}
		sum := sha256.Sum256(data)
		var first, second kept
		if about, err := decode(bytes.NewReader(append(data, sum[:]...)), any, whole, &first); err == nil {
			again(t, about, &first, &second)
		}
	})
}

// again writes what was read, and reads it.
func again(t *testing.T, about Header, first, second *kept) {
	t.Helper()
	var out bytes.Buffer
	first.content.Pods = slices.Values(first.pods)
	if err := encode(&out, about, first.content); err != nil {
		t.Fatalf("What was read cannot be written: %v", err)
	}
	if _, err := decode(bytes.NewReader(out.Bytes()), func(Header) error { return nil }, decoder(t, everything), second); err != nil {
		t.Fatalf("What was written cannot be read: %v", err)
	}
	if len(first.content.Services) != len(second.content.Services) || len(first.pods) != len(second.pods) || len(first.content.Nodes) != len(second.content.Nodes) {
		t.Error("There are more or less than before")
	}
	for i, s := range first.content.Slices {
		if !s.Equal(second.content.Slices[i]) {
			t.Errorf("Slice %d is another: %+v, %+v", i, s, second.content.Slices[i])
		}
	}
}
