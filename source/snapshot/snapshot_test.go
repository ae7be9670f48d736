package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/source"
)

// kept is a sink that keeps what a snapshot delivers.
type kept struct {
	source.Sink
	content Content
	pods    []*source.Pod
	synced  bool
	told    []string // in this order
}

func (k *kept) ReplaceServices(_ string, all []*source.Service) {
	k.content.Services, k.told = all, append(k.told, "Services")
}

func (k *kept) ReplaceSlices(_ string, all []*source.Slice) {
	k.content.Slices, k.told = all, append(k.told, "Slices")
}

func (k *kept) ReplacePods(_ string, all []*source.Pod) {
	k.pods, k.told = all, append(k.told, "Pods")
}

func (k *kept) ReplaceNodes(all []*source.Node) {
	k.content.Nodes, k.told = all, append(k.told, "Nodes")
}
func (k *kept) FactsSynced() { k.told = append(k.told, "all facts") }
func (k *kept) Synced()      { k.synced = true }

// everything is what a source can be asked for.
var everything = source.Uses{
	Labels: []string{"app", "role"}, Annotations: []string{"weight"}, Nodes: true, ClientPods: true, ClientNodes: true,
}

func decoder(tb testing.TB, uses source.Uses) source.Decoder {
	tb.Helper()
	return source.Decoder{Uses: uses, Report: func(p source.Problem) { tb.Errorf("Malformed: %+v", p) }}
}

// chance makes random content.
type chance struct{ *rand.Rand }

func (c chance) one(of ...string) string { return of[c.IntN(len(of))] }

func (c chance) is() bool { return c.IntN(2) == 0 }

func (c chance) name(i int) types.NamespacedName {
	return types.NamespacedName{Namespace: c.one("default", "kube-system"), Name: fmt.Sprintf("%s-%d", c.one("a", "web.v1", "x"), i)}
}

func (c chance) address(v6 bool) netip.Addr {
	if v6 {
		return netip.AddrFrom16([16]byte{0xfd, 15: byte(c.IntN(256))})
	}
	return netip.AddrFrom4([4]byte{10, 0, byte(c.IntN(256)), byte(c.IntN(256))})
}

func (c chance) slice(i int) *source.Slice {
	s := &source.Slice{NamespacedName: c.name(i), Service: c.one("db", "web"), Controlled: c.is(), Version: uint64(c.IntN(3))}
	ports := []source.Port{{Name: "", Protocol: "tcp", Number: 1}, {Name: "dns", Protocol: "udp", Number: 53}, {Name: "x", Protocol: "sctp", Number: 65535}}
	v6 := c.is()
	endpoints := make([]source.Endpoint, c.IntN(4))
	for j := range endpoints {
		endpoints[j] = source.Endpoint{
			Address: c.address(v6), Hostname: c.one("", "a", "b-1"), Node: c.one("", "n1"), Zone: c.one("", "z"),
			Ready: c.is(), Serving: c.is(), Terminating: c.is(), Hints: c.hints(),
		}
		if c.is() {
			endpoints[j].Pod = c.name(j)
		}
	}
	return s.With(ports[c.IntN(4):], endpoints...)
}

func (c chance) hints() *source.Hints {
	if c.is() {
		return nil
	}
	return &source.Hints{Zones: []string{"a", "b"}[:1+c.IntN(2)], Nodes: []string{"n1"}[:c.IntN(2)]}
}

// pod may only have what the decoder makes of one: a Pod that tells nothing is not kept.
func (c chance) pod(i int) *source.Pod {
	p := &source.Pod{NamespacedName: c.name(i)}
	p.Client = source.PodClient{Node: c.one("", "n1"), Zone: c.one("", "z"), Region: c.one("", "r"), Terminating: c.is(),
		Addresses: []netip.Addr{c.address(false), c.address(true)}[c.IntN(2):]}
	if c.is() {
		p.Client.HostAddresses = []netip.Addr{c.address(false)}
	}
	if c.is() {
		p.Facts = &source.PodFacts{Labels: map[string]string{"app": "a"}, Annotations: map[string]string{"weight": "1"}}
	}
	return p
}

func (c chance) node(i int) *source.Node {
	n := &source.Node{Name: fmt.Sprint("n", i), Zone: c.one("", "z"), Region: c.one("", "r"), Ready: c.is()}
	n.Addresses = []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("fd00::1")}[:c.IntN(3)]
	if c.is() {
		n.PodCIDRs = []netip.Prefix{netip.MustParsePrefix("10.1.0.0/24"), netip.MustParsePrefix("fd01::/64")}
	}
	return n
}

func (c chance) content() (content Content, pods []*source.Pod) {
	for i := range c.IntN(10) {
		content.Services = append(content.Services, &source.Service{NamespacedName: c.name(i), Policy: c.one("", "near"), Selected: c.is()})
	}
	for i := range c.IntN(10) {
		content.Slices = append(content.Slices, c.slice(i))
	}
	for i := range c.IntN(10) {
		pods = append(pods, c.pod(i))
	}
	for i := range c.IntN(10) {
		content.Nodes = append(content.Nodes, c.node(i))
	}
	content.Pods = slices.Values(pods)
	return content, pods
}

func TestWhatIsReadIsWhatWasWritten(t *testing.T) {
	for seed := range uint64(300) {
		content, pods := chance{rand.New(rand.NewPCG(seed, 0))}.content()
		at := time.Now().Add(-time.Minute).Round(0)
		var file bytes.Buffer
		if err := encode(&file, Header{Source: "a", Time: at, Uses: everything}, content); err != nil {
			t.Fatal(err)
		}
		var got kept
		check := func(about Header) error { return about.check("a", time.Hour) }
		about, err := decode(bytes.NewReader(file.Bytes()), check, decoder(t, everything), &got)
		if err != nil || !about.Time.Equal(at) || !got.synced {
			t.Fatalf("Seed %d is read as of %s: %v", seed, about.Time, err)
		}
		equal := slices.EqualFunc(got.content.Slices, content.Slices, func(a, b *source.Slice) bool { return a.Equal(b) && a.Version == b.Version })
		if !equal || !reflect.DeepEqual(got.content.Services, content.Services) {
			t.Fatalf("Seed %d: the services or slices are others", seed)
		}
		if !slices.EqualFunc(got.content.Nodes, content.Nodes, (*source.Node).Equal) {
			t.Fatalf("Seed %d: the nodes are others", seed)
		}
		if !slices.EqualFunc(got.pods, pods, func(a, b *source.Pod) bool { return reflect.DeepEqual(a, b) }) {
			t.Fatalf("Seed %d: the Pods are others:\n%+v\n%+v", seed, got.pods, pods)
		}
	}
}

// written is a snapshot of something.
func written(t testing.TB) (path string, data []byte) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "snapshot")
	content, _ := chance{rand.New(rand.NewPCG(1, 0))}.content()
	if _, err := Write(path, Header{Source: "a", Time: time.Now().Add(-time.Hour), Uses: everything}, content, os.Rename); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, data
}

func TestOnlyWhatIsAskedForIsRead(t *testing.T) {
	path, _ := written(t)
	var got kept
	only := decoder(t, source.Uses{})
	only.Namespaces = []string{"default"}
	if _, err := Read(path, "a", 2*time.Hour, only, &got); err != nil {
		t.Fatal(err)
	}
	if got.pods != nil || got.content.Nodes != nil || len(got.content.Services) == 0 {
		t.Errorf("It reads %d Pods, %d Nodes and %d Services", len(got.pods), len(got.content.Nodes), len(got.content.Services))
	}
	for _, s := range got.content.Services {
		if s.Namespace != "default" {
			t.Errorf("It reads %s", s.NamespacedName)
		}
	}
}

func TestWhatNobodyAskedForWhenASnapshotWasWrittenIsUnknown(t *testing.T) {
	path := filepath.Join(t.TempDir(), "snapshot")
	label := func(keys ...string) source.Uses { return source.Uses{Labels: keys} }
	for what, uses := range map[string]struct {
		written, asked source.Uses
		want           []string
	}{
		"Everything":             {everything, everything, []string{"Nodes", "Pods"}},
		"Nothing":                {source.Uses{}, everything, nil},
		"A label of more labels": {label("app", "role"), label("role"), []string{"Pods"}},
		"Another label":          {label("app"), label("role"), nil},
		"An annotation":          {label("app"), source.Uses{Annotations: []string{"app"}}, nil},
		"Clients by Pods":        {label("app"), source.Uses{ClientPods: true}, nil},
		"Clients by Nodes":       {source.Uses{Nodes: true}, source.Uses{ClientNodes: true}, nil},
		"Nodes of clients":       {source.Uses{ClientNodes: true}, source.Uses{Nodes: true}, []string{"Nodes"}},
	} {
		if _, err := Write(path, Header{Source: "a", Time: time.Now(), Uses: uses.written}, Content{}, os.Rename); err != nil {
			t.Fatal(err)
		}
		var got kept
		if _, err := Read(path, "a", time.Hour, decoder(t, uses.asked), &got); err != nil {
			t.Fatal(err)
		}
		if want := slices.Concat(uses.want, []string{"Slices", "Services", "all facts"}); !slices.Equal(got.told, want) {
			t.Errorf("%s: it tells of %q, want %q", what, got.told, want)
		}
	}
}

func TestWhatWasAbandonedIsRemovedFromAFolderOfAnyName(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a[b")
	name, long := filepath.Join(folder, ".snap*shot.1.tmp"), time.Now().Add(-2*abandoned)
	other := filepath.Join(folder, ".snapshot.1.tmp")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{name, other} {
		if err := errors.Join(os.WriteFile(name, nil, 0o600), os.Chtimes(name, long, long)); err != nil {
			t.Fatal(err)
		}
	}
	if err := RemoveAbandoned(filepath.Join(folder, "snap*shot")); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 1 || left[0].Name() != filepath.Base(other) {
		t.Errorf("There are %v: %v", left, err)
	}
}

func TestNobodyElseMayReadASnapshotAndNothingElseIsLeft(t *testing.T) {
	path, _ := written(t)
	about, err := os.Stat(path)
	if err != nil || about.Mode() != 0o600 {
		t.Errorf("Its mode is %v: %v", about.Mode(), err)
	}
	if _, err = Write(filepath.Join(path, "x"), Header{}, Content{}, os.Rename); err == nil {
		t.Error("It is written into a file")
	}
	young, old := filepath.Join(filepath.Dir(path), ".snapshot.1.tmp"), filepath.Join(filepath.Dir(path), ".snapshot.2.tmp")
	for _, name := range []string{young, old} {
		if err = os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-2 * abandoned)
	if err = errors.Join(os.Chtimes(old, long, long), RemoveAbandoned(path)); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	if err != nil || !slices.Equal(left, []string{young, path}) {
		t.Errorf("There are %q: %v", left, err)
	}
}
