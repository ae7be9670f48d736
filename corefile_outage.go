package headless

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// What is done while the API server is away.

const (
	defaultStartupTimeout = 5 * time.Second
	defaultStale          = 5 * time.Minute
	// defaultMaxAge is long, for while the API is away nothing in the cluster replaces a pod.
	defaultMaxAge = 24 * time.Hour
)

func (c *config) setStartupTimeout(args []string) error {
	if len(args) != 1 {
		return wrongCount(args, "DURATION")
	}
	timeout, err := time.ParseDuration(args[0])
	if err != nil || timeout < 0 {
		return fmt.Errorf("'%s' is no duration, such as 5s", args[0])
	}
	c.startupTimeout = timeout
	return nil
}

func (c *config) setStale(args []string) error {
	if len(args) != 1 {
		return wrongCount(args, "DURATION")
	}
	return setSpan(&c.stale, args[0], "5m")
}

// setSnapshot takes the file to keep what is known in. Its folder must be there: whoever forgot to mount it is told.
func (c *config) setSnapshot(args []string) error {
	if len(args) != 1 && len(args) != 2 {
		return wrongCount(args, "FILE [MAX_AGE]")
	}
	var err error
	if c.snapshot, err = onePath(c.path(args[0])); err != nil {
		return fmt.Errorf("'%s' is to be kept in a folder that does not exist", args[0])
	}
	if about, err := os.Stat(c.snapshot); err == nil && !about.Mode().IsRegular() {
		return fmt.Errorf("'%s' is no file", args[0])
	}
	if len(args) == 1 {
		return nil
	}
	return setSpan(&c.maxAge, args[1], "24h")
}

// onePath is the same for all paths of one file, which need not be there yet, but its folder: who else writes it is found
// by its path. The file itself may be a link, and is one of its own then: the first snapshot takes the link's place.
func onePath(path string) (string, error) {
	if !filepath.IsAbs(path) {
		here, err := os.Getwd()
		if err != nil {
			return "", err
		}
		path = here + string(filepath.Separator) + path // not joined: ".." goes up from where a link leads to
	}
	folder, file := filepath.Split(path)
	folder, err := filepath.EvalSymlinks(folder)
	return filepath.Join(folder, file), err
}

// setSpan takes a duration that is more than nothing.
func setSpan(span *time.Duration, arg, example string) error {
	parsed, err := time.ParseDuration(arg)
	if err != nil || parsed <= 0 {
		return fmt.Errorf("'%s' is no duration above 0, such as %s", arg, example)
	}
	*span = parsed
	return nil
}
