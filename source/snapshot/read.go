package snapshot

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/headless-dns/headless/source"
)

// Read delivers a snapshot of a source that is not older than maxAge, and returns when it was true. Where it cannot be
// used nothing is delivered. An error that is fs.ErrNotExist says that there is none.
func Read(path, of string, maxAge time.Duration, decoder source.Decoder, to source.Sink) (time.Time, error) {
	switch file, err := os.Stat(path); {
	case err != nil:
		return time.Time{}, err
	case !file.Mode().IsRegular() || file.Size() > maxFile:
		return time.Time{}, fmt.Errorf("it is no file of at most %d octets", maxFile)
	}
	file, err := os.Open(path)
	if err != nil {
		return time.Time{}, err
	}
	defer file.Close()
	about, err := decode(file, func(about Header) error { return about.check(of, maxAge) }, decoder, to)
	return about.Time, err
}

// maxSkew is how far the time of a snapshot may lie in the future: a clock that is set right is set back a little. A clock
// that was wrong by more when the file was written, or is wrong now, says nothing of its age.
const maxSkew = time.Minute

// check says why a snapshot is not to be used.
func (h *Header) check(of string, maxAge time.Duration) error {
	switch age := time.Since(h.Time); {
	case h.Source != of:
		return errors.New("it is of another cluster, or of another choice of namespaces and labels")
	case age < -maxSkew:
		return fmt.Errorf("it is of %s, which lies in the future: nobody knows how old it is", h.Time.Format(time.RFC3339))
	case age > maxAge:
		return fmt.Errorf("it is %s old, more than %s", age.Round(time.Second), maxAge)
	}
	return nil
}

// decode reads everything twice: whether it is whole, and what is in it.
func decode(file io.ReadSeeker, check func(Header) error, decoder source.Decoder, to source.Sink) (about Header, err error) {
	in := bufio.NewReaderSize(file, maxHeader)
	if about, err = readHeader(in); err != nil {
		return about, err
	}
	if err = check(about); err != nil {
		return about, err
	}
	objects, err := checkSum(file)
	if err != nil {
		return about, err
	}
	in.Reset(io.LimitReader(file, objects))
	if _, err = readHeader(in); err != nil { // once more: the file was read again from its beginning
		return about, err
	}
	r := reader{in: in, decoder: decoder}
	if err = r.readAll(); err != nil {
		return about, fmt.Errorf("it is corrupted: %w", err)
	}
	r.deliver(to, &about.Uses)
	return about, nil
}

// readHeader reads the two lines at the beginning.
func readHeader(in *bufio.Reader) (about Header, err error) {
	first, err := line(in)
	switch number, ok := strings.CutPrefix(first, magic); {
	case err != nil || !ok:
		return about, errors.New("it is no snapshot of headless")
	case number != version:
		return about, fmt.Errorf("it was written by another release of headless, in version %q", strings.TrimSpace(number))
	}
	second, err := line(in)
	if err == nil {
		err = json.Unmarshal([]byte(second), &about)
	}
	if err != nil {
		return about, fmt.Errorf("its second line cannot be read: %w", err)
	}
	return about, nil
}

// line reads a line that is not longer than what is read at once.
func line(in *bufio.Reader) (string, error) {
	text, err := in.ReadSlice('\n')
	return string(text), err
}

// checkSum says how much of the file is before the checksum, which must be right, and goes back to the beginning.
func checkSum(file io.ReadSeeker) (before int64, err error) {
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	if before = end - sha256.Size; before < 0 {
		return 0, errors.New("it is cut off")
	}
	if _, err = file.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	sum := sha256.New()
	if _, err = io.CopyN(sum, file, before); err != nil {
		return 0, err
	}
	var want [sha256.Size]byte
	if _, err = io.ReadFull(file, want[:]); err != nil {
		return 0, err
	}
	if !bytes.Equal(sum.Sum(nil), want[:]) {
		return 0, errors.New("it is cut off or corrupted: its checksum is wrong")
	}
	_, err = file.Seek(0, io.SeekStart)
	return before, err
}

// reader reads objects.
type reader struct {
	in      *bufio.Reader
	decoder source.Decoder
	content Content
	pods    []*source.Pod
	buffer  []byte
}

// deliver hands everything to a sink as a source does: only what is asked for, and slices before services, so that none
// appears without its endpoints. A label that was not asked for when the file was written is unknown, and no label that
// the Pods do not carry: policies do not take the one for the other.
func (r *reader) deliver(to source.Sink, written *source.Uses) {
	asked := &r.decoder.Uses
	if asked.AnyNodes() && written.AnyNodes() && (written.ClientNodes || !asked.ClientNodes) {
		to.ReplaceNodes(r.content.Nodes)
	}
	if asked.Pods() && (written.ClientPods || !asked.ClientPods) &&
		includes(written.Labels, asked.Labels) && includes(written.Annotations, asked.Annotations) {
		to.ReplacePods("", r.pods)
	}
	to.ReplaceSlices("", r.content.Slices)
	to.ReplaceServices("", r.content.Services)
	to.FactsSynced()
	to.Synced()
}

func includes(all, some []string) bool {
	return !slices.ContainsFunc(some, func(one string) bool { return !slices.Contains(all, one) })
}

func (r *reader) readAll() error {
	for {
		kind, err := r.in.ReadByte()
		if err != nil {
			return err
		}
		if kind == kindEnd {
			if _, err = r.in.ReadByte(); !errors.Is(err, io.EOF) {
				return errors.New("something stands behind the last object")
			}
			return nil
		}
		data, err := r.object()
		if err != nil {
			return err
		}
		if err = r.take(kind, data); err != nil {
			return err
		}
	}
}

// object reads the next object, which is valid until the next one is read.
func (r *reader) object() ([]byte, error) {
	length, err := binary.ReadUvarint(r.in)
	if err != nil {
		return nil, err
	}
	if length > maxObject {
		return nil, fmt.Errorf("an object has %d octets", length)
	}
	if uint64(cap(r.buffer)) < length {
		r.buffer = make([]byte, length)
	}
	r.buffer = r.buffer[:length]
	_, err = io.ReadFull(r.in, r.buffer)
	return r.buffer, err
}
