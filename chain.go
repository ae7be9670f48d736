package headless

import (
	"net"
	"net/netip"
	"slices"

	"github.com/coredns/coredns/core/dnsserver"
)

// zonesBehind are the zones of the kubernetes plugin behind us, which answers for what is not a headless service.
type zonesBehind []string

// serves says whether the name, in lower case, is in one of them.
func (z zonesBehind) serves(lower string) bool {
	return slices.ContainsFunc(z, func(zone string) bool { return inZone(lower, zone) })
}

// findBehind returns the zones of the kubernetes plugin, if it is in the server block and comes after us.
func findBehind(cfg *dnsserver.Config) zonesBehind {
	handler := cfg.Handler("kubernetes")
	if handler == nil || !comesBefore(pluginName, "kubernetes") {
		return nil
	}
	return stringsOf(handler, "Zones")
}

// boundAddresses returns the addresses at which clients can reach the server: those it is bound to, where it is bound
// to all of a family those of all interfaces. Loopback addresses are left out unless there are no others.
func boundAddresses(cfg *dnsserver.Config) []netip.Addr {
	hosts := cfg.ListenHosts
	if len(hosts) == 0 {
		hosts = []string{""}
	}
	var all, reachable []netip.Addr
	for _, host := range hosts {
		for _, address := range addressesAt(host) {
			all = append(all, address)
			if !address.IsLoopback() && !address.IsLinkLocalUnicast() {
				reachable = append(reachable, address)
			}
		}
	}
	if len(reachable) == 0 {
		return all
	}
	return reachable
}

// addressesAt returns the addresses that a host to listen at stands for.
func addressesAt(host string) []netip.Addr {
	bound, ok := parseHost(host)
	if ok && !bound.IsUnspecified() {
		return []netip.Addr{bound}
	}
	interfaces, err := net.InterfaceAddrs()
	if err != nil || !ok && host != "" {
		return nil
	}
	var all []netip.Addr
	for _, text := range interfaces {
		if address, ok := parseHost(text.String()); ok && (host == "" || bound.Is6() || address.Is4()) {
			all = append(all, address)
		}
	}
	return all
}

// parseHost parses an address, with or without the length of its network.
func parseHost(host string) (netip.Addr, bool) {
	if prefix, err := netip.ParsePrefix(host); err == nil {
		return prefix.Addr().Unmap(), true
	}
	address, err := netip.ParseAddr(host)
	return address.Unmap().WithZone(""), err == nil
}
