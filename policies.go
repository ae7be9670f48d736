package headless

import (
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/headless-dns/headless/policy"
)

// rememberedOctets bounds what policies remember of places and clients, in all blocks of a process together.
const rememberedOctets = 32 << 20

// remembered is of the process.
var remembered = policy.NewMemory(rememberedOctets)

// policies are those of a block, and where they apply.
type policies struct {
	byName       map[string]*blockPolicy
	applications []application
	annotations  annotationRule
	random       func(n uint32) uint32
	// identify says that one of them looks at which Pod a client is.
	identify bool

	// unknown are annotations that name no policy, as far as they were logged: maxLogged at most.
	unknown      sync.Map
	unknownCount atomic.Int32
}

// blockPolicy is a policy together with what is counted of it.
type blockPolicy struct {
	*policy.Policy
	applied, observed policyCounters
}

// newPolicies returns nil where the block has none.
func newPolicies(c *config, random func(n uint32) uint32) *policies {
	if len(c.compiled) == 0 {
		return nil
	}
	p := &policies{
		byName: make(map[string]*blockPolicy, len(c.compiled)), applications: c.applications, annotations: c.annotations, random: random,
		identify: c.uses.ClientPods,
	}
	for name, one := range c.compiled {
		p.byName[name] = &blockPolicy{Policy: one, applied: countersOf(name, "applied"), observed: countersOf(name, "observed")}
	}
	return p
}

// decision says how a service is answered where the client does not name a policy. Without one it is the full set.
type decision struct {
	policy  *blockPolicy
	observe bool
	share   int
}

// decide finds the policy of a service, given as SERVICE.NAMESPACE: the one that its annotation names, else the first
// that is applied to it.
func (p *policies) decide(key, annotation string) decision {
	_, namespace, _ := strings.Cut(key, ".")
	if annotation != "" && p.annotations.believes(namespace) {
		if one, ok := p.byName[annotation]; ok || annotation == noPolicy {
			return decision{policy: one, share: wholeShare}
		}
		if p.isNew(key + " " + annotation) {
			log.Warningf("Service %s names the policy %q, which is not defined: left to 'apply'", printable(key), annotation)
		}
	}
	for _, a := range p.applications {
		if a.globs.match(key) {
			return decision{policy: p.byName[a.policy], observe: a.observe, share: a.share}
		}
	}
	return decision{}
}

// isNew counts an annotation that names no policy, and says whether it is to be logged.
func (p *policies) isNew(unknown string) bool {
	if _, known := p.unknown.Load(unknown); known {
		return false
	}
	unknownPolicyCount.Inc()
	if p.unknownCount.Add(1) > maxLogged {
		return false
	}
	_, known := p.unknown.LoadOrStore(unknown, true)
	return !known
}

// beginsUnready says whether clients may get endpoints that are not ready.
func (d *decision) beginsUnready() bool {
	return d.policy != nil && !d.observe && d.policy.BeginsUnready()
}

// reaches says whether the client is in the part of the clients that a policy is for.
func (d *decision) reaches(client netip.Addr) bool {
	return d.share >= wholeShare || policy.Share(d.policy.Name, client) < float64(d.share)/wholeShare
}

// forget lets go of what the policies made of the endpoints in a cache that others go on using.
func (p *policies) forget(c *endpointsCache) {
	if p == nil || c == nil {
		return
	}
	for _, s := range c.index.Load().services {
		s.endpoints.Load().memo.Delete(p)
	}
}

// has says whether there is a policy of the name.
func (p *policies) has(name string) bool {
	return name == noPolicy || p != nil && p.byName[name] != nil
}
