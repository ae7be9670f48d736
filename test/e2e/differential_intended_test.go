package e2e

import (
	"os"
	"strings"
	"testing"

	"github.com/headless-dns/headless/test/e2e/worlds"
)

// Whoever reads the README must find every difference that the test lets pass, and no other.
func TestTheIntendedDifferencesAreThoseOfTheREADME(t *testing.T) {
	points := comparedInREADME(t)
	told := map[string]bool{}
	for _, intended := range worlds.IntendedDifferences {
		found := false
		for _, point := range points {
			if strings.Contains(point, intended.Sentence) {
				told[point], found = true, true
			}
		}
		if !found {
			t.Errorf("The README does not say: %q (%s)", intended.Sentence, intended.Name)
		}
		if (intended.Excuse == nil) != (intended.Unseen != "") {
			t.Errorf("%q needs what excuses it, or why it cannot be seen", intended.Name)
		}
	}
	for _, point := range points {
		if !told[point] {
			t.Errorf("No intended difference is: %q", point)
		}
	}
}

// comparedInREADME returns the points of the section, each on one line.
func comparedInREADME(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "\n## Compared with *kubernetes*\n")
	if !ok {
		t.Fatal("The README has no such section")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var points []string
	for _, point := range strings.Split(section, "\n* ")[1:] {
		points = append(points, strings.Join(strings.Fields(point), " "))
	}
	return points
}
