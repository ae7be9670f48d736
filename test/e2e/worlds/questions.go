package worlds

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
)

// Question is what both servers are asked, and how.
type Question struct {
	// Kind is the kind of name, for the counts.
	Kind string
	// Name is fully qualified, in lower case.
	Name string
	Type uint16
	// Network is udp or tcp.
	Network string
	// Size is the payload size that the client announces; 0 is a client without EDNS.
	Size uint16
	// DO asks for DNSSEC records.
	DO bool
	// Mixed spells the name in upper and lower case.
	Mixed bool
}

// sizes are those that clients announce.
var sizes = []uint16{0, 512, 1232, 4096}

// types are those that are asked for; A, AAAA and SRV stand here more often.
var types = []uint16{
	dns.TypeA, dns.TypeA, dns.TypeAAAA, dns.TypeAAAA, dns.TypeSRV, dns.TypeSRV, dns.TypeSRV, dns.TypePTR, dns.TypeTXT, dns.TypeSOA,
	dns.TypeNS, dns.TypeANY, dns.TypeCNAME, dns.TypeMX, dns.TypeHTTPS,
}

// Questions draws questions about a view: at least some of every kind that it has.
func Questions(r *rand.Rand, v *View) []Question {
	var questions []Question
	for _, k := range kinds {
		names := k.names(v)
		draws := cmp.Or(k.draws, 2)
		if len(v.Endpoints("")) > 50 {
			draws *= 2 // these are the answers that are cut
		}
		for range min(draws, len(names)*3) {
			name := names[r.IntN(len(names))]
			if _, ok := dns.IsDomainName(name); !ok || len(name) > 254 {
				continue // such as the longest service in the longest zone
			}
			qtype := types[r.IntN(len(types))]
			if k.reverse && r.IntN(3) > 0 {
				qtype = dns.TypePTR
			}
			questions = append(questions, Question{
				Kind: k.what, Name: name, Type: qtype, Network: []string{"udp", "udp", "tcp"}[r.IntN(3)],
				Size: sizes[r.IntN(len(sizes))], DO: r.IntN(8) == 0, Mixed: r.IntN(3) == 0,
			})
		}
	}
	return questions
}

// QName is the name as it is asked for.
func (q Question) QName() string {
	if !q.Mixed {
		return q.Name
	}
	name := []byte(q.Name)
	for i, c := range name {
		if i%2 == 0 && c >= 'a' && c <= 'z' {
			name[i] = c - 'a' + 'A'
		}
	}
	return string(name)
}

// query is the message that asks the question.
func (q Question) query() *dns.Msg {
	m := new(dns.Msg).SetQuestion(q.QName(), q.Type)
	if q.Size > 0 {
		m.SetEdns0(q.Size, q.DO)
	}
	return m
}

// over is the same question over another transport.
func (q Question) over(network string) Question {
	q.Network = network
	return q
}

// of is the same question of another type.
func (q Question) of(qtype uint16) Question {
	q.Type = qtype
	return q
}

// In is the same question about a namespace that holds the same world.
func (q Question) In(from, to string) Question {
	q.Name = strings.Replace(q.Name, "."+from+".", "."+to+".", 1)
	if rest, ok := strings.CutPrefix(q.Name, from+"."); ok {
		q.Name = to + "." + rest
	}
	return q
}

func (q Question) String() string {
	text := fmt.Sprintf("%s %s over %s", q.QName(), dns.TypeToString[q.Type], q.Network)
	switch {
	case q.Size == 0:
		return text + " without EDNS"
	case q.DO:
		return text + fmt.Sprintf(" with EDNS, %d octets, DO", q.Size)
	}
	return text + fmt.Sprintf(" with EDNS, %d octets", q.Size)
}

// clusterIPs are the reverse names of those of all services.
func (v *View) clusterIPs() []string {
	var names []string
	for _, s := range v.Services {
		for _, text := range s.Spec.ClusterIPs {
			if address, err := netip.ParseAddr(text); err == nil && text != corev1.ClusterIPNone {
				names = append(names, reverse(address))
			}
		}
	}
	return names
}
