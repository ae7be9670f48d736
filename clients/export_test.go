package clients

import (
	"reflect"
	"testing"

	"github.com/headless-dns/headless/source"
)

func TestPodsAreToldAsTheyWereDelivered(t *testing.T) {
	facts := &source.PodFacts{Labels: map[string]string{"app": "a"}}
	want := map[string]*source.Pod{}
	for _, p := range []*source.Pod{
		{NamespacedName: name("db-0"), Facts: facts, Client: source.PodClient{Node: "n1", Zone: "a", Region: "r", Addresses: parsed("10.0.0.1", "fd00::1"), HostAddresses: parsed("172.16.0.1")}},
		{NamespacedName: name("db-1"), Client: source.PodClient{Zone: "b", Addresses: parsed("10.0.0.2"), Terminating: true}},
		{NamespacedName: name("proxy"), Client: source.PodClient{Node: "n2", HostAddresses: parsed("172.16.0.2", "fd01::2")}},
	} {
		want[p.String()] = p
	}
	check := func(d *Directory, want map[string]*source.Pod) {
		t.Helper()
		for _, p := range want {
			d.SetPod(p)
		}
		got := map[string]*source.Pod{}
		d.Pods()(func(p *source.Pod) bool {
			got[p.String()] = p
			return true
		})
		if !reflect.DeepEqual(got, want) {
			t.Errorf("Told are %+v, want %+v", got, want)
		}
	}
	check(directory(t, Sources{Pods: true}), want)
	check(directory(t, Sources{Endpoints: true}), map[string]*source.Pod{"default/db-0": {NamespacedName: name("db-0"), Facts: facts}})
}
