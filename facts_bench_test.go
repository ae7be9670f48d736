package headless

import (
	"fmt"
	"testing"

	"github.com/headless-dns/headless/source"
)

// factsCluster is a cache with services that have endpoints with Pods on nodes, 100 to a slice and 20 to a node, and
// all facts of them.
func factsCluster(b *testing.B, services, each int) (c *endpointsCache, pods []*source.Pod, nodes []*source.Node) {
	b.Helper()
	c = newEndpointsCache(cacheShape{})
	b.Cleanup(c.close)
	for i := range services {
		service := fmt.Sprintf("db-%d", i)
		all := manyReady(each)
		for j := range all {
			pod := fmt.Sprintf("%s-%d", service, j)
			all[j].Pod, all[j].Node = nsName("default", pod), fmt.Sprintf("node-%d", len(pods)/20)
			if len(pods)%20 == 0 {
				nodes = append(nodes, &source.Node{Name: all[j].Node, Zone: "zone-a", Region: "region-1", Ready: true})
			}
			pods = append(pods, withFacts(pod, "replica"))
		}
		c.SetService(headlessService("default", service))
		for j := 0; j < each; j += 100 {
			c.SetSlice(sliceWith("default", service, fmt.Sprintf("%s-%d", service, j), all[j:min(j+100, each)]...))
		}
	}
	return c, pods, nodes
}

// shapes of clusters: one service of many endpoints, and many of few.
var factsShapes = []struct{ services, each int }{{1, 3}, {1, 100}, {1, 1000}, {1, 10_000}, {500, 20}}

func BenchmarkChangeOfOnePod(b *testing.B) {
	for _, shape := range factsShapes {
		b.Run(fmt.Sprintf("%dx%d", shape.services, shape.each), func(b *testing.B) {
			c, pods, nodes := factsCluster(b, shape.services, shape.each)
			c.ReplacePods("", pods)
			c.ReplaceNodes(nodes)
			b.ReportAllocs()
			for b.Loop() {
				c.SetPod(withFacts(pods[0].Name, "primary"))
				c.SetPod(withFacts(pods[0].Name, "replica"))
			}
		})
	}
}

func BenchmarkPodThatDoesNotChange(b *testing.B) {
	c, pods, _ := factsCluster(b, 1, 10_000)
	c.ReplacePods("", pods)
	b.ReportAllocs()
	for b.Loop() {
		c.SetPod(pods[0])
	}
}

func BenchmarkChangeOfOneNode(b *testing.B) {
	for _, shape := range factsShapes {
		b.Run(fmt.Sprintf("%dx%d", shape.services, shape.each), func(b *testing.B) {
			c, _, nodes := factsCluster(b, shape.services, shape.each)
			c.ReplaceNodes(nodes)
			unready := *nodes[0]
			unready.Ready = false
			b.ReportAllocs()
			for b.Loop() {
				c.SetNode(&unready)
				c.SetNode(nodes[0])
			}
		})
	}
}

// BenchmarkListOfPods is the first list, while all slices are there, and the same list once more.
func BenchmarkListOfPods(b *testing.B) {
	for _, n := range []int{1500, 15_000, 150_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c, pods, _ := factsCluster(b, n/100, 100)
			b.ReportAllocs()
			for b.Loop() {
				c.known.pods = nil
				c.ReplacePods("", pods)
				c.ReplacePods("", pods)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/pod")
		})
	}
}

// BenchmarkHeapOfFacts reports what the facts of an endpoint take.
func BenchmarkHeapOfFacts(b *testing.B) {
	c, pods, nodes := factsCluster(b, 1000, 100)
	for b.Loop() {
		c.known = knownFacts{}
		before := heap()
		c.ReplacePods("", pods)
		c.ReplaceNodes(nodes)
		b.ReportMetric(float64(heap()-before)/100_000, "B/endpoint")
	}
}
