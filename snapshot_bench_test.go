package headless

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/headless-dns/headless/source"
	"github.com/headless-dns/headless/source/snapshot"
)

// What it costs to write and to read 100,000 endpoints of 1,000 services.
func BenchmarkSnapshot(b *testing.B) {
	path := filepath.Join(b.TempDir(), "snapshot")
	c := newEndpointsCache(cacheShape{})
	endpoints := manyReady(100)
	for i := range 1000 {
		name := fmt.Sprintf("db-%d", i)
		c.SetService(headlessService("default", name))
		c.SetSlice(sliceWith("default", name, name, endpoints...))
	}
	about := snapshot.Header{Source: "a", Time: time.Now()}
	b.Run("write", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			octets, err := snapshot.Write(path, about, c.content(), os.Rename)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(octets), "octets")
		}
	})
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		decoder := source.Decoder{Report: func(p source.Problem) { b.Errorf("Malformed: %+v", p) }}
		for b.Loop() {
			to := newEndpointsCache(cacheShape{})
			if _, err := snapshot.Read(path, "a", time.Hour, decoder, to); err != nil {
				b.Fatal(err)
			}
		}
	})
}
