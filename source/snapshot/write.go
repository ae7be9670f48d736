package snapshot

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Write puts a snapshot in the place of the file, and returns how many octets it has. Whenever the process or the machine
// dies, there is the old file or the new one, whole. rename puts the one in the place of the other as os.Rename does, or
// returns why not.
func Write(
	path string, about Header, content Content, rename func(from, to string) error,
) (octets int64, err error) {
	file, err := os.CreateTemp(filepath.Dir(path), beginning(path)+"*"+ending) // which nobody else may read
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			_ = errors.Join(file.Close(), os.Remove(file.Name()))
		}
	}()
	if err = encode(file, about, content); err != nil {
		return 0, err
	}
	if octets, err = file.Seek(0, io.SeekEnd); err != nil {
		return 0, err
	}
	if err = file.Sync(); err != nil {
		return 0, err
	}
	if err = rename(file.Name(), path); err != nil {
		return 0, err
	}
	syncFolder(path)
	return octets, file.Close()
}

// Files have names with this beginning and end while they are written.
func beginning(path string) string { return "." + filepath.Base(path) + "." }

const ending = ".tmp"

// syncFolder makes the new name of the file last. Not every file system can, and then the old file may be back after the
// machine has died.
func syncFolder(path string) {
	if folder, err := os.Open(filepath.Dir(path)); err == nil {
		_ = errors.Join(folder.Sync(), folder.Close())
	}
}

// abandoned is how old a file is that nobody writes any more.
const abandoned = time.Hour

// RemoveAbandoned removes what was left by a process that died while it wrote the file.
func RemoveAbandoned(path string) error {
	all, err := os.ReadDir(filepath.Dir(path))
	for _, file := range all {
		if !strings.HasPrefix(file.Name(), beginning(path)) || !strings.HasSuffix(file.Name(), ending) {
			continue
		}
		if about, statErr := file.Info(); statErr == nil && time.Since(about.ModTime()) > abandoned {
			err = errors.Join(err, os.Remove(filepath.Join(filepath.Dir(path), file.Name())))
		}
	}
	return err
}

// object is one of the API.
type object interface{ Marshal() ([]byte, error) }

// encode writes everything, and the checksum behind it.
func encode(to io.Writer, about Header, content Content) error {
	sum := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(to, sum), 1<<16)
	header, err := json.Marshal(about)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s%s%s\n", magic, version, header) // its errors are those of Flush
	err = errors.Join(
		each(out, kindNode, content.Nodes, encodeNode),
		each(out, kindSlice, content.Slices, encodeSlice),
		each(out, kindService, content.Services, encodeService),
	)
	if content.Pods != nil {
		for p := range content.Pods {
			if err != nil {
				break
			}
			err = write(out, kindPod, encodePod(p))
		}
	}
	if err = errors.Join(err, out.WriteByte(kindEnd), out.Flush()); err != nil {
		return err
	}
	_, err = to.Write(sum.Sum(nil))
	return err
}

// each writes all objects of a kind.
func each[K any, O object](out *bufio.Writer, kind byte, all []K, encode func(K) O) error {
	for _, one := range all {
		if err := write(out, kind, encode(one)); err != nil {
			return err
		}
	}
	return nil
}

func write(out *bufio.Writer, kind byte, o object) error {
	data, err := o.Marshal()
	if err != nil {
		return err
	}
	head := binary.AppendUvarint([]byte{kind}, uint64(len(data)))
	if _, err = out.Write(head); err != nil {
		return err
	}
	_, err = out.Write(data)
	return err
}
