package headless

import (
	"math"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/headless-dns/headless/policy"
)

// policyReply answers by a policy, where one is meant for the question and the client; ok is false for all others, who
// get the full set. A client that is an endpoint of the service itself is among them, for peers must find all their
// peers, unless it names the policy.
func (a *asking) policyReply(e *endpoints) (r reply, ok bool) {
	if a.policies == nil || a.state == nil || !a.choosable() {
		return reply{}, false
	}
	sets := a.policies.setsFor(e, a.name.service)
	meant := a.meant(sets)
	if meant.policy == nil || a.name.kind == namePort && !e.hasPort(a.name.port, a.name.protocol) {
		return reply{}, false
	}
	client := a.findClient()
	from := a.asksFrom(&client)
	a.tailored = !meant.observe
	settings := meant.policy.Settings()
	member := a.name.policy == "" && !settings.MembersSame && mayBeMember(e, from)
	if member || !meant.reaches(from.Addr()) {
		return reply{}, false
	}
	chosen := a.choose(e, sets, meant.policy, &client)
	if chosen.Fit() && client.Shared {
		a.most = sharedOctets(a.state.Req)
	}
	if meant.observe {
		meant.policy.observed.count(chosen)
		a.measure(&chosen, &meant.policy.observed, chosen.Pick(nil, min(chosen.Len(), a.mostPicks())))
		a.most = 0
		return reply{}, false
	}
	meant.policy.applied.count(chosen)
	if settings.HasTTL {
		a.ttl, a.policyTTL = settings.TTL, &settings.TTL
	}
	return a.chosenReply(e, sets, chosen), true
}

// meant is the policy that the client names, else that of the service.
func (a *asking) meant(sets *policySets) decision {
	if a.name.policy != "" {
		return decision{policy: a.policies.byName[a.name.policy], share: wholeShare}
	}
	return sets.decision
}

// choosable says whether the name and type are ones that policies choose for.
func (a *asking) choosable() bool {
	switch a.qtype {
	case dns.TypeA, dns.TypeAAAA, dns.TypeSRV:
		return a.name.kind == nameService || a.name.kind == namePort
	}
	return false
}

// existsByPolicy says whether a name without ready endpoints exists because of those that a policy begins with. It then
// does for all types, and for all clients: a denial is one of the whole name (RFC 2308, RFC 8020).
func (a *asking) existsByPolicy(e *endpoints) bool {
	if a.policies == nil || a.state == nil {
		return false
	}
	sets := a.policies.setsFor(e, a.name.service)
	meant := a.meant(sets)
	if !meant.beginsUnready() {
		return false
	}
	switch a.name.kind {
	case nameService:
	case namePort:
		if !e.hasPort(a.name.port, a.name.protocol) {
			return false
		}
	case nameEndpoint, nameBelowService: // _tcp.SERVICE...
		protocol, ok := strings.CutPrefix(a.name.endpoint, "_")
		if !ok || !e.hasPort("", protocol) {
			return false
		}
	default:
		return false
	}
	return slices.ContainsFunc(addressTypes, func(qtype uint16) bool {
		return a.setFor(e, sets, meant.policy, question{qtype: qtype}).Begins()
	})
}

// namesUnready says whether pods of the service that are not ready have names of their own: unready_names says so, or a
// policy of the service may answer with such pods, whose names are then targets of SRV records.
func (a *asking) namesUnready(e *endpoints) bool {
	if a.unreadyNames.match(a.name.service) {
		return true
	}
	if a.policies == nil {
		return false
	}
	return a.policies.setsFor(e, a.name.service).decision.beginsUnready()
}

// chosen is what a policy gives the client, together with what its numbers mean.
type chosen struct {
	policy.Choice
	set    *policySet
	policy *blockPolicy
	client *policy.Client
}

func (a *asking) choose(e *endpoints, sets *policySets, p *blockPolicy, client *policy.Client) chosen {
	set := a.setFor(e, sets, p, question{qtype: a.qtype, port: a.name.port, protocol: a.name.protocol})
	return chosen{Choice: set.Choose(client), set: set, policy: p, client: client}
}

// setFor returns a policy prepared for the endpoints that a question is about.
func (a *asking) setFor(e *endpoints, in *policySets, p *blockPolicy, q question) *policySet {
	return a.policies.set(e, in, p.Policy, q, a.cache.nodesByZone.Load())
}

func (a *asking) chosenReply(e *endpoints, sets *policySets, c chosen) reply {
	switch {
	case c.Filtered():
		return reply{extended: filtered}
	case c.Len() == 0 && (e.ready() > 0 || a.otherFamilyBegins(e, sets, c.policy)):
		return reply{} // the name has others below it, or records of another type
	case c.Len() == 0:
		return a.nothingFound(e)
	case a.qtype == dns.TypeSRV:
		return a.chosenSRV(e, c)
	}
	n := min(c.Len(), a.mostPicks())
	picks := c.Pick(make([]int32, 0, n), n)
	a.measure(&c, &c.policy.applied, picks)
	at := 0
	r := a.addressRecords(n, func() []byte {
		at++
		return e.at(int(c.set.units[picks[at-1]][0])).IP()
	})
	r.truncated = n < c.Len() && (!c.Fit() || n == 0)
	return r
}

// filtered tells clients why there is nothing (RFC 8914, 4.18: Filtered).
var filtered = &dns.EDNS0_EDE{InfoCode: dns.ExtendedErrorCodeFiltered, ExtraText: "the policy leaves no endpoint"}

// otherFamilyBegins says whether the policy has endpoints of the other family to begin with: the name exists then.
func (a *asking) otherFamilyBegins(e *endpoints, sets *policySets, p *blockPolicy) bool {
	q := question{qtype: dns.TypeA + dns.TypeAAAA - a.qtype, port: a.name.port, protocol: a.name.protocol}
	return a.qtype != dns.TypeSRV && a.setFor(e, sets, p, q).Begins()
}

// priorityStep is how far the priorities of two ranks are apart: somebody may want to put one between them.
const priorityStep = 10

// chosenSRV answers with the ports of the chosen endpoints: ranks are priorities, weights are weights.
func (a *asking) chosenSRV(e *endpoints, c chosen) reply {
	s := a.newSRVAnswer(e.allReady(), e.repeated() || e.len() > e.ready())
	n := min(c.Len(), a.mostPicks())
	s.weight = weightOf(c.Len())
	picks := c.Pick(make([]int32, 0, n), n)
	scale := c.weightScale(picks)
	fits := true
	for place, number := range picks {
		s.priority = uint16(min(priorityStep*c.Rank(place), math.MaxUint16)) // #nosec G115 -- it is in range
		if c.Weighted() {
			s.weight = srvWeight(c.Weight(number) * scale)
		}
		for _, i := range c.set.units[number] {
			fits = fits && s.add(e.at(int(i)))
		}
		if !fits {
			picks = picks[:place]
			break
		}
	}
	a.measure(&c, &c.policy.applied, picks)
	return s.reply(!fits && (!c.Fit() || len(s.records) == 0))
}

// weightScale is what weights are multiplied by to become those of SRV records, which are whole numbers up to 65,535:
// 1 where they are such numbers already.
func (c *chosen) weightScale(picks []int32) float64 {
	heaviest, fits := 0.0, true
	for _, number := range picks {
		if !c.Weighted() {
			break
		}
		weight := c.Weight(number)
		heaviest = max(heaviest, weight)
		fits = fits && weight == math.Trunc(weight)
	}
	if heaviest == 0 || fits && heaviest <= math.MaxUint16 {
		return 1
	}
	return math.MaxUint16 / heaviest
}

// srvWeight is a weight as SRV records have it (RFC 2782). One that is not 0 does not become 0, which means "hardly
// ever".
func srvWeight(weight float64) uint16 {
	if weight > 0 {
		return uint16(max(1, min(math.Round(weight), math.MaxUint16)))
	}
	return 0
}

// mostPicks is how many endpoints an answer holds at most. Of SRV records it is one more, which finds out that it is too
// much.
func (a *asking) mostPicks() int {
	if a.qtype == dns.TypeSRV {
		return a.room()/srvOctets + 1
	}
	return a.fitting()
}

// hasIn says whether an address of the network is one of an endpoint, ready or not.
func (e *endpoints) hasIn(network netip.Prefix) bool {
	return e.readyPart.hasIn(network) || e.unreadyPart.hasIn(network)
}
