package worlds

import (
	"slices"
	"strings"

	"github.com/miekg/dns"
	"k8s.io/utils/ptr"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// Intended is a difference that is to be.
type Intended struct {
	Name string
	// Sentence is a part of the README's section "Compared with kubernetes".
	Sentence string
	// Unseen is why no world can show it.
	Unseen string
	// Excuse rewrites the replies where they differ in this and nothing else, and returns whether it did.
	Excuse func(*Exchange) bool
}

// IntendedDifferences are all of them. Those that leave records out come before those that rewrite what is left.
var IntendedDifferences = []Intended{
	{
		Name: "names of zones", Sentence: "Names of zones need no option",
		Unseen: "the kubernetes plugin has the option",
	},
	{
		Name: "ports in zones", Sentence: "and `_PORT._PROTO` may stand before them",
		Excuse: portInZone,
	},
	{
		Name: "names of nodes", Sentence: "Nodes have names as zones have",
		Excuse: onNode,
	},
	{
		Name: "IPv6 addresses as names", Sentence: "An endpoint that is called by its IPv6 address has the name of the address in its canonical form",
		Unseen: "the API server takes canonical addresses only",
	},
	{
		Name: "NS", Sentence: "NS at the zone's own name, where no *kubernetes* stands behind",
		Unseen: "one stands behind",
	},
	{
		Name: "serial numbers", Sentence: "The SOA's serial also counts changes of headless services",
		Unseen: "serial numbers are not compared",
	},
	{
		Name: "pod names with dots", Sentence: "With `endpoint_pod_names`, a pod whose name has a dot is called by its address",
		Excuse: odd((*View).dottedPods, anywhere),
	},
	{
		Name: "targets that are no pods", Sentence: "So is an endpoint that is no pod.",
		Excuse: odd((*View).otherTargets, anywhere),
	},
	{
		Name:     "terminating duplicates",
		Sentence: "Where an address stands in several slices of a service, terminating in some and not in others, the terminating ones do not count",
		Excuse:   odd((*View).terminatingDuplicates, anywhere),
	},
	{
		Name: "zones of duplicates", Sentence: "and a name has an address in one zone only.",
		Excuse: odd((*View).inSeveralZones, inZoneNames),
	},
	{
		Name: "ports without a number", Sentence: "A port without a number is left out.",
		Excuse: odd((*View).numberless, inPortNames),
	},
	{
		Name: "empty non-terminals", Sentence: "A name that has names below it and no records is NODATA and not NXDOMAIN (RFC 8020)",
		Excuse: onAll(emptyNonTerminal),
	},
	{
		Name: "types at reverse names", Sentence: "Types other than PTR at a reverse name that exists",
		Excuse: onAll(typeAtReverseName),
	},
	{
		Name: "SOA at names that do not exist", Sentence: "and SOA at a name that does not, are NODATA and NXDOMAIN",
		Excuse: onAll(missingSOA),
	},
	{
		Name: "reverse names that are too long", Sentence: "A name with more labels than a reverse name can have does not exist.",
		Excuse: onAll(tooLongReverse),
	},
	{
		Name: "endpoints of other services", Sentence: "services that are not headless have no per-endpoint names",
		Excuse: onAll(endpointOfOtherService),
	},
	{
		Name: "PTR of other services", Sentence: "and their endpoints no PTR records, nor have those of services that do not exist.",
		Excuse: onAll(reverseOfOtherService),
	},
	{
		Name: "case of SRV targets", Sentence: "The target of an SRV record has the service's name in the case of the question.",
		Excuse: onAll(targetCase),
	},
	{
		Name: "SRV weights", Sentence: "The weight of SRV records follows from what can be in the answer",
		Excuse: onAll(weights),
	},
	{
		Name: "SRV without TC", Sentence: "An SRV answer whose additional addresses do not all fit has no TC bit (RFC 2181, section 9).",
		Excuse: additionalCut,
	},
}

// onAll excuses each pair of replies of an exchange.
func onAll(excuse func(e *Exchange, ours, theirs *dns.Msg) bool) func(*Exchange) bool {
	return func(e *Exchange) bool {
		used := excuse(e, e.Ours, e.Theirs)
		if e.OursWhole != nil {
			used = excuse(e, e.OursWhole, e.TheirsWhole) || used
		}
		return used
	}
}

// isNODATA and isNXDOMAIN say what a reply without an answer means.
func isNODATA(m *dns.Msg) bool { return m.Rcode == dns.RcodeSuccess && len(m.Answer) == 0 }

func isNXDOMAIN(m *dns.Msg) bool { return m.Rcode == dns.RcodeNameError && len(m.Answer) == 0 }

// abovePlaces are the names below a service's that have those of zones and nodes below them.
var abovePlaces = []string{"_zone", "pin._zone", "prefer._zone", "_node", "pin._node", "prefer._node"}

func emptyNonTerminal(e *Exchange, ours, theirs *dns.Msg) bool {
	service, before, ok := e.View.serviceOf(e.Name)
	if !ok || !e.View.IsHeadless(service) || !isNODATA(ours) || !isNXDOMAIN(theirs) {
		return false
	}
	if !slices.Contains(abovePlaces, before) && !e.View.hasProtocol(service, before) {
		return false
	}
	theirs.Rcode = dns.RcodeSuccess
	return true
}

// hasProtocol says whether the label is the protocol of a named port of a ready endpoint.
func (v *View) hasProtocol(service, label string) bool {
	for _, e := range v.Ready(service) {
		for _, p := range e.Ports {
			if p.Port != nil && ptr.Deref(p.Name, "") != "" && label == "_"+strings.ToLower(string(ptr.Deref(p.Protocol, ""))) {
				return true
			}
		}
	}
	return false
}

func typeAtReverseName(e *Exchange, ours, theirs *dns.Msg) bool {
	if e.Type == dns.TypePTR || !isNODATA(ours) || !isNXDOMAIN(theirs) || !e.View.hasReverse(e.Name) {
		return false
	}
	theirs.Rcode = dns.RcodeSuccess
	return true
}

// hasReverse says whether a ready endpoint of a headless service has the reverse name.
func (v *View) hasReverse(name string) bool {
	return slices.ContainsFunc(v.Ready(""), func(ep Endpoint) bool {
		return v.IsHeadless(ep.Service) && reverse(ep.Address) == name
	})
}

func tooLongReverse(e *Exchange, ours, theirs *dns.Msg) bool {
	of, below := strings.CutSuffix(e.Name, ".ip6.arpa.")
	if !below || strings.Count(of, ".") < 32 || !isNXDOMAIN(ours) || theirs.Rcode != dns.RcodeSuccess || e.Type != dns.TypePTR {
		return false
	}
	*theirs = *ours.Copy()
	return true
}

func missingSOA(e *Exchange, ours, theirs *dns.Msg) bool {
	if e.Type != dns.TypeSOA || !isNXDOMAIN(ours) || !isNODATA(theirs) {
		return false
	}
	// They deny the name to whoever asks for anything else.
	address, err := e.AskTheirs(e.of(dns.TypeA))
	if err != nil || !isNXDOMAIN(address) {
		return false
	}
	theirs.Rcode = dns.RcodeNameError
	return true
}

func endpointOfOtherService(e *Exchange, ours, theirs *dns.Msg) bool {
	service, before, ok := e.View.serviceOf(e.Name)
	if !ok || before == "" || strings.Contains(before, ".") || e.View.IsHeadless(service) || !isNXDOMAIN(ours) {
		return false
	}
	if theirs.Rcode != dns.RcodeSuccess || !slices.ContainsFunc(e.View.Ready(service), func(ep Endpoint) bool {
		return slices.Contains([]string{ep.Hostname, podOf(ep), harness.Dashed(ep.Address)}, before)
	}) {
		return false
	}
	*theirs = *ours.Copy()
	return true
}

func reverseOfOtherService(e *Exchange, ours, theirs *dns.Msg) bool {
	if e.Type != dns.TypePTR || theirs.Rcode != dns.RcodeSuccess {
		return false
	}
	before := len(theirs.Answer)
	theirs.Answer = omit(theirs.Answer, func(rr dns.RR) bool {
		ptr, ok := rr.(*dns.PTR)
		if !ok {
			return false
		}
		service, label, ok := e.View.serviceOf(ptr.Ptr)
		return ok && label != "" && !e.View.IsHeadless(service)
	})
	if len(theirs.Answer) == before {
		return false
	}
	// Without an authority section ours had an answer: that of an odd address, which is excused already.
	if len(theirs.Answer) == 0 && (isNXDOMAIN(ours) || len(ours.Answer)+len(ours.Ns) == 0) {
		theirs.Rcode, theirs.Ns = ours.Rcode, ours.Ns
	}
	return true
}
