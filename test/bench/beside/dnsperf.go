package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/miekg/dns"
)

// errNoDnsperf says how to get it.
var errNoDnsperf = errors.New("the load comes from dnsperf, which is not installed: apt install dnsperf")

// outstanding is how many queries dnsperf has under way: as many as keep the server busy.
const outstanding = 20

// loadUDP has dnsperf send one query as often as it is answered, and returns how many were and in which time.
func (b *bench) loadUDP(ctx context.Context, target string, query *dns.Msg) (answered int, took time.Duration, err error) {
	// The wire format, for dnsperf's own EDNS announces 4,096 octets.
	path := filepath.Join(b.dir, "query")
	if err := writeWire(path, query); err != nil {
		return 0, 0, err
	}
	host, port, err := net.SplitHostPort(target)
	if err != nil {
		return 0, 0, err
	}
	// On a machine that has much else to do it may happen that dnsperf's time is over before it begins.
	for range 3 {
		command := exec.CommandContext(ctx, "dnsperf", "-s", host, "-p", port, "-B", "-d", path,
			"-c", "4", "-T", "1", "-q", strconv.Itoa(outstanding),
			"-t", strconv.Itoa(int(patience.Seconds())), "-l", fmt.Sprintf("%.2f", b.size.load.Seconds()))
		out, err := command.CombinedOutput()
		if err != nil {
			return 0, 0, fmt.Errorf("dnsperf: %w\n%s", err, out)
		}
		if answered, took, err = parseDnsperf(string(out)); err != nil || answered > 0 {
			return answered, took, err
		}
	}
	return 0, 0, fmt.Errorf("nothing was answered in %s", took)
}

var (
	completedLine = regexp.MustCompile(`Queries completed: +(\d+)`)
	lostLine      = regexp.MustCompile(`Queries lost: +(\d+)`)
	runTimeLine   = regexp.MustCompile(`Run time \(s\): +([0-9.]+)`)
)

func parseDnsperf(out string) (answered int, took time.Duration, err error) {
	completed, lost, runTime := completedLine.FindStringSubmatch(out), lostLine.FindStringSubmatch(out), runTimeLine.FindStringSubmatch(out)
	if completed == nil || lost == nil || runTime == nil {
		return 0, 0, fmt.Errorf("dnsperf says something else than it used to:\n%s", out)
	}
	if lost[1] != "0" {
		return 0, 0, fmt.Errorf("%s queries were lost:\n%s", lost[1], out)
	}
	answered, err = strconv.Atoi(completed[1])
	if err != nil {
		return 0, 0, err
	}
	seconds, err := strconv.ParseFloat(runTime[1], 64)
	return answered, time.Duration(seconds * float64(time.Second)), err
}

// writeWire writes queries as a TCP stream has them.
func writeWire(path string, queries ...*dns.Msg) error {
	var stream []byte
	for _, query := range queries {
		wire, err := query.Pack()
		if err != nil {
			return err
		}
		stream = append(binary.BigEndian.AppendUint16(stream, uint16(len(wire))), wire...)
	}
	return os.WriteFile(path, stream, 0o600)
}
