package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// A server is a CoreDNS with one variant.
type server struct {
	variant
	*harness.CoreDNS
}

func (b *bench) start(v variant, options harness.CoreDNSOptions) (*server, error) {
	options.Binary, options.Corefile = b.coredns, v.corefile()
	coredns, err := b.cluster.RunCoreDNS(options)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", v.name, err)
	}
	return &server{v, coredns}, nil
}

// tick is the unit in which the kernel tells CPU times, on all machines that Go runs on.
const tick = time.Second / 100

// cpu is the time that the process has computed so far.
func (s *server) cpu() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.PID()))
	if err != nil {
		return 0, err
	}
	// The second field is a name in brackets, which may hold anything; utime and stime are 14 and 15.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("no CPU times in %q", stat)
	}
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(fields[12])
	return time.Duration(user+system) * tick, err
}

// settle returns when the process hardly computes anything for a second: it has taken in all there is.
func (s *server) settle(ctx context.Context) error {
	const step = 100 * time.Millisecond
	ticker := time.NewTicker(step)
	defer ticker.Stop()
	before, err := s.cpu()
	for quiet := 0; quiet < int(time.Second/step) && err == nil; quiet++ {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		var now time.Duration
		if now, err = s.cpu(); now-before > tick {
			quiet = 0
		}
		before = now
	}
	return err
}

// resident is what the kernel says of the process's memory: VmRSS now, VmHWM at most.
func (s *server) resident(what string) (int64, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", s.PID()))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return number(f, what+":", 1<<10)
}

// forgetPeak begins a new VmHWM.
func (s *server) forgetPeak() error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.PID()), []byte("5"), 0)
}

// heap is what is used after a garbage collection.
func (s *server) heap(ctx context.Context) (int64, error) {
	var n int64
	// What has a finalizer, and what pools hold, goes away in the second.
	for range 2 {
		body, err := s.debug(ctx, "heap?debug=1&gc=1")
		if err != nil {
			return 0, err
		}
		if n, err = number(bytes.NewReader(body), "# HeapAlloc =", 1); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// debug asks the pprof plugin.
func (s *server) debug(ctx context.Context, what string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Debug+"/debug/pprof/"+what, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the profile %q: %s", what, response.Status)
	}
	return io.ReadAll(response.Body)
}

// number finds what stands behind a word at the beginning of a line.
func number(in io.Reader, word string, unit int64) (int64, error) {
	for lines := bufio.NewScanner(in); lines.Scan(); {
		if text, found := strings.CutPrefix(lines.Text(), word); found {
			n, err := strconv.ParseInt(strings.Fields(text)[0], 10, 64)
			return n * unit, err
		}
	}
	return 0, fmt.Errorf("no line with %q", word)
}
