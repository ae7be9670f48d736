package policy

import (
	"reflect"
	"testing"

	"github.com/expr-lang/expr/vm"
)

// BenchmarkOneRunnerOrMany shows what runner is for: the same formula with one for all, and with one for each.
func BenchmarkOneRunnerOrMany(b *testing.B) {
	f, err := newFormula([]string{"zone == 'b'"}, &Environment{}, "boolean", reflect.Bool)
	if err != nil {
		b.Fatal(err)
	}
	endpoints := someEndpoints(1_000)
	view := viewFor(endpoints, Place{}, Settings{})
	b.Run("one", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f.holds(start(endpoints), view)
		}
	})
	b.Run("many", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for i := range endpoints {
				var s scope
				s.enter(&endpoints[i])
				if _, err := vm.Run(f.program, &s); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}

// BenchmarkFailures runs a formula that fails for every one of 1,000 endpoints.
func BenchmarkFailures(b *testing.B) {
	step, err := newKeep([]string{"port_names[0] == 'http'"}, &Environment{Failed: func(string, error) {}})
	if err != nil {
		b.Fatal(err)
	}
	endpoints := someEndpoints(1_000)
	view := viewFor(endpoints, Place{}, Settings{})
	b.ReportAllocs()
	for b.Loop() {
		step.Apply(start(endpoints), view)
	}
}

// BenchmarkCompile compiles an expression, as is done when the Corefile is read.
func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := newKeep([]string{"zone == client.zone and number(labels['weight'], 1) > 0"}, all()); err != nil {
			b.Fatal(err)
		}
	}
}
