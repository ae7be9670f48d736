package main

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

const dnsperfSays = `
  Queries sent:         38144
  Queries completed:    38140 (99.99%)
  Queries lost:         LOST (0.01%)

  Run time (s):         2.000254
`

func TestWhatDnsperfSaysIsRead(t *testing.T) {
	answered, took, err := parseDnsperf(strings.ReplaceAll(dnsperfSays, "LOST", "0"))
	if err != nil || answered != 38140 || math.Abs(took.Seconds()-2.000254) > 1e-6 {
		t.Errorf("Got %d queries in %s and %v", answered, took, err)
	}
}

func TestALossOfQueriesIsNoMeasurement(t *testing.T) {
	if _, _, err := parseDnsperf(strings.ReplaceAll(dnsperfSays, "LOST", "4")); err == nil || !strings.Contains(err.Error(), "4 queries were lost") {
		t.Errorf("Got %v", err)
	}
}

func TestRatiosAreThoseOfTheSameRound(t *testing.T) {
	c := newContest(question{kindA, 3, edns}, headless, kubernetes)
	// In the second round the machine has something else to do.
	for _, slow := range []float64{1, 10, 1} {
		c.samples[headless] = append(c.samples[headless], sample{cpu: 5 * slow})
		c.samples[kubernetes] = append(c.samples[kubernetes], sample{cpu: 15 * slow})
	}
	if got := c.ratio(kubernetes, headless); got != 3 {
		t.Errorf("The ratio is %v, want 3", got)
	}
}

func TestCurvesThatEndTogetherHaveNamesBesideEachOther(t *testing.T) {
	c := newContest(question{kindA, 10_000, edns}, headless, kubernetes, file, whoami)
	for i, name := range c.variants {
		c.samples[name] = []sample{{cpu: 30 + float64(i)}}
	}
	seen := map[string]float64{}
	for name, at := range heights([]*contest{c}) {
		for other, its := range seen {
			if math.Abs(at-its) < 14 {
				t.Errorf("%s stands at %.1f, and %s at %.1f", name, at, other, its)
			}
		}
		seen[name] = at
	}
	if len(seen) != len(curves) {
		t.Errorf("Names are %v", seen)
	}
}

func TestThePlotIsXML(t *testing.T) {
	c := newContest(question{kindA, 3, edns}, headless)
	for _, curve := range curves {
		c.samples[curve.name] = []sample{{cpu: 30}}
	}
	decoder := xml.NewDecoder(strings.NewReader(plot([]*contest{c})))
	for {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
