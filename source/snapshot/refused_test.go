package snapshot

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// refused returns why what stands in the file is not used. Nothing of it may be delivered.
func refused(t *testing.T, path, of string, maxAge time.Duration) error {
	t.Helper()
	var got kept
	_, err := Read(path, of, maxAge, decoder(t, everything), &got)
	if err == nil || got.synced || got.content.Services != nil || got.content.Slices != nil {
		t.Fatalf("It is read, with the error %v", err)
	}
	return err
}

func TestASnapshotThatCannotBeTrustedIsRefusedWithAClearWord(t *testing.T) {
	path, data := written(t)
	body := string(data[bytes.IndexByte(data, '\n')+1:])
	for want, content := range map[string]string{
		"it is no snapshot of headless":                                   "",
		"it is no snapshot of headless\x00":                               "apiVersion: v1\nkind: List\n",
		"it was written by another release of headless, in version \"2\"": magic + "2\n" + body,
		"its second line cannot be read":                                  magic + version + "{\n",
		"its second line cannot be read\x00":                              magic + version + strings.Repeat("x", 1<<20),
		"it is cut off":                                                   magic + version + body[:strings.IndexByte(body, '\n')+1],
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := refused(t, path, "a", 2*time.Hour); !strings.Contains(err.Error(), strings.TrimSuffix(want, "\x00")) {
			t.Errorf("The error is %q, want %q", err, want)
		}
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := refused(t, path, "b", 2*time.Hour); !strings.Contains(err.Error(), "of another cluster") {
		t.Errorf("Of another source the error is %q", err)
	}
	if err := refused(t, path, "a", time.Minute); !strings.Contains(err.Error(), "it is 1h0m0s old, more than 1m0s") {
		t.Errorf("Of an old one the error is %q", err)
	}
	if err := refused(t, path+"2", "a", time.Minute); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Of a missing one the error is %q", err)
	}
}

func TestASnapshotOfTheFutureIsRefusedUnlessAClockWasSetRight(t *testing.T) {
	path := filepath.Join(t.TempDir(), "snapshot")
	write := func(at time.Time) {
		if _, err := Write(path, Header{Source: "a", Time: at}, Content{}, os.Rename); err != nil {
			t.Fatal(err)
		}
	}
	for _, at := range []time.Time{time.Now().Add(maxSkew + time.Minute), time.Date(9999, 1, 2, 3, 4, 5, 0, time.UTC)} {
		write(at)
		if err := refused(t, path, "a", time.Hour); !strings.Contains(err.Error(), "it is of "+at.Format(time.RFC3339)+", which lies in the future") {
			t.Errorf("The error is %q", err)
		}
	}
	write(time.Now().Add(maxSkew - 10*time.Second))
	var got kept
	if _, err := Read(path, "a", time.Hour, decoder(t, everything), &got); err != nil || !got.synced {
		t.Errorf("Of a moment that is still to come it is refused: %v", err)
	}
}

func TestASnapshotThatIsWrongBehindARightChecksumIsRefused(t *testing.T) {
	for content, want := range map[string]string{
		"S\xff\xff\xff\xff\xff\xff\xff\xff\x7f.": "an object has 9223372036854775807 octets",
		"S\x81\x80\x80\x04":                      "an object has 8388609 octets",
		".S\x00":                                 "something stands behind the last object",
		"X\x00.":                                 "of the unknown kind 'X'",
		"S\x05":                                  "it is corrupted: EOF",
		"":                                       "EOF",
	} {
		data := []byte(magic + version + "{}\n" + content)
		sum := sha256.Sum256(data)
		any := func(Header) error { return nil }
		var got kept
		if _, err := decode(bytes.NewReader(append(data, sum[:]...)), any, decoder(t, everything), &got); err == nil || !strings.Contains(err.Error(), want) || got.told != nil {
			t.Errorf("Of %q the error is %v, want %q", content, err, want)
		}
	}
}

func TestASnapshotThatIsTornOrOfWhichAnOctetIsAnotherIsRefused(t *testing.T) {
	_, data := written(t)
	for i := range data {
		flipped := bytes.Clone(data)
		flipped[i] ^= 1 << (i % 8)
		for _, content := range [][]byte{data[:i], flipped} {
			var got kept
			check := func(about Header) error { return about.check("a", 2*time.Hour) }
			if _, err := decode(bytes.NewReader(content), check, decoder(t, everything), &got); err == nil || got.synced {
				t.Fatalf("With octet %d it is read: %v", i, err)
			}
		}
	}
}
