package headless

import (
	"math"
	"net/netip"
	"slices"

	"github.com/miekg/dns"

	"github.com/headless-dns/headless/policy"
	"github.com/headless-dns/headless/source"
)

// policyReply answers by a policy, where one is meant for the question and the client; ok is false for all others, who
// get the full set. A client that is an endpoint of the service itself is among them: peers must find all their peers.
func (a *asking) policyReply(e *endpoints) (r reply, ok bool) {
	if a.policies == nil || !a.choosable(e) {
		return reply{}, false
	}
	sets := a.policies.setsFor(e, a.name.service)
	meant := sets.decision
	if a.name.policy != "" {
		meant = decision{policy: a.policies.byName[a.name.policy], share: wholeShare}
	}
	if meant.policy == nil {
		return reply{}, false
	}
	client := policy.Client{Address: clientAddress(a.state.W.RemoteAddr())}
	settings := meant.policy.Settings()
	if !meant.reaches(client.Address) || !settings.MembersSame && e.has(client.Address) {
		return reply{}, false
	}
	chosen := a.choose(e, sets, meant.policy, &client)
	if meant.observe {
		meant.policy.observed.count(chosen)
		return reply{}, false
	}
	meant.policy.applied.count(chosen)
	if settings.HasTTL {
		a.ttl = settings.TTL
	}
	return a.chosenReply(e, sets, chosen), true
}

// choosable says whether the name and type are ones that policies choose for.
func (a *asking) choosable(e *endpoints) bool {
	switch a.qtype {
	case dns.TypeA, dns.TypeAAAA, dns.TypeSRV:
	default:
		return false
	}
	switch a.name.kind {
	case nameService:
		return true
	case namePort:
		return e.hasPort(a.name.port, a.name.protocol)
	}
	return false
}

// chosen is what a policy gives the client, together with what its numbers mean.
type chosen struct {
	policy.Choice
	set    *policySet
	policy *blockPolicy
}

func (a *asking) choose(e *endpoints, sets *policySets, p *blockPolicy, client *policy.Client) chosen {
	set := a.policies.set(e, sets, setKey{policy: p.Policy, qtype: a.qtype, port: a.name.port, protocol: a.name.protocol})
	return chosen{Choice: set.Choose(client), set: set, policy: p}
}

func (a *asking) chosenReply(e *endpoints, sets *policySets, c chosen) reply {
	switch {
	case c.Filtered():
		return reply{extended: filtered}
	case c.Len() == 0 && a.otherFamilyBegins(e, sets, c.policy):
		return reply{}
	case c.Len() == 0:
		return a.nothingFound(e)
	case a.qtype == dns.TypeSRV:
		return a.chosenSRV(e, c)
	}
	n := min(c.Len(), a.fitting())
	picks := c.Pick(make([]int32, 0, n), n)
	at := 0
	r := a.addressRecords(n, func() []byte {
		at++
		return e.ip(int(c.set.units[picks[at-1]][0]))
	})
	r.truncated = n < c.Len() && !c.Fit()
	return r
}

// filtered tells clients why there is nothing (RFC 8914, 4.18: Filtered).
var filtered = &dns.EDNS0_EDE{InfoCode: dns.ExtendedErrorCodeFiltered, ExtraText: "the policy leaves no endpoint"}

// otherFamilyBegins says whether the policy has endpoints of the other family to begin with: the name exists then.
func (a *asking) otherFamilyBegins(e *endpoints, sets *policySets, p *blockPolicy) bool {
	key := setKey{policy: p.Policy, qtype: dns.TypeA + dns.TypeAAAA - a.qtype, port: a.name.port, protocol: a.name.protocol}
	return a.qtype != dns.TypeSRV && a.policies.set(e, sets, key).Begins()
}

// priorityStep is how far the priorities of two ranks are apart: somebody may want to put one between them.
const priorityStep = 10

// chosenSRV answers with the ports of the chosen endpoints: ranks are priorities, weights are weights.
func (a *asking) chosenSRV(e *endpoints, c chosen) reply {
	s := a.newSRVAnswer(selection{endpoints: e, to: e.ready()}, e.repeated || len(e.all) > e.ready())
	n := min(c.Len(), a.room()/srvOctets+1)
	s.weight = weightOf(c.Len())
	fits := true
	for place, number := range c.Pick(make([]int32, 0, n), n) {
		s.priority = uint16(min(priorityStep*c.Rank(place), math.MaxUint16)) // #nosec G115 -- it is in range
		if c.Weighted() {
			s.weight = srvWeight(c.Weight(number))
		}
		for _, i := range c.set.units[number] {
			fits = fits && s.add(int(i))
		}
		if !fits {
			break
		}
	}
	return s.reply(!fits && !c.Fit())
}

// srvWeight is a weight as SRV records have it (RFC 2782). One that is not 0 does not become 0, which means "hardly
// ever".
func srvWeight(weight float64) uint16 {
	if weight > 0 {
		return uint16(max(1, min(math.Round(weight), math.MaxUint16)))
	}
	return 0
}

// has says whether the address is one of an endpoint, ready or not.
func (e *endpoints) has(address netip.Addr) bool {
	return len(e.at(address, 0, e.ready())) > 0 || len(e.at(address, e.ready(), len(e.all))) > 0
}

// hasPort says whether an endpoint, ready or not, has such a port.
func (e *endpoints) hasPort(name, protocol string) bool {
	var last *source.Port // endpoints of a slice share a list of ports
	return slices.ContainsFunc(e.all, func(ep endpoint) bool {
		if len(ep.ports) == 0 || &ep.ports[0] == last {
			return false
		}
		last = &ep.ports[0]
		return slices.ContainsFunc(ep.ports, func(port source.Port) bool { return matches(port, name, protocol) })
	})
}
