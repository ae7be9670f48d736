package main

import "strings"

// A variant is one way to serve the names: a plugin with what it is configured by. Each is a process of its own, so that
// what it takes is told apart from what the others take.
type variant struct {
	name string
	// block is what the Corefile says of it.
	block string
}

// The variants that others are compared with.
const (
	headless   = "headless"
	kubernetes = "kubernetes"
	// file has the records that headless puts on the wire, for the size that the client takes.
	file = "file"
	// wholeFile is the same process, asked in the zone that has all records.
	wholeFile = "file, all records"
	whoami    = "whoami"
)

// orders are all that the step 'order' knows.
var orders = []string{"shuffle", "rotate", "sticky", "ordinal", "address", "weighted"}

// everyStep is a policy in which each step that there is, and each setting, has something to do.
const everyStep = `from serving all
keep not terminating
prefer incidr(address, '10.0.0.0/8')
nearest node zone
hints
rank ready
rank node zone
weight ordinal % 10 + 1
order weighted
spread node
limit fit
min 1
spare 2
overload 300%
ttl 3`

// nearby is how it is known where clients are: those of 127.0.0.0/8 stand in three zones.
const nearby = `clients {
subnet 127.0.0.0/10 zone a
subnet 127.64.0.0/10 zone b
subnet 127.128.0.0/9 zone c
}
`

// weights gives the order weighted something to do.
const weights = "weight ordinal % 10 + 1\n"

// policyNames are the variants of headless with a policy for all services.
func policyNames() []string {
	names := []string{}
	for _, order := range orders {
		names = append(names, "order "+order)
	}
	return append(names, "nearest zone", "every step")
}

// allVariants are all but the file plugin, whose zones are made of the answers of headless.
func allVariants() []variant {
	all := []variant{headlessWith(headless, ""), kubernetesWith(kubernetes, ""), {whoami, "whoami"}}
	for _, name := range policyNames() {
		switch name {
		case "nearest zone":
			all = append(all, headlessWith(name, nearby+policy("nearest zone\nmin 2")))
		case "every step":
			all = append(all, headlessWith(name, nearby+policy(everyStep)))
		case "order weighted":
			all = append(all, headlessWith(name, policy(weights+name)))
		default:
			all = append(all, headlessWith(name, policy(name)))
		}
	}
	return all
}

func policy(steps string) string {
	return "policy p {\n" + steps + "\n}\napply p */*\n"
}

func headlessWith(name, properties string) variant {
	return variant{name, plugin("headless", properties)}
}

func kubernetesWith(name, properties string) variant {
	return variant{name, plugin("kubernetes", properties)}
}

// plugin is one that serves the cluster. Each waits with its start until it knows everything.
func plugin(name, properties string) string {
	return name + " cluster.local in-addr.arpa {\nkubeconfig {$KUBECONFIG_FILE}\nstartup_timeout 1m\n" + properties + "}"
}

// corefile is the whole of it.
func (v variant) corefile() string {
	return ". {\nbind 127.0.0.1\npprof {$DEBUG_ADDRESS}\n" + strings.TrimSpace(v.block) + "\n}\n"
}
