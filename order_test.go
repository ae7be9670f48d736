package headless

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/pkg/fall"

	"github.com/miekg/dns"
)

// withOrder sets the order of plugins for one test.
func withOrder(t *testing.T, order ...string) {
	t.Helper()
	before := dnsserver.Directives
	t.Cleanup(func() { dnsserver.Directives = before })
	dnsserver.Directives = order
}

// blockOf is a server block with handlers in their order, as CoreDNS has made it when plugins start.
func blockOf(t *testing.T, handlers ...plugin.Handler) *dnsserver.Config {
	t.Helper()
	cfg := &dnsserver.Config{Zone: "."}
	for _, handler := range handlers {
		cfg.AddPlugin(func(plugin.Handler) plugin.Handler { return handler })
	}
	if _, err := dnsserver.NewServer("127.0.0.1:0", []*dnsserver.Config{cfg}); err != nil {
		t.Fatal(err)
	}
	return cfg
}

// named is a handler that does nothing.
type named string

func (n named) Name() string { return string(n) }

func (named) ServeDNS(context.Context, dns.ResponseWriter, *dns.Msg) (int, error) {
	return dns.RcodeServerFailure, nil
}

// Handlers with the fields of those that they are named after.
type (
	zonal struct { // kubernetes, etcd
		named
		Next  plugin.Handler
		Zones []string
		Fall  fall.F
	}
	zoneFiles struct { // file
		named
		tables
		Fall fall.F
	}
	tables     struct{ Zones names }
	names      struct{ Names []string }
	forwarding struct { // forward, grpc
		named
		from    string
		ignored []string
		Next    plugin.Handler
	}
)

// aboveUs are handlers that stand above us, and the zone of ours that each would hide.
func aboveUs() map[string]hiding {
	everything, ours := fall.Root, fall.F{Zones: []string{"cluster.local."}}
	return map[string]hiding{
		"kubernetes":                     {&zonal{named: "kubernetes", Zones: []string{"cluster.local."}}, "cluster.local."},
		"kubernetes with fallthrough":    {&zonal{named: "kubernetes", Zones: []string{"local."}, Fall: everything}, "cluster.local."},
		"kubernetes for a reverse zone":  {&zonal{named: "kubernetes", Zones: []string{"ip6.arpa."}}, "ip6.arpa."},
		"kubernetes for another cluster": {&zonal{named: "kubernetes", Zones: []string{"other.local."}}, ""},
		"kubernetes for a part of ours":  {&zonal{named: "kubernetes", Zones: []string{"10.in-addr.arpa."}}, ""},

		"etcd":                          {&zonal{named: "etcd", Zones: []string{"local."}}, "cluster.local."},
		"etcd with fallthrough":         {&zonal{named: "etcd", Zones: []string{"local."}, Fall: everything}, ""},
		"etcd with another fallthrough": {&zonal{named: "etcd", Zones: []string{"."}, Fall: ours}, "in-addr.arpa."},
		"file":                          {fileOf(fall.Zero, "example.org.", "arpa."), "in-addr.arpa."},
		"file with fallthrough":         {fileOf(everything, "arpa."), ""},

		"forward":                    {&forwarding{named: "forward", from: "."}, "cluster.local."},
		"forward of another zone":    {&forwarding{named: "forward", from: "example.org."}, ""},
		"forward except ours":        {&forwarding{named: "forward", from: ".", ignored: []string{"local.", "arpa."}}, ""},
		"forward except one of ours": {&forwarding{named: "forward", from: ".", ignored: []string{"local."}}, "in-addr.arpa."},
		"the second of two forwards": {
			&forwarding{named: "forward", from: "example.org.", Next: &forwarding{named: "forward", from: "."}}, "cluster.local.",
		},
		"what comes after a forward": {
			&forwarding{named: "forward", from: "example.org.", Next: &forwarding{named: "other", from: "."}}, "",
		},
		"grpc": {&forwarding{named: "grpc", from: "."}, "cluster.local."},

		"hosts, which is to go first":   {&zonal{named: "hosts", Zones: []string{"."}}, ""},
		"one of which nothing is known": {named("forward"), ""},
	}
}

type hiding struct {
	above plugin.Handler
	zone  string
}

func fileOf(through fall.F, zones ...string) *zoneFiles {
	return &zoneFiles{named: "file", tables: tables{names{zones}}, Fall: through}
}

func TestAPluginAboveUsThatAnswersForOurZonesIsRefused(t *testing.T) {
	headless := newTestHeadless(t)
	for what, tt := range aboveUs() {
		t.Run(what, func(t *testing.T) {
			name := tt.above.Name()
			cfg := blockOf(t, tt.above, headless)
			withOrder(t, "acl", name, "headless")
			err := checkOrder(cfg, headless.Zones)
			if tt.zone == "" && err != nil {
				t.Errorf("It is refused: %v", err)
			}
			want := name + ` stands before headless in this build of CoreDNS and would answer for "` + tt.zone +
				`": move the line of headless in plugin.cfg to directly after acl`
			if tt.zone != "" && (err == nil || err.Error() != want) {
				t.Errorf("Error is %v, want %s", err, want)
			}
			withOrder(t, "acl", "headless", name)
			if err := checkOrder(cfg, headless.Zones); err != nil {
				t.Errorf("Below us it is refused too: %v", err)
			}
		})
	}
}

func TestACacheAboveUsKeepsNoneOfOurAnswers(t *testing.T) {
	h := newTestHeadless(t)
	withOrder(t, "acl", "headless", "cache")
	if got := h.CacheBypassZones(); got != nil {
		t.Errorf("With the cache below us the zones %q bypass it", got)
	}
	withOrder(t, "acl", "cache", "headless")
	if got := h.CacheBypassZones(); !slices.Equal(got, h.Zones) {
		t.Errorf("With the cache above us the zones %q bypass it, want %q", got, h.Zones)
	}
}

func TestACacheThatNeverAskedForTheZonesKeepsOurAnswers(t *testing.T) {
	above, below := []string{"cache", "headless"}, []string{"headless", "cache"}
	tests := map[string]struct {
		order []string
		cache bool // in the server block
		asked bool
		kept  bool
	}{
		"above us, as before CoreDNS 1.15": {above, true, false, true},
		"above us, since then":             {above, true, true, false},
		"below us":                         {below, true, false, false},
		"in another server block":          {above, false, false, false},
	}
	for what, tt := range tests {
		t.Run(what, func(t *testing.T) {
			withOrder(t, tt.order...)
			h := newTestHeadless(t)
			handlers := []plugin.Handler{h}
			if tt.cache {
				handlers = append(handlers, named("cache"))
			}
			cfg := blockOf(t, handlers...)
			if tt.asked {
				h.CacheBypassZones()
			}
			if got := h.keptByCache(cfg); got != tt.kept {
				t.Errorf("With the order %s the answers are kept: %t, want %t", strings.Join(tt.order, ", "), got, tt.kept)
			}
		})
	}
}

func TestAPluginBelowUsThatKeepsClientsAwayIsRefused(t *testing.T) {
	for _, name := range []string{"acl", "tsig"} {
		cfg := blockOf(t, named(name))
		withOrder(t, name, pluginName)
		if err := checkOrder(cfg, []string{"cluster.local."}); err != nil {
			t.Errorf("With %s above us: %v", name, err)
		}
		withOrder(t, pluginName, name)
		want := "headless stands before " + name + " in this build of CoreDNS and would answer whom " + name + " keeps away"
		if err := checkOrder(cfg, []string{"cluster.local."}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("With %s below us the error is %v, want %q", name, err, want)
		}
		if err := checkOrder(blockOf(t), []string{"cluster.local."}); err != nil {
			t.Errorf("Without %s in the block: %v", name, err)
		}
	}
}
