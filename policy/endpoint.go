package policy

import "net/netip"

// Endpoint is what a policy may look at of an endpoint. Unknown strings are empty.
type Endpoint struct {
	// Address is one of the endpoint's addresses; an endpoint with two families is two of these, which no question asks
	// for at once.
	Address netip.Addr
	// Hostname is its hostname in the service; Namespace and Pod name the Pod behind it.
	Hostname, Namespace, Pod string
	// Node, Zone and Region say where it runs.
	Node, Zone, Region string
	// Ready, Serving and Terminating are its conditions (discovery.k8s.io/v1). An unknown Serving is what Ready is.
	Ready, Serving, Terminating bool
	// NodeReady says that its node is not known to be unready.
	NodeReady bool
	// PortNames are the names of its ports.
	PortNames []string
	// Labels and Annotations are those of the Pod that the policies name.
	Labels, Annotations map[string]string
	// HintZones and HintNodes are its topology hints.
	HintZones, HintNodes []string
}

// Identity names the endpoint over both families and over replicas of the server: its Pod, else its hostname, else its
// address.
func (e *Endpoint) Identity() string {
	switch {
	case e.Pod != "":
		return e.Namespace + "/" + e.Pod
	case e.Hostname != "":
		return e.Hostname
	}
	return e.Address.String()
}

// Ordinal is the number of a StatefulSet's Pod: what follows the last dash of its hostname, else of its Pod's name.
// It is -1 where there is none.
func (e *Endpoint) Ordinal() int {
	if n := ordinal(e.Hostname); n >= 0 {
		return n
	}
	return ordinal(e.Pod)
}

// ordinal returns the number behind the last dash, or -1. Numbers are written without leading zeros.
func ordinal(name string) int {
	end := len(name)
	begin := end
	for begin > 0 && name[begin-1] >= '0' && name[begin-1] <= '9' {
		begin--
	}
	digits := name[begin:end]
	if begin == 0 || name[begin-1] != '-' || digits == "" || len(digits) > 9 || len(digits) > 1 && digits[0] == '0' {
		return -1
	}
	n := 0
	for _, digit := range digits {
		n = 10*n + int(digit-'0')
	}
	return n
}

// Client is what is known of who asks. Unknown strings are empty.
type Client struct {
	// Address is where the question came from, without a zone and never an IPv4-mapped IPv6 address.
	Address netip.Addr
	// Shared says that many clients have the address, such as those behind a cache of their node: the place is theirs,
	// the identity is nobody's.
	Shared bool
	Place
	// Namespace, Pod and Labels are those of the client's Pod.
	Namespace, Pod string
	Labels         map[string]string
	// LabelsUnknown says that nobody has read the labels of Pods.
	LabelsUnknown bool
}

// Place is where a client is.
type Place struct{ Node, Zone, Region string }
