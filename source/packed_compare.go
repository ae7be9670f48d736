package source

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"net/netip"
	"strings"
)

// CompareAddress orders by address: those of IPv4 come first.
func (p *Packed) CompareAddress(other *Packed) int {
	switch {
	case p.v6 == nil && other.v6 == nil:
		return cmp.Compare(binary.BigEndian.Uint32(p.v4[:]), binary.BigEndian.Uint32(other.v4[:]))
	case p.v6 == nil:
		return -1
	case other.v6 == nil:
		return 1
	}
	return bytes.Compare(p.v6[:], other.v6[:])
}

// CompareTo orders by address too, against one alone.
func (p *Packed) CompareTo(address netip.Addr) int { return p.Address().Compare(address) }

// Compare orders by address and then by all else that they do not have from their slices.
func (p *Packed) Compare(other *Packed) int {
	if order := p.CompareAddress(other); order != 0 {
		return order
	}
	if order := cmp.Or(cmp.Compare(p.hostname, other.hostname), cmp.Compare(p.flags, other.flags), strings.Compare(p.names, other.names)); order != 0 {
		return order
	}
	return p.ComparePlace(other)
}

// ComparePlace orders by node, zone and hints.
func (p *Packed) ComparePlace(other *Packed) int {
	if p.place == other.place {
		return 0
	}
	a, b := p.place.Value(), other.place.Value()
	return cmp.Or(
		strings.Compare(a.node, b.node), strings.Compare(a.zone, b.zone),
		strings.Compare(a.hintZones, b.hintZones), strings.Compare(a.hintNodes, b.hintNodes),
	)
}
