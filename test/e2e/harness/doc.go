// Package harness runs a real Kubernetes control plane and CoreDNS beside it, for the tests of the package above.
//
//	etcd <-- kube-apiserver <-- kube-controller-manager      build.go process.go controlplane.go credentials.go reader.go
//	               ^  ^
//	               |  +-- Kubelet: makes pods run            kubelet.go nodes.go objects.go
//	               |
//	            CoreDNS <-- a test asks over UDP and TCP     coredns.go dns.go prober.go
//
// Everything is a process of its own on the loopback interface of a network namespace, in which the addresses of nodes
// and pods are local (namespace.go). It can be stopped and started again, and dies with the test binary. What the API
// showed, and when, is in a [History]; what CoreDNS answered meanwhile is in the samples of a [Prober]; that the one
// follows the other within a bound is the law most of the tests rest on.
package harness
