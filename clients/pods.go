package clients

import (
	"hash/maphash"
	"net/netip"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/internal/addresses"
	"github.com/headless-dns/headless/source"
)

// podTable finds Pods by their addresses, and for whoever writes by their names. A large cluster has 150,000 of them,
// so what a Pod shares with others is held once.
type podTable struct {
	addresses *addresses.Table[*pod]
	seed      maphash.Seed
	named     [podBuckets][]*pod
	kins      map[uint64]*sharedKin // by their hash
	count     int
}

// podBuckets is how many lists the Pods are in by their names.
const podBuckets = 1 << 12

// suffixOctets is what of a Pod's name stands in the Pod itself. With that, a Pod takes 48 octets.
const suffixOctets = 19

// pod is a Pod that runs. It is immutable.
type pod struct {
	kin    *kin
	stand  *stand
	v6     *[16]byte
	v4     [4]byte // 0.0.0.0 for none
	length uint8   // of the suffix
	suffix [suffixOctets]byte
}

func newPodTable() *podTable {
	return &podTable{addresses: addresses.New((*pod).has), seed: maphash.MakeSeed(), kins: map[uint64]*sharedKin{}}
}

// splitName divides the name of a Pod behind one of its dashes, so that the second part has at most 19 octets: those of
// the Pods of a Deployment or a CronJob then have the first part in common. A name without such a dash is its first
// part.
func splitName(name string) (prefix, suffix string) {
	from := max(0, len(name)-suffixOctets-1)
	dash := strings.IndexByte(name[from:], '-')
	if dash < 0 {
		return name, ""
	}
	return name[:from+dash+1], name[from+dash+1:]
}

// put takes over a Pod.
func (t *podTable) put(in *source.Pod, at *stand) {
	prefix, suffix := splitName(in.Name)
	alike := kin{namespace: in.Namespace, prefix: prefix, facts: in.Facts, terminating: in.Client.Terminating}
	p := &pod{kin: t.share(alike), stand: at}
	p.length = uint8(copy(p.suffix[:], suffix)) // #nosec G115 -- it is at most 19
	for _, address := range in.Client.Addresses {
		if address.Is4() {
			p.v4 = address.As4()
		} else {
			ip := address.As16()
			p.v6 = &ip
		}
	}
	for _, address := range p.all() {
		t.addresses.Add(address, p)
	}
	bucket := t.bucket(in.NamespacedName)
	*bucket = append(make([]*pod, 0, len(*bucket)+1), *bucket...) // no room for others: append would make some
	*bucket = append(*bucket, p)
	t.count++
}

// remove takes a Pod away.
func (t *podTable) remove(p *pod, name types.NamespacedName) {
	bucket := t.bucket(name)
	*bucket = slices.DeleteFunc(*bucket, func(other *pod) bool { return other == p })
	for _, address := range p.all() {
		t.addresses.Remove(address, p)
	}
	t.release(*p.kin)
	t.count--
}

// find returns the Pod of a name, or nil.
func (t *podTable) find(name types.NamespacedName) *pod {
	for _, p := range *t.bucket(name) {
		if p.named(name) {
			return p
		}
	}
	return nil
}

func (t *podTable) bucket(name types.NamespacedName) *[]*pod {
	return &t.named[maphash.Comparable(t.seed, name)%podBuckets]
}

// all are the addresses of the Pod.
func (p *pod) all() []netip.Addr {
	var all []netip.Addr
	if p.v4 != [4]byte{} {
		all = append(all, netip.AddrFrom4(p.v4))
	}
	if p.v6 != nil {
		all = append(all, netip.AddrFrom16(*p.v6))
	}
	return all
}

func (p *pod) has(address netip.Addr) bool {
	if address.Is4() {
		return p.v4 == address.As4()
	}
	return p.v6 != nil && *p.v6 == address.As16()
}

func (p *pod) named(name types.NamespacedName) bool {
	return p.kin.namespace == name.Namespace && len(name.Name) == len(p.kin.prefix)+int(p.length) &&
		strings.HasPrefix(name.Name, p.kin.prefix) && name.Name[len(p.kin.prefix):] == string(p.suffix[:p.length])
}

func (p *pod) name() string { return p.kin.prefix + string(p.suffix[:p.length]) }

// equal says whether taking over a Pod would change nothing.
func (p *pod) equal(in *source.Pod, at *stand) bool {
	return p.stand == at && p.kin.facts == in.Facts && p.kin.terminating == in.Client.Terminating &&
		len(p.all()) == len(in.Client.Addresses) &&
		!slices.ContainsFunc(in.Client.Addresses, func(address netip.Addr) bool { return !p.has(address) })
}

// names are those of all Pods of a namespace, or of all where it is empty.
func (t *podTable) names(namespace string) []types.NamespacedName {
	var names []types.NamespacedName
	for i := range t.named {
		for _, p := range t.named[i] {
			if namespace == "" || namespace == p.kin.namespace {
				names = append(names, types.NamespacedName{Namespace: p.kin.namespace, Name: p.name()})
			}
		}
	}
	return names
}
