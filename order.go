package headless

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"
)

// remedy ends what is said of a build in which plugins stand in an order that does not suit us.
const remedy = "move the line of headless in plugin.cfg to directly after acl"

// comesBefore says whether one plugin is asked before the other, in this build of CoreDNS.
func comesBefore(one, other string) bool {
	return slices.Index(dnsserver.Directives, one) < slices.Index(dnsserver.Directives, other)
}

// isAbove says whether a plugin is in the server block and is asked before us.
func isAbove(cfg *dnsserver.Config, name string) bool {
	return cfg.Handler(name) != nil && comesBefore(name, pluginName)
}

// answering are the plugins that answer for whole zones, as far as CoreDNS has them at the place of kubernetes or below
// it, and as their zones are known when the server starts. In a build that has us anywhere above kubernetes none of
// them is above us; those that CoreDNS has higher up, such as hosts, are meant to go first.
var answering = []string{"kubernetes", "file", "etcd", "forward", "grpc"}

// guarding are the plugins that keep clients away.
var guarding = []string{"acl", "tsig"}

// checkOrder refuses a server block in which a plugin above us answers for one of our zones, for nobody would ever
// ask us (COREDNS_PLUGINS makes such builds: it appends to the end of the list), and one in which we would answer
// those that a plugin below us keeps away.
func checkOrder(cfg *dnsserver.Config, zones []string) error {
	for _, name := range guarding {
		if cfg.Handler(name) != nil && comesBefore(pluginName, name) {
			return fmt.Errorf("%s stands before %s in this build of CoreDNS and would answer whom %s keeps away: "+
				"move its line in plugin.cfg to after that of %s", pluginName, name, name, name)
		}
	}
	for _, name := range answering {
		if !isAbove(cfg, name) {
			continue
		}
		for handler := cfg.Handler(name); handler != nil; handler = nextOfSameName(handler) {
			if zone := hiddenBy(handler, zones); zone != "" {
				return fmt.Errorf("%s stands before %s in this build of CoreDNS and would answer for %q: %s",
					name, pluginName, zone, remedy)
			}
		}
	}
	return nil
}

// hiddenBy returns the first of the zones whose names a plugin keeps to itself, and nothing where there is none.
func hiddenBy(handler plugin.Handler, zones []string) string {
	served := slices.Concat(stringsOf(handler, "from"), stringsOf(handler, "Zones"), stringsOf(handler, "Zones.Names"))
	left := stringsOf(handler, "ignored")
	if handler.Name() != "kubernetes" { // it knows the names of headless services too: these do not fall through
		left = append(left, stringsOf(handler, "Fall.Zones")...)
	}
	for _, zone := range zones {
		if plugin.Zones(served).Matches(zone) != "" && plugin.Zones(left).Matches(zone) == "" {
			return zone
		}
	}
	return ""
}

// nextOfSameName returns the next handler where it is one of the same plugin: a block may have several of forward, and
// knows the first one only.
func nextOfSameName(handler plugin.Handler) plugin.Handler {
	field := fieldOf(handler, "Next")
	if !field.IsValid() || !field.CanInterface() {
		return nil
	}
	if next, ok := reflect.TypeAssert[plugin.Handler](field); ok && next.Name() == handler.Name() {
		return next
	}
	return nil
}

// stringsOf returns what a field of a handler holds, a string or several, and nothing where it has no such field.
func stringsOf(handler plugin.Handler, path string) []string {
	field := fieldOf(handler, path)
	switch {
	case field.Kind() == reflect.String:
		return []string{field.String()}
	case field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.String:
		all := make([]string, field.Len())
		for i := range all {
			all[i] = field.Index(i).String()
		}
		return all
	}
	return nil
}

// fieldOf returns a field of a handler, or of a struct in it, and the zero value where there is none.
//
// It is found by its name: importing the plugins would compile them into builds that leave them out, and their own
// dependencies into our module.
func fieldOf(handler plugin.Handler, path string) reflect.Value {
	value := reflect.Indirect(reflect.ValueOf(handler))
	for name := range strings.SplitSeq(path, ".") {
		if value.Kind() != reflect.Struct {
			return reflect.Value{}
		}
		value = value.FieldByName(name)
	}
	return value
}

// CacheBypassZones implements cache.ZoneBypasser: in a build where the cache plugin is asked before us it must keep
// none of our answers, for it cannot tell clients apart and would give one answer to all.
func (h *Headless) CacheBypassZones() []string {
	if !comesBefore("cache", pluginName) {
		return nil
	}
	h.bypassesCache = true
	return h.Zones
}

// keptByCache says whether a cache above us keeps our answers: before CoreDNS 1.15 none asks for CacheBypassZones. One
// that does has asked when our own start-up function runs, for what stands above starts first.
func (h *Headless) keptByCache(cfg *dnsserver.Config) bool {
	return isAbove(cfg, "cache") && !h.bypassesCache
}

// checkPolicies refuses a server block in which a plugin above us would undo what policies do.
func (h *Headless) checkPolicies(cfg *dnsserver.Config) error {
	if h.policies == nil {
		return nil
	}
	if h.keptByCache(cfg) {
		return fmt.Errorf("cache stands before %s in this build of CoreDNS and would give what a policy chooses for one client to all: %s",
			pluginName, remedy)
	}
	for name, one := range h.policies.byName {
		if one.Orders() && isAbove(cfg, "loadbalance") {
			return fmt.Errorf("loadbalance stands before %s in this build of CoreDNS and would shuffle what the policy '%s' orders: "+
				"leave it out of the server block, or move its line in plugin.cfg to directly after headless", pluginName, name)
		}
	}
	return nil
}
