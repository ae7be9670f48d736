// Package snapshot keeps on disk what a source has delivered, for a start while the API server is away.
//
// A file is one line that says what it is, one line of JSON (Header), and then the objects, each as a letter for its
// kind, its length and its protocol buffer as the Kubernetes API defines it, with as little in it as is kept of such an
// object in memory. So a snapshot is read by the same Decoder as what the API server sends, and may hold no more than
// that may. The last 32 octets are the SHA-256 of all before them.
//
//	endpoint cache --> Content --> write.go --> file --> read.go --> source.Decoder --> source.Sink
//	                   encode.go, encode_clients.go                  (the endpoint cache)
//
// There is nothing secret in it: names, addresses, places, and of Pods the labels and annotations that policies name.
package snapshot

import (
	"iter"
	"time"

	"github.com/headless-dns/headless/source"
)

// Content is what a snapshot holds.
type Content struct {
	Services []*source.Service
	Slices   []*source.Slice
	Pods     iter.Seq[*source.Pod] // nil for none
	Nodes    []*source.Node
}

// Header says of a snapshot what must be known before it is used.
type Header struct {
	// Source tells sources apart: a snapshot is used for the one that it was made of.
	Source string `json:"source"`
	// Time is when what it holds was known to be true.
	Time time.Time `json:"time"`
	// Uses are what the source was asked for beside endpoints. What is asked for now, and was not then, is not known.
	Uses source.Uses `json:"uses"`
}

const (
	// magic is the first line of every version, which the number follows.
	magic   = "headless snapshot "
	version = "1\n"

	// These bound what is read at once, and what is read at all. A header holds the keys that policies name. An
	// EndpointSlice has 1,000 endpoints at most, and no object of the API is longer than etcd takes, 1.5 MiB. 100,000
	// endpoints take 3 MiB.
	maxHeader = 1 << 16
	maxObject = 2 << 20
	maxFile   = 1 << 30
)

// The letters of the kinds of objects.
const (
	kindService = 'S'
	kindSlice   = 'E'
	kindPod     = 'P'
	kindNode    = 'N'
	kindEnd     = '.'
)
