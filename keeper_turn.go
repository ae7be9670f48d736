package headless

import (
	"errors"
	"os"
	"sync"
)

// turn says which keeper writes a file: the one that came last of those that have something to write. Else the old
// instance would write its own over what the new one wrote, for the last time when it ends.
//
// One that takes the file does not wait for another that is writing, which may take long where a disk is slow. That one
// writes on, to a file that has another name yet, and learns at the end that it is not to get this one. So taking a file
// waits for nothing but a rename.
type turn struct {
	mu sync.Mutex
	of *keeper
}

// turns are of the process, by the file.
var turns = struct {
	sync.Mutex
	by map[string]*turn
}{by: make(map[string]*turn)}

func turnOf(path string) *turn {
	turns.Lock()
	defer turns.Unlock()
	if turns.by[path] == nil {
		turns.by[path] = new(turn)
	}
	return turns.by[path]
}

// take makes the keeper the one that writes the file, and returns false where that is one that came later. What is on disk
// may then be what another one knows.
func (t *turn) take(k *keeper) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.of == k:
		return true
	case t.of != nil && t.of.number > k.number:
		return false
	}
	t.of, k.revision = k, 0
	return true
}

var errNotItsTurn = errors.New("another one writes the file now")

// put puts what the keeper has written in the place of the file, unless another one has taken that meanwhile.
func (t *turn) put(k *keeper, from, to string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.of != k {
		return errNotItsTurn
	}
	return os.Rename(from, to)
}

// leave leaves the file to another keeper, such as that of the old instance where the new one has not started.
func (t *turn) leave(k *keeper) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.of == k {
		t.of = nil
	}
}
