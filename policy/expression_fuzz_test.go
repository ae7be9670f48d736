package policy

import (
	"math"
	"testing"
	"time"
)

// FuzzExpression compiles and runs any text. Nothing may panic, all has to end quickly, and a formula has to have a
// value of its type for each endpoint that it does not fail for.
func FuzzExpression(f *testing.F) {
	for _, text := range trueExpressions {
		f.Add(text)
	}
	for _, c := range wrongExpressions {
		f.Add(c.text)
	}
	f.Add("number(labels['weight'], 1) * (ready ? 1 : 0.5)")
	about := meaning()
	about.Endpoints = append(about.Endpoints, at("n1/a/r", "n2/b/s")...)
	all := start(about.Endpoints)
	f.Fuzz(func(t *testing.T, text string) {
		begin := time.Now()
		with := &Environment{Places: true, Pods: true, Failed: func(string, error) {}}
		for _, kind := range []Kind{keepKind, rankKind} {
			if step, err := kind.New([]string{text}, with); err == nil {
				step.Apply(all, about)
			}
		}
		if step, err := weightKind.New([]string{text}, with); err == nil {
			for _, w := range step.(weigher).weights(all, about) {
				if !(w >= 0) || math.IsInf(w, 0) {
					t.Errorf("Expected weights that are numbers from 0, but '%s' has %v", text, w)
				}
			}
		}
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("Expected '%s' to end quickly, but it took %v", text, took)
		}
	})
}
